"""What a runner of GitHub reads off the lines that a step prints, by the rules of its ActionCommand.cs."""

import re

CODES = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}
COMMAND = re.compile(r"::(?P<level>[a-z-]+)(?: (?P<properties>[^:]*))?::(?P<message>.*)")


def commands(printed: str) -> list[str]:
    """The lines that it takes for a command: those that begin with two colons, and those with ``##[`` anywhere."""
    return [line for line in printed.splitlines() if line.lstrip().startswith("::") or "##[" in line]


def annotation(line: str) -> dict[str, str]:
    """A command's level, properties and message."""
    match = COMMAND.fullmatch(line)
    assert match, line
    assert match["level"] in ("error", "warning", "notice")
    pairs = (pair.partition("=") for pair in (match["properties"] or "").split(","))
    values = {"level": match["level"], **{name: value for name, _, value in pairs}, "message": match["message"]}
    return {name: re.sub("%[0-9A-F]{2}", lambda code: CODES[code[0]], value) for name, value in values.items()}
