"""The pages that people read, as data: their blocks, and the commands and outputs in them.

``python tests/pages.py`` brings every output and every picture that a page shows up to date with what its command gives
now.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from scripted_bench import COMMAND, PYTHONPATH
from terminal_picture import draw_terminal

ROOT = Path(__file__).parent.parent
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = (README, CHINESE, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(resnet-inspect [a-z][^`]*)`")
PICTURE = re.compile(r"!\[[^\]]*\]\(((?:docs/)?pictures/\w+\.svg)\)")
TERMINAL = ROOT / "docs" / "pictures" / "terminal.svg"
IN_TERMINAL = "resnet-inspect summary resnet50"
STEP = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
COLUMNS = 100


def blocks(language: str) -> list[str]:
    """The blocks of one language, page by page."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    return [body for name, body in BLOCK.findall(text) if name == language]


def commands() -> dict[str, str]:
    """Every command that a page shows, with the output below it; "" where it shows none."""
    found: dict[str, str] = {}
    for page in PAGES:
        found |= dict.fromkeys(INLINE.findall(page.read_text(encoding="utf-8")), "") | found
    for block in blocks("console"):
        for command, output in STEP.findall(block):
            found[command] = output.strip() or found.get(command, "")
    return found


(LAID_OUT,) = (command for command in commands() if " --ceilings " in command)  # it writes the pages' run.json


def pictures() -> dict[Path, str]:
    """Every chart that a page shows, with the command on some page that draws it."""
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    shown = {page.parent / picture for page, text in texts.items() for picture in PICTURE.findall(text)}
    found: dict[Path, str] = {}
    for picture in sorted(shown - {TERMINAL}):
        drawn = rf"^\$ (resnet-inspect plot .* -o {picture.name})$"
        (found[picture],) = {command for text in texts.values() for command in re.findall(drawn, text, re.MULTILINE)}
    return found


def drawn_by(command: str) -> str:
    """The command without its file, which prints the picture."""
    return command.rpartition(" -o ")[0]


def play(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in ``folder``, where ``resnet-inspect`` is this package.

    The workers of a search load no torch: on a machine that does other work, a real one may be undecided.
    """
    unset = ("COLUMNS", "NO_COLOR", "FORCE_COLOR")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment["PYTHONPATH"] = PYTHONPATH
    if " | " not in command:  # in a pipe no row is wrapped
        environment["COLUMNS"] = str(COLUMNS)
    program = COMMAND if command.startswith("resnet-inspect tune") else (sys.executable, "-m", "resnet_inspect")
    script = f'resnet-inspect() {{ {shlex.join(program)} "$@"; }}\n{command}'
    done = ["bash", "-o", "pipefail", "-c", script]
    return subprocess.run(done, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def printed(done: subprocess.CompletedProcess[str]) -> str:
    """What a reader saw on the terminal."""
    return (done.stdout + done.stderr).strip()


def update(page: Path, folder: Path) -> None:
    """Put what its commands print now below them, where the page shows an output; they are played in ``folder``."""

    def again(step: re.Match[str]) -> str:
        gap = "\n" * (len(step[2]) - len(step[2].rstrip("\n")) - 1)
        return f"$ {step[1]}\n{printed(play(step[1], folder))}\n{gap}" if step[2].strip() else step[0]

    def block(match: re.Match[str]) -> str:
        return f"```console\n{STEP.sub(again, match[2])}```" if match[1] == "console" else match[0]

    page.write_text(BLOCK.sub(block, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        folder = Path(made)
        play(LAID_OUT, folder).check_returncode()
        for page in PAGES:
            update(page, folder)
        for picture, command in pictures().items():
            picture.parent.mkdir(exist_ok=True)
            picture.write_text(play(drawn_by(command), folder).stdout, encoding="utf-8")
        TERMINAL.write_text(draw_terminal(IN_TERMINAL, COLUMNS, folder), encoding="utf-8")
