"""The time of a search: what is left of it, and what a race takes by what the search itself has seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import PREPARE, ROUND, WARM_UP, Request, WorkerLost
from resnet_inspect.benchmark.process import TIMEOUT_S, ProcessWorker
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.tuning.referee import LEAST_ROUNDS

A = TypeVar("A")

LAST_RACE = 0.2  # of the budget, or what the last race takes
MOST_KEPT = 0.5  # of the budget: where the last race takes more, the others may have all of it
GRACE = 0.15  # of the budget: for rounds under way and a last race that takes longer than expected
OVER = "the budget was over"


@dataclass(slots=True)
class Budget:
    """``seconds`` for a search that began at ``begin_s`` of the ``clock``.

    Attributes:
        round_s: of the longest round of a case so far; at first what a round takes at least.
        start_s: of all that a case takes but its rounds, the longest so far, by whether it is compiled.
        racing: whether the last race is still to come, for which some time is kept.
    """

    seconds: float
    clock: Callable[[], float]
    begin_s: float
    round_s: float
    start_s: dict[bool, float] = field(default_factory=lambda: {False: 0.0, True: 0.0})
    racing: bool = True

    @property
    def end_s(self) -> float:
        return self.begin_s + self.seconds

    @property
    def left_s(self) -> float:
        """Of this race: what is kept for the last one is not left for the others."""
        left = self.end_s - self.clock()
        return left - self.kept_s if self.racing else left + GRACE * self.seconds

    @property
    def kept_s(self) -> float:
        """For the last race, of the winner and the default."""
        last = max(self.start_s.values()) + self.start_s[False] + 2 * LEAST_ROUNDS * self.round_s
        return max(LAST_RACE * self.seconds, last) if last <= MOST_KEPT * self.seconds else 0.0

    def is_late(self) -> bool:
        return self.left_s <= 0

    def is_over(self) -> bool:
        return self.clock() >= self.end_s

    def begin_last(self, cases: Sequence[Case]) -> bool:
        """Begin the last race; whether there is time for it."""
        self.racing = False
        return self.suffices(cases)

    def suffices(self, cases: Sequence[Case], started: int = 0) -> bool:
        """Whether these cases can start and play as many rounds as decide anything, with others that have started."""
        starts_s = sum(self.start_s[case.is_compiled] or self.start_s[False] for case in cases)
        return starts_s + LEAST_ROUNDS * (started + len(cases)) * self.round_s <= self.left_s


class Timed:
    """A worker on the clock of a ``budget``: it starts when it is first asked, if it can get warm in time.

    Where the time for that is over it is lost, and killed; rounds under way have the grace, too.
    """

    def __init__(self, case: Case, start: Callable[[], ProcessWorker], budget: Budget, group: "list[Timed]") -> None:
        self.case, self.start, self.budget, self.group = case, start, budget, group
        self.worker: ProcessWorker | None = None
        self.spent_s = 0.0

    def ask(self, request: Request[A]) -> A:
        budget, is_start = self.budget, request in (PREPARE, WARM_UP)
        if self.worker is None:
            if not budget.suffices([self.case], len(self.group)):
                raise WorkerLost("timeout", f"{OVER} before it started")
            self.worker = self.start()
            self.group.append(self)
        begin_s = budget.clock()
        left_s = budget.left_s if is_start else budget.end_s + GRACE * budget.seconds - begin_s
        self.worker.timeout_s = max(0.0, min(TIMEOUT_S, left_s))
        try:
            return self.worker.ask(request)
        except WorkerLost as lost:
            if lost.status == "timeout" and left_s < TIMEOUT_S:
                raise WorkerLost("timeout", f"{OVER} before it was {'warm' if is_start else 'measured'}") from None
            raise
        finally:
            self._learn(request, budget.clock() - begin_s)

    def close(self) -> None:
        if self.worker is not None:
            self.worker.close()

    def _learn(self, request: Request[A], seconds: float) -> None:
        if request is ROUND:
            self.budget.round_s = max(self.budget.round_s, seconds)
            return
        self.spent_s += seconds
        starts = self.budget.start_s
        starts[self.case.is_compiled] = max(starts[self.case.is_compiled], self.spent_s)


def was_cut(raw: RawResult) -> bool:
    """Whether the end of the budget ended the case."""
    return raw.status == "timeout" and raw.detail.startswith(OVER)
