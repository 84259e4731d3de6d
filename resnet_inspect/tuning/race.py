"""A race: groups of cases that play their rounds in turn, the fastest so far in each of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.groups import GROUP
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.benchmark.schedule import Referee as Rule
from resnet_inspect.tuning.budget import was_cut
from resnet_inspect.tuning.goal import Goal
from resnet_inspect.tuning.referee import Outcome, Referee

PLAYOFFS = 3  # at most, for ties with a case that no longer leads
UNREACHED = Outcome("unreached", why="the budget was over before it started")


@dataclass(frozen=True, slots=True)
class Track:
    """What a race needs of the world; tests give it one of fakes.

    Attributes:
        play: conducts a group until its referee has stopped every case.
        fits: whether these cases have memory enough together.
        prune: why a case need not run for a goal, given the fastest that was measured; empty where it must.
        forbid: why a case that was measured may not win; empty where it may.
        is_late: whether the time for racing is over.
        has_time: whether these cases can start and be decided before that.
    """

    play: Callable[[Sequence[Case], Rule], Iterator[RawResult]]
    fits: Callable[[Sequence[Case]], bool]
    prune: Callable[[Goal, Case, RawResult | None], str]
    forbid: Callable[[RawResult], str]
    is_late: Callable[[], bool]
    has_time: Callable[[Sequence[Case]], bool]


@dataclass(slots=True)
class Race:
    """``champion`` is the fastest case that may win; every other case that was entered has an outcome."""

    goal: Goal
    plan: Plan
    track: Track
    champion: Case | None = None
    outcomes: dict[Case, Outcome] = field(default_factory=dict)
    raws: dict[Case, RawResult] = field(default_factory=dict)  # of the last group that each was in

    def run(self, challengers: Iterable[Case]) -> None:
        """Race the champion against the challengers; Ctrl-C ends it after what is known is kept."""
        queue, playoffs = [*challengers], 0
        try:
            while queue and self.track.has_time([*self._leading(), queue[0]]):
                self._play_group(queue)
                if not queue and playoffs < PLAYOFFS:
                    playoffs += 1
                    queue += self._stale()
        finally:
            for case in queue:
                self.outcomes.setdefault(case, UNREACHED)
            for case in self._stale():
                if self.outcomes[case].fate == "tie" and (queue or self.track.is_late() or not self._ties(case)):
                    why = "tied with a case that no longer leads"
                    self.outcomes[case] = replace(self.outcomes[case], fate="open", why=why)

    def tied(self) -> list[Case]:
        """The champion and what lies within δ of it."""
        ties = [case for case, outcome in self.outcomes.items() if outcome.fate == "tie"]
        return [self.champion, *ties] if self.champion is not None else ties

    def ratio_to_champion(self, case: Case) -> float:
        """How much slower it was; infinite where that was not measured."""
        if case == self.champion:
            return 1.0
        outcome = self.outcomes.get(case)
        if outcome is None or outcome.ratio is None or outcome.by is None:
            return inf
        return outcome.ratio.ratio * self.ratio_to_champion(outcome.by)

    def _play_group(self, queue: list[Case]) -> None:
        """Play the champion and the first cases of ``queue`` that fit next to it; those leave the queue."""
        group = self._leading()
        while queue and len(group) < GROUP:
            case = queue[0]
            fastest = self.raws.get(self.champion) if self.champion else None
            if reason := self.track.prune(self.goal, case, fastest):
                self.outcomes[case] = Outcome("pruned", by=self.champion, why=reason)
            elif len(group) > 1 and not (self.track.fits([*group, case]) and self.track.has_time([*group, case])):
                break
            else:
                group.append(case)
            queue.pop(0)
        if group == self._leading():
            return
        referee = Referee(self.goal, self.plan, self.track.is_late)
        raws: dict[Case, RawResult] = {}
        try:
            for raw in self.track.play(group, referee):
                raws[raw.case] = raw
        finally:
            queue += self._settle(group, raws, referee)

    def _settle(self, group: Sequence[Case], raws: dict[Case, RawResult], referee: Referee) -> list[Case]:
        """Keep what came of a group, name the champion, and return the cases whose conqueror may not win."""
        if self.champion in raws and was_cut(raws[self.champion]):  # what it was before still holds
            self.outcomes |= {case: UNREACHED for case in group if case != self.champion}
            return []
        self.raws |= {case: raw for case, raw in raws.items() if not was_cut(raw)}
        out: dict[Case, Outcome] = {}
        for case in group:
            raw = raws.get(case)
            if raw is None:
                out[case] = Outcome("unreached", why="the race was interrupted")
            elif objection := object_to(raw, self.track):
                out[case] = objection
        self.outcomes |= {case: referee.outcomes.get(case, Outcome("open")) for case in group} | out
        left = [case for case in group if case not in out and self.outcomes[case].fate != "beaten"]
        self.champion = referee.leader if referee.leader in left else None
        if self.champion is None and left:
            self.champion = min(left, key=lambda case: _mean(self.goal.round_ms(raws[case])))
        if self.champion is not None:
            self.outcomes.pop(self.champion)
        revived = [case for case, outcome in self.outcomes.items() if outcome.by in out and case not in out]
        for case in revived:
            del self.outcomes[case]
        return revived

    def _leading(self) -> list[Case]:
        return [] if self.champion is None else [self.champion]

    def _ties(self, case: Case) -> bool:
        """Whether it tied with the champion, or with a case that did: equals take the lead from each other."""
        outcome = self.outcomes.get(case)
        if outcome is None or outcome.by is None or outcome.fate != "tie":
            return False
        return outcome.by == self.champion or self._ties(outcome.by)

    def _stale(self) -> list[Case]:
        """Ties with a case that no longer leads."""
        return [
            case
            for case, outcome in self.outcomes.items()
            if outcome.fate in ("tie", "open") and outcome.by != self.champion
        ]


def object_to(raw: RawResult, track: Track) -> Outcome | None:
    """Why a case that was played may not win; None where it may."""
    if was_cut(raw):
        return Outcome("unreached", why=raw.detail)
    if raw.status != "ok":
        return Outcome("lost", why=f"{raw.status}: {raw.detail}".removesuffix(": "))
    reason = track.forbid(raw)
    return Outcome("forbidden", why=reason) if reason else None


def _mean(times: Sequence[float]) -> float:
    return sum(times) / len(times)
