"""The only way to stderr: what a user's files and code say is shown there, and does nothing."""

import os
import sys
import time
from contextlib import suppress
from typing import TextIO

import click

from resnet_inspect.cli import terminal
from resnet_inspect.escape import visible

STARTED_S = time.monotonic()


def tell(line: str) -> None:
    """Say what a user must know: an error, or a file that cannot be written."""
    try:
        click.echo(visible(line), err=True)
    except OSError:  # nobody can be told; the exit code still tells
        discard(sys.stderr)


def note(line: str) -> None:
    """Say what --quiet leaves out."""
    if terminal.asked().volume != "quiet":
        tell(line)


def step(line: str) -> None:
    """Say with --verbose what is done, after the seconds since the start."""
    if terminal.asked().volume == "verbose":
        tell(f"{time.monotonic() - STARTED_S:.1f} s  {line}")


def discard(stream: TextIO) -> None:
    """Write the rest of a stream nowhere: Python must not fail again when it flushes at exit."""
    with suppress(OSError):  # a stream of a test has no descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
