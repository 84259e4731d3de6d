"""The guard between a benchmark and its worker: whatever ends the benchmark, the worker and its folder are gone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent.parent
WITHIN_S = 10.0  # of a test; what a user waits is held to a second by validation/kills.py
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")

HEADER = """
import ctypes, os, signal, subprocess, sys, tempfile, time
def tell(*words): print(*words, flush=True)
started = subprocess.Popen(["sleep", "1000"])
open(os.path.join(tempfile.gettempdir(), "kernel.so"), "w").close()
tell(os.getpid(), started.pid, tempfile.gettempdir())
"""
# ctypes.PyDLL keeps Python's lock during the call: no thread of that process runs
HANGS = HEADER + "ctypes.PyDLL(None).sleep(1000)\n"
WAITS = HEADER + "sys.stdin.read()\n"


@dataclass(frozen=True)
class Guarded:
    """A guard with a child that has started a process and made a file."""

    process: subprocess.Popen[str]
    life: int
    child: int
    started: int
    folder: Path

    def is_gone(self) -> bool:
        return not (is_running(self.child) or is_running(self.started) or self.folder.exists())


Start = Callable[[str], Guarded]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{PACKAGE}")
    begun: list[subprocess.Popen[str]] = []

    def start(body: str) -> Guarded:
        (tmp_path / "guarded_child.py").write_text(body, encoding="utf-8")
        life, ours = os.pipe()
        command = [sys.executable, "-m", "resnet_inspect.benchmark.guard", str(life), "guarded_child", "an argument"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, pass_fds=(life,)
        )
        begun.append(process)
        os.close(life)
        assert process.stdout is not None
        child, started, folder = process.stdout.readline().split()
        return Guarded(process, ours, int(child), int(started), Path(folder))

    yield start
    for process in begun:
        process.kill()
        process.communicate()
    assert [*(tmp_path / "tmp").iterdir()] == []


def is_running(pid: int) -> bool:
    """Whether the process is there and no zombie, which init may be slow to reap."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return state.strip() != "" and not state.startswith("Z")


def until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + WITHIN_S
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


@pytest.mark.parametrize("body", [WAITS, HANGS], ids=["waits", "hangs"])
def test_a_child_ends_with_the_pipe_of_its_benchmark_even_in_a_call_that_hangs(start: Start, body: str) -> None:
    guarded = start(body)
    assert guarded.folder.parent == Path(os.environ["TMPDIR"])
    os.close(guarded.life)
    assert guarded.process.wait(WITHIN_S) == -signal.SIGKILL
    assert until(guarded.is_gone)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_guard_ends_nothing(start: Start, number: signal.Signals) -> None:
    guarded = start(WAITS)
    guarded.process.send_signal(number)
    time.sleep(0.1)
    assert guarded.process.poll() is None
    assert is_running(guarded.child)
    os.close(guarded.life)
    assert until(guarded.is_gone)


@LINUX
def test_a_child_ends_with_its_guard_even_in_a_call_that_hangs(start: Start) -> None:
    guarded = start(HANGS)
    guarded.process.kill()
    assert until(lambda: not is_running(guarded.child))
    os.kill(guarded.started, signal.SIGKILL)  # nobody is left to do it
    (guarded.folder / "kernel.so").unlink()
    guarded.folder.rmdir()
    os.close(guarded.life)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("sys.exit(0)", 0),
        ("sys.exit(3)", 3),
        ("raise RuntimeError('no luck')", 1),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("signal.raise_signal(signal.SIGHUP)", -signal.SIGHUP),
    ],
)
def test_the_guard_ends_as_its_child_did_and_takes_what_that_left(start: Start, end: str, code: int) -> None:
    guarded = start(HEADER + end)
    assert guarded.process.wait(WITHIN_S) == code
    assert until(guarded.is_gone)
    os.close(guarded.life)


def test_a_child_is_a_program_of_its_own(start: Start) -> None:
    guarded = start(
        HEADER
        + "tell(__name__, *sys.argv[1:])\n"
        + "tell(*(os.environ[n] for n in ('TMPDIR', 'TORCHINDUCTOR_CACHE_DIR', 'TRITON_CACHE_DIR')))\n"
        + "tell(signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.getsignal(signal.SIGTERM).name)\n"
        + "tell(os.getpgrp() == os.getpid())\n"
    )
    assert guarded.process.stdout is not None
    assert guarded.process.stdout.read().splitlines() == [
        "__main__ an argument",
        " ".join([str(guarded.folder)] * 3),
        "True SIG_DFL",
        "True",
    ]
    assert guarded.process.wait(WITHIN_S) == 0  # its folder goes after the child
    os.close(guarded.life)


HOLDER = """
import os, subprocess, sys, time
life, ours = os.pipe()
command = [sys.executable, "-m", "resnet_inspect.benchmark.guard", str(life), "guarded_child"]
subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(life,), process_group=0)
os.close(life)
time.sleep(1000)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_that_hangs_ends_with_a_benchmark_that_is_killed(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{PACKAGE}")
    (tmp_path / "guarded_child.py").write_text(HANGS, encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        child, started, folder = holder.stdout.readline().split()
        holder.send_signal(number)
    assert until(lambda: not (is_running(int(child)) or is_running(int(started)) or Path(folder).exists()))
