"""A worker as a process: requests and answers are JSON lines, so that no framework is needed on this side."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TypeVar

from resnet_inspect.benchmark.interrupts import INTERRUPTS
from resnet_inspect.benchmark.messages import OUT_OF_MEMORY, Job, Request, Unavailable, WorkerLost
from resnet_inspect.errors import MachineError, RequestError
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.typed_json import decode, encode

A = TypeVar("A")

TIMEOUT_S = 600.0
END_S, LEAST_END_S = 10.0, 0.1  # for a process to be gone; after Ctrl-C the least
# A stream holds some 1,000 launches, then the host waits; a training step of a resnet152 makes up to 2,300.
LAUNCHES = {"CUDA_SCALE_LAUNCH_QUEUES": "4x"}
WORKER, ENVIRONMENT = "resnet_inspect.benchmark.worker.serve", "resnet_inspect.runtime.environment"
ERROR = re.compile(r"[\w.]*(Error|Exception|Interrupt)\b")


class Guarded:
    """A module of Python in a process of its own, which ends no later than this one: ``benchmark.guard`` sees to it.

    Its process group is its own, so that Ctrl-C reaches only this process. What it complains of goes to ``errors``.
    It is given ``pipes``, which end here, and ``files``, which stay open.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        environment: Mapping[str, str],
        stdout: int,
        pipes: tuple[int, ...] = (),
        files: tuple[int, ...] = (),
    ) -> None:
        life, ours = _pipe()
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed by end(); a pipe that nobody reads would block
        self.life = os.fdopen(ours, "wb", 0)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "resnet_inspect.benchmark.guard", str(life), module, *arguments],
            stdin=subprocess.PIPE, stdout=stdout, stderr=self.errors, pass_fds=(life, *pipes, *files), env=environment,
            process_group=0,
        )  # fmt: skip
        for end in life, *pipes:
            os.close(end)

    def kill(self) -> None:
        """Kill it and what it started: a compiler would go on during the next case."""
        self.life.close()

    def end(self) -> None:
        self.kill()
        with suppress(subprocess.TimeoutExpired):  # a driver may keep it
            self.process.wait(INTERRUPTS.at_most(END_S) + LEAST_END_S)
        for pipe in self.process.stdin, self.process.stdout:
            with suppress(OSError):  # what was not flushed has no reader any more
                if pipe is not None:
                    pipe.close()
        self.errors.close()

    def complaint(self) -> str:
        """The line of ``errors`` that names the error, or the last: below it stands CUDA's advice on how to debug."""
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines() or [""]
        return next(filter(ERROR.match, reversed(lines)), lines[-1])


def probe(device: str) -> Probe:
    """What ``runtime.environment`` says of ``device``, from a process of its own.

    Raises:
        RequestError, MachineError: as it says.
    """
    asked = Guarded(ENVIRONMENT, device, environment=os.environ, stdout=subprocess.PIPE)
    try:
        assert asked.process.stdout is not None
        said = asked.process.stdout.read()
        if asked.process.wait():
            raise MachineError(f"torch cannot be loaded: {asked.complaint()}")
    finally:
        asked.end()
    answer = json.loads(said.splitlines()[-1])
    if "error" in answer:
        kind = MachineError if answer["exit_code"] == MachineError.exit_code else RequestError
        raise kind(answer["error"], answer["hint"])
    return decode(Probe, answer)


class ProcessWorker(Guarded):
    """``benchmark.worker.serve``, which answers on a pipe of its own: nothing prints to it.

    It compiles into an empty folder, so that the time for that depends on no earlier run.
    """

    def __init__(self, job: Job, timeout_s: float = TIMEOUT_S) -> None:
        self.answers, theirs = _pipe()
        super().__init__(
            WORKER,
            str(theirs),
            environment=LAUNCHES | os.environ,
            stdout=subprocess.DEVNULL,
            pipes=(theirs,),
            files=job.files,
        )
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
        if self.answers >= 0:
            self.end()
            os.close(self.answers)
            self.answers = -1

    def _line(self) -> bytes:
        deadline = time.monotonic() + self.timeout_s
        while b"\n" not in self.pending:
            if not INTERRUPTS.wait(self.answers, deadline - time.monotonic()):
                self.kill()
                raise WorkerLost("timeout", f"no answer for {self.timeout_s:.0f} s")
            read = os.read(self.answers, 1 << 20)
            if not read:
                raise self._crash()
            self.pending += read
        line, _, self.pending = self.pending.partition(b"\n")
        return line

    def _crash(self) -> WorkerLost:
        """Its exit code, and the last line that it wrote to stderr; the kernel's own killer sends signal 9."""
        try:
            code = self.process.wait(END_S)
        except subprocess.TimeoutExpired:  # it closed its pipe and hangs
            self.kill()
            code = self.process.wait()
        if code == OUT_OF_MEMORY:
            return WorkerLost("oom", self.complaint())
        detail = f"killed by signal {-code}" if code < 0 else f"exit code {code}: {self.complaint()}"
        return WorkerLost("crashed", detail)


def _pipe() -> tuple[int, int]:
    """A pipe; where the caller closed a standard stream, as by ``2>&-``, its number is not that of the stream."""
    for stream in range(3):
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    return os.pipe()
