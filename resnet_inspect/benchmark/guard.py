"""The process between a benchmark and its worker: the worker ends when the benchmark does, whatever ends that.

``python -m resnet_inspect.benchmark.guard LIFE MODULE ARGUMENT...`` runs MODULE in a child, with an empty folder for
all that it compiles and for its temporary files. LIFE is the end to read of a pipe that only the benchmark can write
to. The kernel closes it with the benchmark, after SIGKILL too. Then the guard kills the child with all that it started
and removes the folder. No call that hangs in the child keeps the guard from that.

On Linux the kernel kills the child if the guard itself is killed; the folder then stays, and elsewhere the child too.
"""

import os
import resource
import runpy
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress

FOLDERS = ("TMPDIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # to the benchmark, whose end is the guard's
PR_SET_PDEATHSIG = 1  # linux/prctl.h
MOST_FILES = 2**16
REMOVALS, PAUSE_S = 50, 0.02  # a compiler that is killed may finish the file that it is creating


def main(life: int, module: str, *arguments: str) -> None:
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    folder = tempfile.mkdtemp(prefix="resnet-inspect-")
    guard = os.getpid()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        _die_with(guard)
        os.close(life)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.environ |= dict.fromkeys(FOLDERS, folder)
        tempfile.tempdir = None  # read TMPDIR again
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        return
    with suppress(OSError):
        os.setpgid(child, child)  # whoever comes first
    _let_go(life)
    threading.Thread(target=_kill_at_end_of, args=(life, child), daemon=True).start()
    _, status = os.waitpid(child, 0)
    _kill_group(child)
    _remove(folder)
    _end_as(status)


def _die_with(guard: int) -> None:
    """The kernel kills this process when its parent ends."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:  # it ended before
            os._exit(1)


def _let_go(life: int) -> None:
    """Close the child's ends of pipes here: whoever waits for their end waits for the child alone."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.closerange(3, life)
    os.closerange(life + 1, MOST_FILES)


def _kill_at_end_of(life: int, child: int) -> None:
    os.read(life, 1)
    _kill_group(child)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _remove(folder: str) -> None:
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            return
        time.sleep(PAUSE_S)


def _end_as(status: int) -> None:
    """Exit with the child's code, or of the child's signal."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the child has left its own
        with suppress(OSError):  # SIGKILL has no handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
