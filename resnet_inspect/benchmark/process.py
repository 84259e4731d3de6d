"""A worker as a process: requests and answers are JSON lines, so that no framework is needed on this side."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import TypeVar

from resnet_inspect.benchmark.messages import Job, Request, Unavailable, WorkerLost
from resnet_inspect.errors import MachineError, RequestError
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.typed_json import decode, encode

A = TypeVar("A")

TIMEOUT_S = 600.0
# A stream holds some 1,000 launches, then the host waits; a training step of a resnet152 makes up to 2,300.
LAUNCHES = {"CUDA_SCALE_LAUNCH_QUEUES": "4x"}
COMPILED = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
ERROR = re.compile(r"[\w.]*(Error|Exception|Interrupt)\b")


def probe(device: str) -> Probe:
    """What ``runtime.environment`` says of ``device``, from a process of its own.

    Raises:
        RequestError, MachineError: as it says.
    """
    command = [sys.executable, "-m", "resnet_inspect.runtime.environment", device]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MachineError(f"torch cannot be loaded: {_complaint(done.stderr)}")
    answer = json.loads(done.stdout.splitlines()[-1])
    if "error" in answer:
        kind = MachineError if answer["exit_code"] == MachineError.exit_code else RequestError
        raise kind(answer["error"], answer["hint"])
    return decode(Probe, answer)


class ProcessWorker:
    """``benchmark.worker.serve`` in a fresh interpreter.

    It answers on a pipe of its own, which nothing prints to. It compiles into an empty folder, so that the time for
    that depends on no earlier run. Its process group is its own, so that Ctrl-C reaches only the parent.
    """

    def __init__(self, job: Job, timeout_s: float = TIMEOUT_S) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close(); a pipe that nobody reads would block
        self.answers, theirs = os.pipe()
        command = [sys.executable, "-m", "resnet_inspect.benchmark.worker.serve", str(theirs)]
        self.compiled = tempfile.TemporaryDirectory(prefix="resnet-inspect-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.errors, pass_fds=(theirs,),
            env=LAUNCHES | os.environ | dict.fromkeys(COMPILED, self.compiled.name), process_group=0,
        )  # fmt: skip
        os.close(theirs)
        self.unsent = [json.dumps(encode(job))]
        self.asked = 0
        self.pending = b""
        self.timeout_s = timeout_s

    def ask(self, request: Request[A]) -> A:
        self.asked += 1
        lines, self.unsent = [*self.unsent, json.dumps([self.asked, request.name])], []
        assert self.process.stdin is not None
        try:
            self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
            self.process.stdin.flush()
        except OSError:
            raise self._crash() from None
        document = json.loads(self._line())
        while document.pop("to") < self.asked:  # it answers a request that Ctrl-C cut short
            document = json.loads(self._line())
        match document:
            case {"answer": answer}:
                return decode(request.answer, answer, request.name)
            case {"unavailable": str(reason)}:
                raise Unavailable(reason)
            case {"lost": "oom", "detail": str(detail)}:
                raise WorkerLost("oom", detail)
        raise ValueError(f"{request.name}: a worker answered {document!r}")

    def close(self) -> None:
        if self.answers < 0:
            return
        self._kill()
        self.process.wait()
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()  # what was not flushed has no reader any more
        os.close(self.answers)
        self.errors.close()
        self.compiled.cleanup()
        self.answers = -1

    def _line(self) -> bytes:
        deadline = time.monotonic() + self.timeout_s
        while b"\n" not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.answers], [], [], left)[0]:
                self._kill()
                raise WorkerLost("timeout", f"no answer for {self.timeout_s:.0f} s")
            read = os.read(self.answers, 1 << 20)
            if not read:
                raise self._crash()
            self.pending += read
        line, _, self.pending = self.pending.partition(b"\n")
        return line

    def _kill(self) -> None:
        """Kill the worker and what it started: a compiler would go on during the next case."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)

    def _crash(self) -> WorkerLost:
        """Its exit code, and the last line that it wrote to stderr; the kernel's own killer sends signal 9."""
        try:
            code = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:  # it closed its pipe and hangs
            self._kill()
            code = self.process.wait()
        self.errors.seek(0)
        stderr = self.errors.read().decode(errors="replace")
        detail = f"killed by signal {-code}" if code < 0 else f"exit code {code}: {_complaint(stderr)}"
        return WorkerLost("crashed", detail)


def _complaint(stderr: str) -> str:
    """The line that names the error, or the last: below it CUDA's advice on how to debug."""
    lines = stderr.strip().splitlines() or [""]
    return next(filter(ERROR.match, reversed(lines)), lines[-1])
