"""What must hold of an answer, whatever was asked: a known exit code, no traceback, an error of one line and a hint."""

import os
import re
import signal
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from click.testing import CliRunner

from resnet_inspect.cli import main
from resnet_inspect.errors import BAD_REQUEST, INCONCLUSIVE

LIMIT_S = 10.0  # of a CPU
OTHERS = 20  # times as long by the clock, where other programs have the CPU
STEP = re.compile(r"\d+\.\d s  ")  # what --verbose says is done
PACKAGE = f"{os.sep}resnet_inspect{os.sep}"


class TooSlow(BaseException):
    """No ``except Exception`` may catch it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command line gave; ``crash`` is the traceback of what escaped it, empty if nothing did."""

    line: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    crash: str


def ask(line: Sequence[str], environment: Mapping[str, str | None] | None = None, limit_s: float = LIMIT_S) -> Answer:
    """The answer to a command line, given in this process."""
    start = time.monotonic()
    try:
        with _limited(limit_s):
            result = CliRunner().invoke(main, [*line], env=environment, prog_name="resnet-inspect")
    except TooSlow as late:
        return Answer(tuple(line), -1, "", "", time.monotonic() - start, _short(late))
    error = result.exception
    crash = "" if error is None or isinstance(error, SystemExit) else _short(error)
    return Answer(tuple(line), result.exit_code, result.stdout, result.stderr, time.monotonic() - start, crash)


def fault_of(answer: Answer) -> str | None:
    """What is wrong with an answer, in words that are equal for equal faults; None where nothing is."""
    lines, command = answer.stderr.splitlines(), (*answer.line, "")[0][:20]
    if {"-v", "--verbose"} & set(answer.line):
        lines = [line for line in lines if not STEP.match(line)]
    hints = sum(line.startswith("hint:") for line in lines)
    if answer.crash:
        return answer.crash
    if not 0 <= answer.exit_code <= INCONCLUSIVE:
        return f"{command}: exit code {answer.exit_code}"
    if "Traceback" in answer.stderr:
        return f"{command}: a traceback on stderr"
    if answer.exit_code == BAD_REQUEST and not (lines and lines[0].startswith("error: ")):
        return f"{command}: exit code 2 without an error"
    if answer.exit_code == BAD_REQUEST and answer.stdout:
        return f"{command}: exit code 2 with a result"
    if answer.exit_code == BAD_REQUEST and len(lines) != 1 + hints:
        return f"{command}: an error of {len(lines)} lines"
    if hints > 1:
        return f"{command}: {hints} hints"
    return None


def _short(error: BaseException) -> str:
    """The kind of an error, and where in this package it was raised."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if PACKAGE in frame.filename]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-3:]))
    return f"{type(error).__name__} at {where}"


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TooSlow in the body after so many seconds of a CPU, or of a clock that allows for other programs."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TooSlow

    timers = (signal.ITIMER_PROF, signal.SIGPROF, seconds), (signal.ITIMER_REAL, signal.SIGALRM, OTHERS * seconds)
    before = [signal.signal(number, stop) for _, number, _ in timers]
    for timer, _, limit in timers:
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for (timer, number, _), handler in zip(timers, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)
