"""A machine whose cases take known times, for searches that run nothing: real rounds of fake workers, a fake clock."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import inf
from random import Random
from typing import Any

from fake_workers import A, FakeWorker
from raw_results import FINISHED, MEMORY

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import Request, RoundSamples, Unwatched, WorkerLost
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.schedule import RawResult, Referee, conduct
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.tuning.goal import Goal
from resnet_inspect.tuning.race import Track
from resnet_inspect.tuning.space import Space, default_case
from resnet_inspect.tuning.tune import Search

PLAN = Plan()
PROBE = Probe("cpu", "fp32", {"torch": "2.15.0"}, None)
DEFAULT = default_case("resnet50", (3, 224, 224), PROBE, 2, 1)
SIXTEEN = Space(("contiguous", "channels_last"), ("fp32", "bf16"), ("eager", "compile"), (2, 1), (1,))
CALLS = 5  # timed in a round
ROUND_S = 0.4


class Machine:
    """``ms`` is the true time of a call; a round's times are noisy by ``noise``, and all are ``pace(s)`` times as long.

    ``fails`` says what a case's worker raises in place of an answer; ``errors`` how far its outputs are from fp32.
    ``start_s`` are the seconds in which a case gets warm.
    """

    def __init__(
        self,
        ms: Callable[[Case], float],
        seed: int = 0,
        noise: float = 0.01,
        pace: Callable[[float], float] = lambda seconds: 1.0,
        fails: Callable[[Case], dict[tuple[str, int], BaseException]] = lambda case: {},
        errors: Callable[[Case], float] = lambda case: 0.0,
        budget_s: float = 1e9,
        start_s: Callable[[Case], float] = lambda case: 0.0,
    ) -> None:
        self.ms, self.noise, self.pace, self.fails, self.errors = ms, noise, pace, fails, errors
        self.rng, self.budget_s, self.seconds = Random(seed), budget_s, 0.0
        self.start_s, self.round_s = start_s, ROUND_S
        self.peak_bytes = 2**30  # of any call
        self.rounds: Counter[Case] = Counter()
        self.groups: list[list[Case]] = []
        self.starts: list[float] = []  # of each group, in seconds

    def start(self, case: Case) -> "Runner":
        return Runner(case, self)

    def play(self, group: Sequence[Case], referee: Referee | None = None) -> Iterator[RawResult]:
        self.groups.append([*group])
        self.starts.append(self.seconds)
        return conduct(group, self.start, PLAN, self.rng, lambda _: None, (), referee)

    def track(self, goal: Goal, prune: Callable[[Goal, Case, RawResult | None], str] = lambda *_: "") -> Track:
        def is_late() -> bool:
            return self.seconds >= 0.8 * self.budget_s

        return Track(self.play, lambda group: True, prune, goal.forbids, is_late, lambda cases: not is_late())

    def search(self, space: Space = SIXTEEN, delta: float = 0.02, **goal: object) -> Search:
        """A search that has run."""
        aim = Goal(**({"wanted": "latency", "delta": delta} | goal))  # type: ignore[arg-type]  # fields of a Goal
        search = Search(
            goal=aim,
            plan=PLAN,
            space=space,
            default=DEFAULT,
            track=self.track(aim),
            is_over=lambda: self.seconds >= self.budget_s,
            begin_last=lambda cases: True,
        )
        search.run()
        return search

    @property
    def samples(self) -> int:
        return CALLS * sum(self.rounds.values())


class Runner(FakeWorker):
    """A worker of a ``Machine``."""

    def __init__(self, case: Case, machine: Machine) -> None:
        super().__init__(case, [], machine.fails(case))
        self.machine, self.timeout_s = machine, inf

    def ask(self, request: Request[A]) -> A:
        takes_s = {"warm-up": self.machine.start_s(self.case), "round": self.machine.round_s}.get(request.name, 0.0)
        self.machine.seconds += min(takes_s, self.timeout_s)
        if takes_s > self.timeout_s:
            self.gone = True
            raise WorkerLost("timeout", f"no answer for {self.timeout_s:.0f} s")
        answer: Any = super().ask(request)
        if request.name == "memory":
            answer = replace(MEMORY, requested_bytes=self.machine.peak_bytes)
        if request.name == "finish":
            answer = replace(FINISHED, relative_error=self.machine.errors(self.case))
        assert isinstance(answer, request.answer)
        return answer

    def round(self) -> RoundSamples:
        machine = self.machine
        machine.rounds[self.case] += 1
        true = machine.ms(self.case) * machine.pace(machine.seconds) * machine.rng.gauss(1.0, machine.noise)
        calls = tuple(true * machine.rng.gauss(1.0, machine.noise) for _ in range(CALLS))
        return RoundSamples(latency_ms=calls, block_calls=4, block_ms=4 * true, state=Unwatched())
