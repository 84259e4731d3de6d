"""A worker as a process, with a script in its place: what comes back, and what is lost and how."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from resnet_inspect.benchmark import process
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import (
    FINISH,
    OUT_OF_MEMORY,
    PREPARE,
    ROUND,
    STAGE,
    Job,
    Request,
    Unavailable,
    WorkerLost,
)
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.process import ProcessWorker

Script = Callable[..., ProcessWorker]

PREAMBLE = """
import json, os, signal, sys, time
answers = os.fdopen(int(sys.argv[1]), "w")
def read(): return json.loads(sys.stdin.readline())
def send(document, to=1): print(json.dumps(document | {"to": to}), file=answers, flush=True)
"""
PACKAGE = Path(__file__).parent.parent.parent
JOB = Job(Case("a", "cpu", 1, (1, 3, 32, 32), "infer", "fp32", "contiguous", "eager", 1), Plan(), {"spec": {}})


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    workers: list[ProcessWorker] = []

    def start(body: str, job: Job = JOB, timeout_s: float = 60.0) -> ProcessWorker:
        (tmp_path / "scripted_worker.py").write_text(PREAMBLE + body, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{PACKAGE}")
        monkeypatch.setattr(process, "WORKER", "scripted_worker")
        workers.append(ProcessWorker(job, timeout_s))
        return workers[-1]

    yield start
    for worker in workers:
        worker.close()


@dataclass(frozen=True)
class Echo:
    """What a script was asked."""

    asked: str


def lost(worker: ProcessWorker) -> tuple[str, str]:
    """How the worker is lost when it is asked; asked again, and closed twice, it is still lost and nothing else."""
    with pytest.raises(WorkerLost) as loss:
        worker.ask(PREPARE)
    with pytest.raises(WorkerLost):
        worker.ask(ROUND)
    worker.close()
    worker.close()
    assert worker.process.returncode is not None
    return loss.value.status, loss.value.detail


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, also where whoever runs the tests ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_an_answer_that_ctrl_c_cut_short_is_not_taken_for_the_next(script: Script) -> None:
    worker = script(
        "read()\n"
        "for number, name in map(json.loads, sys.stdin):\n"
        f"    if name == 'round': os.kill({os.getpid()}, signal.SIGINT)\n"
        "    send({'answer': {'asked': name}}, number)\n"
    )
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            worker.ask(Request("round", Echo))
    assert worker.ask(Request("finish", Echo)) == Echo("finish")
    assert worker.ask(Request("stage", Echo)) == Echo("stage")
    worker.close()


class Interrupted:
    """A pipe on which Ctrl-C arrives ``when`` the first request has not left, or has."""

    def __init__(self, pipe: IO[bytes], when: str) -> None:
        self.pipe, self.when = pipe, when
        self.write, self.close = pipe.write, pipe.close

    def flush(self) -> None:
        when, self.when = self.when, "never"
        if when == "before":
            raise KeyboardInterrupt
        self.pipe.flush()
        if when == "after":
            raise KeyboardInterrupt


@pytest.mark.parametrize("when", ["before", "after"])
def test_ctrl_c_may_come_while_a_request_is_sent(script: Script, when: str) -> None:
    worker = script(
        "read()\nfor number, name in map(json.loads, sys.stdin): send({'answer': {'asked': name}}, number)\n"
    )
    assert worker.process.stdin is not None
    worker.process.stdin = Interrupted(worker.process.stdin, when)  # type: ignore[assignment]  # all that is used of it
    with pytest.raises(KeyboardInterrupt):
        worker.ask(Request("round", Echo))
    assert worker.ask(Request("finish", Echo)) == Echo("finish")
    worker.close()


def test_a_worker_compiles_into_an_empty_folder_that_goes_with_it(script: Script) -> None:
    worker = script(
        "read(); read()\nsend({'answer': {'asked': os.environ['TORCHINDUCTOR_CACHE_DIR']}})\nsys.stdin.read()\n"
    )
    folder = Path(worker.ask(Request("where", Echo)).asked)
    assert [*folder.iterdir()] == []
    (folder / "kernel").touch()
    worker.close()
    assert not folder.exists()


@dataclass(frozen=True)
class Long:
    job: Job
    asked: str
    text: str


def test_answers_come_one_a_request_however_they_are_cut(script: Script) -> None:
    worker = script(
        "job = read()\n"
        "print('a library talks')\n"
        "for number, name in map(json.loads, sys.stdin):\n"
        "    line = json.dumps({'to': number, 'answer': {'job': job, 'asked': name, 'text': 'x' * 200_000}}) + '\\n'\n"
        "    for at in range(0, len(line), 70_000):\n"
        "        answers.write(line[at : at + 70_000])\n"
        "        answers.flush()\n"
    )
    for name in "abc":
        assert worker.ask(Request(name, Long)) == Long(JOB, name, "x" * 200_000)
    worker.close()
    assert worker.process.returncode is not None


def test_out_of_memory_is_an_answer(script: Script) -> None:
    worker = script("read(); read()\nsend({'lost': 'oom', 'detail': '20 GiB'})\n")
    assert lost(worker) == ("oom", "20 GiB")
    text = "torch.OutOfMemoryError: CUDA out of memory\nprocess 1 of 2 ended with exit code 12\n"
    worker = script(f"read(); read()\nsys.stderr.write({text!r})\nsys.exit({OUT_OF_MEMORY})\n")
    assert lost(worker) == ("oom", "torch.OutOfMemoryError: CUDA out of memory")


def test_a_quantity_that_cannot_be_measured_is_an_answer_and_the_worker_goes_on(script: Script) -> None:
    worker = script(
        "read(); read()\nsend({'unavailable': 'no marks'})\nread()\nsend({'answer': {'asked': 'more'}}, 2)\n"
    )
    with pytest.raises(Unavailable, match=r"^no marks$"):
        worker.ask(STAGE)
    assert worker.ask(Request("more", Echo)) == Echo("more")
    worker.close()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"answer": {"finite": "yes"}}, "^finish.finite is 'yes', not true or false$"),
        ({"answer": {"finite": True}}, "^finish.relative_error is missing$"),
        ({"result": 1}, "^finish: a worker answered {'result': 1}$"),
    ],
)
def test_an_answer_of_another_kind_is_a_mistake_that_names_the_request(
    script: Script, document: dict[str, Any], message: str
) -> None:
    worker = script(f"read(); read()\nsend({document!r})\n")
    with pytest.raises(ValueError, match=message):
        worker.ask(FINISH)
    worker.close()


def test_what_an_ended_worker_said_last_is_kept(script: Script) -> None:
    assert lost(script("read(); read()\nraise RuntimeError('no luck')\n")) == (
        "crashed",
        "exit code 1: RuntimeError: no luck",
    )
    assert lost(script("read(); read()\nsys.exit(3)\n")) == ("crashed", "exit code 3: ")
    advice = "torch.AcceleratorError: CUDA error: no kernel\\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1\\n"
    assert lost(script(f"read(); read()\nsys.exit({advice!r})\n".replace("\\\\n", "\\n"))) == (
        "crashed",
        "exit code 1: torch.AcceleratorError: CUDA error: no kernel",
    )


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ("process 1 of 2 ended with exit code 1", "RuntimeError: no luck"),
        ("PeerError: process 1 of 2 was killed by signal 9", "PeerError: process 1 of 2 was killed by signal 9"),
    ],
)
def test_a_peer_that_ended_by_an_error_has_named_it_itself(script: Script, ended: str, said: str) -> None:
    text = f"RuntimeError: no luck\n{ended}\n"
    assert lost(script(f"read(); read()\nsys.stderr.write({text!r})\nsys.exit(1)\n")) == (
        "crashed",
        f"exit code 1: {said}",
    )


def test_a_worker_that_does_not_answer_is_timed_out_and_ended(script: Script) -> None:
    status, detail = lost(script("read(); read(); sys.stdin.readline(); sys.stdin.readline()\n", timeout_s=0.2))
    assert status == "timeout"
    assert detail.startswith("no answer for")


def test_a_worker_that_ends_before_it_has_read_its_job_is_crashed(script: Script) -> None:
    # The job is more than a pipe holds: writing it waits for the worker, and fails when that is gone.
    worker = script("sys.exit('no torch here')\n", Job(JOB.case, JOB.plan, {"code": "x" * 2**20}))
    assert lost(worker) == ("crashed", "exit code 1: no torch here")


def test_a_worker_may_complain_at_length(script: Script) -> None:
    worker = script(
        "read(); read()\n"
        "sys.stderr.write('warning\\n' * 100_000)\n"
        "sys.stderr.flush()\n"
        "send({'answer': {'asked': 'x'}})\n"
    )
    assert worker.ask(Request("x", Echo)) == Echo("x")
    worker.close()
