"""``python -OO`` drops docstrings, and what a user reads stays."""

import os
import subprocess
import sys

import pytest
from conftest import HERE

from resnet_inspect.cli import COMMANDS
from resnet_inspect.linter import RULES

# Everything in one process, which begins once: each page and each help, with a line before it.
SCRIPT = """
import sys
from resnet_inspect.cli import main
for arguments in {calls!r}:
    print("$", *arguments)
    try:
        main(arguments)
    except SystemExit as exit:
        assert not exit.code, arguments
"""


def printed(calls: list[list[str]], level: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "PYTHONOPTIMIZE": level, "COLUMNS": "80"}
    command = [sys.executable, "-c", SCRIPT.format(calls=calls)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    "calls",
    [[["--help"], *([name, "--help"] for name in COMMANDS)], [["explain", rule.code] for rule in RULES]],
    ids=["helps", "pages"],
)
def test_helps_and_pages_are_the_same_without_docstrings(calls: list[list[str]]) -> None:
    plain = printed(calls, "")
    assert plain.count("\n$ ") == len(calls) - 1
    assert printed(calls, "2") == plain
