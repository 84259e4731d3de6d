"""Workers that are scripts, and whole benchmarks of them: nothing runs or waits."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from raw_results import CEILINGS, FINISHED, MEMORY, PREPARED, WARMED_UP, pairs

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import (
    Energy,
    Extra,
    Phases,
    Request,
    RoundSamples,
    Unwatched,
    WorkerLost,
)
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.schedule import RawResult, conduct

A = TypeVar("A")
Fails = Mapping[tuple[str, int], BaseException]

PLAN = Plan()
STEP = Phases(forward_ms=4.0, backward_ms=5.0, optimizer_ms=1.0, step_ms=10.0)
ANSWERS = {
    "prepare": PREPARED,
    "warm-up": WARMED_UP,
    "memory": MEMORY,
    "finish": FINISHED,
    "phases": STEP,
    "stage": pairs((6.0, 4.0)),
    "layer": pairs((5.0, 5.0)),
    "ceilings": CEILINGS,
    "energy": Energy(j_per_image=0.05, net_j_per_image=0.04, idle_w=75.0, busy_w=375.0, window_s=10.0, images=8),
}


def case(model: str = "resnet50", device: str = "cpu", **changes: Any) -> Case:
    return replace(Case(model, device, 1, (1, 3, 224, 224), "infer", "fp32", "contiguous", "eager", 1), **changes)


def quiet(number: int) -> list[float]:
    """Every call of a round takes 10 ms."""
    return [10.0] * 10


class FakeWorker:
    """Answers as a worker does. ``fails`` says which request (and its number, from 1) raises what in place of it."""

    def __init__(
        self,
        case: Case,
        log: list[tuple[str, str]],
        fails: Fails | None = None,
        latency: Callable[[int], list[float]] = quiet,
    ) -> None:
        self.case, self.log, self.fails, self.latency = case, log, fails or {}, latency
        self.asked: Counter[str] = Counter()
        self.gone = False
        self.closed = 0

    def ask(self, request: Request[A]) -> A:
        assert not self.gone, "a lost worker is not asked again"
        assert not self.closed
        name = request.name
        self.log.append((self.case.model, name))
        self.asked[name] += 1
        error = self.fails.get((name, self.asked[name]))
        if error is not None:
            self.gone = isinstance(error, WorkerLost)
            raise error
        answer = self.round() if name == "round" else ANSWERS[name]
        if name == "ceilings":  # each measurement is another
            answer = replace(CEILINGS, flop_per_s=float(self.asked[name]))
        assert isinstance(answer, request.answer)
        return answer

    def round(self) -> RoundSamples:
        latency_ms = tuple(self.latency(self.asked["round"]))
        on_cuda = self.case.kind == "cuda"
        return RoundSamples(
            latency_ms=latency_ms,
            block_calls=6,
            block_ms=60.0,
            state=Unwatched(),
            device_time_ms=(9.0,) * len(latency_ms) if on_cuda else None,
            enqueue_ms=(1.0,) * len(latency_ms) if on_cuda else None,
        )

    def close(self) -> None:
        self.closed += 1


class FakeBenchmark:
    """A benchmark of fakes: what each was asked, in order, and the workers themselves."""

    def __init__(self, cases: list[Case], **of_model: Any) -> None:
        self.cases, self.of_model = cases, of_model
        self.log: list[tuple[str, str]] = []
        self.told: list[str] = []
        self.workers: dict[str, FakeWorker] = {}

    def start(self, case: Case) -> FakeWorker:
        worker = FakeWorker(case, self.log, **self.of_model.get(case.model, {}))
        self.workers[case.model] = worker
        return worker

    def conduct(self, plan: Plan = PLAN, seed: int = 0, extras: tuple[Extra, ...] = ()) -> Iterator[RawResult]:
        return conduct(self.cases, self.start, plan, random.Random(seed), self.told.append, extras)

    def play(self, plan: Plan = PLAN, seed: int = 0, extras: tuple[Extra, ...] = ()) -> dict[str, RawResult]:
        return {raw.case.model: raw for raw in self.conduct(plan, seed, extras)}

    @property
    def rounds(self) -> list[str]:
        """The models in the order they were played in."""
        return [model for model, name in self.log if name == "round"]


def three(**of_model: Any) -> FakeBenchmark:
    return FakeBenchmark([case("a"), case("b"), case("c")], **of_model)


def extras_of(raw: RawResult) -> dict[str, object]:
    """What was measured besides the rounds."""
    fields = ("phases", "stage", "layer", "energy", "ceilings_before", "ceilings_after")
    return {name: value for name in fields if (value := getattr(raw, name)) is not None}
