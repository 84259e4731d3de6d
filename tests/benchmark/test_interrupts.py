"""Signals to a benchmark: heard where it waits, heeded once, and no round lost wherever they come."""

import os
import signal
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from fake_workers import A, FakeWorker, case

import resnet_inspect as api
from resnet_inspect.benchmark import interrupts
from resnet_inspect.benchmark import run as benchmark
from resnet_inspect.benchmark.interrupts import INTERRUPTS, SIGNALS
from resnet_inspect.benchmark.messages import Job, Request
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.hardware.machine import Grade


def send(number: int = signal.SIGINT) -> None:
    signal.raise_signal(number)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers that Python starts with, and all as before afterwards."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_keyboard_interrupt_while_it_is_listened_for_and_what_it_was_afterwards(number: int) -> None:
    before = signal.getsignal(number)
    with INTERRUPTS.listening(*SIGNALS), pytest.raises(KeyboardInterrupt):
        send(number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None], ids=["ignored", "handled"])
def test_a_signal_that_is_ignored_or_handled_stays_so(number: int, handler: Any) -> None:
    """nohup ignores SIGHUP."""
    signal.signal(number, handler)
    with INTERRUPTS.listening(*SIGNALS):
        send(number)
        assert signal.getsignal(number) is handler


def test_a_thread_listens_for_nothing(pipe: tuple[int, int]) -> None:
    waited: list[bool] = []

    def listen() -> None:
        with INTERRUPTS.listening(*SIGNALS), INTERRUPTS.held():
            waited.append(INTERRUPTS.wait(pipe[0], 0.01))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert waited == [False]


def test_a_held_signal_comes_with_the_next_wait_and_once(pipe: tuple[int, int]) -> None:
    with INTERRUPTS.listening(*SIGNALS), INTERRUPTS.held():
        send()
        send()
        with pytest.raises(KeyboardInterrupt):
            INTERRUPTS.wait(pipe[0], 60)
        send()
        assert INTERRUPTS.wait(pipe[0], 0.01) is False


def test_an_answer_that_is_there_is_read_before_a_signal_is_heeded(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"x")
    with INTERRUPTS.listening(*SIGNALS), INTERRUPTS.held():
        send()
        assert INTERRUPTS.wait(pipe[0], 60)
        os.read(pipe[0], 1)
        with pytest.raises(KeyboardInterrupt):
            INTERRUPTS.wait(pipe[0], 60)


def test_a_signal_ends_a_wait_that_has_begun(pipe: tuple[int, int]) -> None:
    timer = threading.Timer(0.1, partial(os.kill, os.getpid(), signal.SIGTERM))
    with INTERRUPTS.listening(*SIGNALS), INTERRUPTS.held():
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            INTERRUPTS.wait(pipe[0], 60)


def test_after_a_signal_no_wait_is_long(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "END_S", 0.05)
    with INTERRUPTS.listening(*SIGNALS):
        assert INTERRUPTS.at_most(600) == 600
        with pytest.raises(KeyboardInterrupt):
            send()
        assert INTERRUPTS.wait(pipe[0], 600) is False
        assert INTERRUPTS.at_most(600) == 0
    assert INTERRUPTS.at_most(600) == 600


def test_repetitions_raise_nothing_until_patience_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with INTERRUPTS.listening(*SIGNALS), INTERRUPTS.held():
        send()
        send()
        monkeypatch.setattr(interrupts, "PATIENCE_S", 0.0)
        with pytest.raises(KeyboardInterrupt):
            send()


def test_listening_within_listening_hears_the_same_signal_once() -> None:
    with INTERRUPTS.listening(*SIGNALS):
        with INTERRUPTS.listening(signal.SIGINT), pytest.raises(KeyboardInterrupt):
            send()
        send()  # a repetition


class Interrupted:
    """A benchmark of fakes to which a signal comes at one of its events: a wait's begin or end, a save, a line told."""

    def __init__(self, at: int | None, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
        self.at, self.silent, self.events = at, pipe[0], 0
        self.rounds: dict[int, int] = {}
        monkeypatch.setattr(benchmark, "probe", lambda device: Probe("cpu", "fp32", {"torch": "2.15.0"}, None))
        monkeypatch.setattr(benchmark, "ProcessWorker", self.worker)
        monkeypatch.setattr(benchmark.machines, "grade", lambda machine, gpu=None: Grade("A", ()))
        look = benchmark.result_of
        monkeypatch.setattr(benchmark, "result_of", lambda *args: (self.happen(), look(*args))[1])

    def happen(self, *_: object) -> None:
        self.events += 1
        if self.events == self.at:
            os.kill(os.getpid(), signal.SIGINT)

    def worker(self, job: Job) -> FakeWorker:
        happen, silent, rounds = self.happen, self.silent, self.rounds
        size = job.case.batch_size

        class Waiting(FakeWorker):
            def ask(self, request: Request[A]) -> A:
                happen()
                INTERRUPTS.wait(silent, 0.0)
                answer = super().ask(request)
                happen()
                if request.name == "round":
                    rounds[size] = rounds.get(size, 0) + 1
                return answer

        return Waiting(case("a"), [])

    def play(self) -> dict[int, int]:
        """Batch size -> rounds that were kept."""
        try:
            record = api.bench(
                "resnet18", device="cpu", input=(1, 3, 32, 32), batch_size=(1, 2), max_time_s=0.1,
                save=self.happen, tell=self.happen, progress=self.happen,
            )  # fmt: skip
        except KeyboardInterrupt:  # before the first case
            return {}
        kept = ((result.case.batch_size, result.metrics.latency) for result in record.results)
        return {size: len(latency.round_lengths) for size, latency in kept if latency is not None}


def test_no_round_is_lost_wherever_a_signal_comes(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = Interrupted(None, pipe, monkeypatch)
    whole = quiet.play()
    assert whole == quiet.rounds
    assert set(whole) == {1, 2}
    for at in range(1, quiet.events + 1):
        interrupted = Interrupted(at, pipe, monkeypatch)
        assert interrupted.play() == interrupted.rounds, f"a signal at event {at} of {quiet.events}"
    assert interrupted.rounds == whole, "the last signal comes when all is measured"
