"""A command in a terminal: what it writes there, and what a reader then sees."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

import scripted_bench

PLAIN = (sys.executable, "-m", "resnet_inspect")
SCRIPTED = scripted_bench.COMMAND
CONTROL = re.compile(r"\x1b\[\??(\d*)(?:;\d+)*([A-Za-z])|[\r\n]|[^\x1b\r\n]")
CTRL_C = b"\x03"


def written(
    *args: str,
    columns: int,
    cwd: Path,
    command: Sequence[str] = PLAIN,
    interrupt_at: str = "",
    variables: Mapping[str, str] | None = None,
) -> str:
    """All that a command writes to a terminal of so many columns; Ctrl-C is pressed once it shows ``interrupt_at``."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")}
    environment |= {"PYTHONPATH": scripted_bench.PYTHONPATH, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    child = subprocess.Popen(
        [*command, *args], cwd=cwd, env=environment | (variables or {}), stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    try:
        while chunk := _read(ours):
            seen += chunk
            if interrupt_at and interrupt_at.encode() in seen:
                os.write(ours, CTRL_C)
                interrupt_at = ""
    finally:
        child.kill()
        child.wait(timeout=60)
        os.close(ours)
    return seen.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the last program on it has ended
        return b""


def screen(text: str, columns: int) -> list[str]:
    """The lines on the terminal after ``text``. It knows only the escapes that rich and this program write."""
    lines, row, column = [""], 0, 0
    for found in CONTROL.finditer(text):
        match found[0], found[2]:
            case "\r", _:
                column = 0
            case "\n", _:
                row += 1
                lines += [""] * (row + 1 - len(lines))
            case _, "K":
                lines[row] = "" if found[1] == "2" else lines[row][:column]
            case _, "A":
                row = max(0, row - int(found[1] or 1))
            case _, None:
                if column == columns:
                    row, column = row + 1, 0
                    lines += [""] * (row + 1 - len(lines))
                lines[row] = f"{lines[row]:<{column}}"[:column] + found[0] + lines[row][column + 1 :]
                column += 1
    return [line.rstrip() for line in lines]
