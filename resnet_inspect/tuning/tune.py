"""The order of a search: eager configurations, compiled ones of those near the fastest, batches, and the last race."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf, log

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.report import Finding
from resnet_inspect.tuning.budget import was_cut
from resnet_inspect.tuning.goal import Goal
from resnet_inspect.tuning.race import UNREACHED, Race, Track, object_to
from resnet_inspect.tuning.ratio import Ratio, paired_ratio
from resnet_inspect.tuning.referee import LEAST_ROUNDS, Fate, Outcome, duel, hold_to_bound
from resnet_inspect.tuning.space import Space, at_batch, cases_at, complexity
from resnet_inspect.units import counted, significant, text

# Compiling makes up for as much, an estimate: by timm's tables of an RTX 4090 a channels_last resnet50 is 1.18 times as
# fast as a contiguous one in eager mode, and inductor lays tensors out itself.
REACH = 1.5
NO_GAIN = Ratio(1.0, 1.0, 1.0, 0.0, 0)
UNRACED = Outcome("open", why="it meets the bound; the budget was over before its race")
UNSURE = Outcome("open", why="its latency's interval holds --max-latency-ms")


@dataclass(slots=True, kw_only=True)
class Search:
    """A search and what it has found so far.

    Attributes:
        default: torch's own configuration, at the batch at which configurations race.
        impossible: a mode -> why this machine cannot run it.
        is_over: whether the whole budget is spent; the track's ``is_late`` leaves time for the last race.
        begin_last: called with the cases of the last race before it starts; whether time is left for it.
        winner: None where no case may win.
        gain: the default's time over the winner's in the last race, both afresh; None where that did not happen.
        nearest: without a winner, the case nearest to the bound, if that is the reason; else None.
        outcomes: of every case that was considered.
        raws: what was measured last of each case that ran.
        undecided: what is open, for readers.
    """

    goal: Goal
    plan: Plan
    space: Space
    default: Case
    track: Track
    is_over: Callable[[], bool]
    begin_last: Callable[[Sequence[Case]], bool]
    impossible: dict[str, str] = field(default_factory=dict)
    winner: Case | None = None
    gain: Ratio | None = None
    nearest: Case | None = None
    ties: tuple[Case, ...] = ()
    outcomes: dict[Case, Outcome] = field(default_factory=dict)
    raws: dict[Case, RawResult] = field(default_factory=dict)
    undecided: list[Finding] = field(default_factory=list)

    @property
    def decided(self) -> bool:
        return not self.undecided

    def run(self) -> None:
        """Ctrl-C ends the search, which is then undecided."""
        try:
            race = self._configure(self.goal, self.space.anchor)
            if self.goal.max_latency_ms is not None:
                self._meet_bound(race)
            elif self.winner is not None and len(self.space.batch) > 1:
                self._race(race, self._batches(self.winner))
            self._count_open()
            if self.winner is not None:
                self._duel(self.winner)
        except KeyboardInterrupt:
            self._leave_open("it was interrupted", "search again")
        if self.winner is None:
            self.nearest = self._nearest()

    def _configure(self, goal: Goal, batch: int) -> Race:
        """Race the configurations at one batch; ``winner`` is then the simplest of those within δ of the fastest."""
        race, default = Race(goal, self.plan, self.track), at_batch(self.default, batch)
        for case in (spanned := cases_at(self.space, default)):
            if case.mode in self.impossible:
                self.outcomes[case] = Outcome("pruned", why=self.impossible[case.mode])
        cases = [case for case in spanned if case.mode not in self.impossible]
        plain = [case for case in cases if not case.is_compiled]
        self._race(race, plain)
        near: list[Case] = []
        far: list[Case] = []
        for case in cases:
            if case.is_compiled:
                slower = [race.ratio_to_champion(base) for base in plain if _is_base(base, case)]
                (far if slower and REACH < min(slower) < inf else near).append(case)
        for case in far:
            why = f"only what runs within {significant(REACH)}× of the fastest uncompiled is compiled"
            self.outcomes[case] = Outcome("pruned", by=race.champion, why=why)
        self._race(race, near)
        return race

    def _race(self, race: Race, challengers: Sequence[Case]) -> None:
        try:
            race.run(challengers)
        finally:
            self.outcomes |= race.outcomes
            self.raws |= race.raws
            tied = sorted(race.tied(), key=lambda case: complexity(case, self.default))
            if race.champion is not None:
                self.outcomes[race.champion] = Outcome("fastest")
            self.winner, self.ties = (tied[0], tuple(tied[1:])) if tied else (None, ())

    def _batches(self, case: Case) -> list[Case]:
        """``case`` at every other batch, the nearest first."""
        sizes = sorted(self.space.batch, key=lambda n: abs(log(n / case.batch_size)))
        return [at_batch(case, n) for n in sizes if n != case.batch_size]

    def _meet_bound(self, race: Race) -> None:
        """The fastest batch whose latency is within the bound; failing that, the lowest latency of all, if it is."""
        tied = sorted(race.tied(), key=lambda case: complexity(case, self.default))
        self.winner, self.ties = None, ()
        for case in tied:
            if within := self._largest_within(case):
                self._race(Race(self.goal, self.plan, self.track), within)
                unraced = [tried for tried in within if self.outcomes[tried] == UNREACHED]
                self.outcomes |= dict.fromkeys(unraced, UNRACED)
                if self.winner is None and unraced:
                    self.winner = unraced[-1]
                return
        smallest = min(self.space.batch)
        if self.goal.wanted == "throughput" and tied:
            quickest = self._configure(replace(self.goal, wanted="latency"), smallest)
            tied = sorted(quickest.tied(), key=lambda case: complexity(case, self.default))
            self.winner, self.ties = next(filter(self._meets, tied), None), ()

    def _largest_within(self, case: Case) -> list[Case]:
        """``case`` at the batches that meet the bound, in order, by bisection: latency grows with the batch."""
        sizes = sorted(self.space.batch)
        within: list[Case] = []
        low, high = 0, len(sizes)
        while low < high:
            middle = (low + high) // 2
            if self._meets(tried := at_batch(case, sizes[middle])):
                within.append(tried)
                low = middle + 1
            else:
                high = middle
        if 0 < low < len(sizes) and "batch" not in self.space.asked and sizes[low] - sizes[low - 1] > 1:
            between = at_batch(case, (sizes[low - 1] + sizes[low]) // 2)
            within += [between] if self._meets(between) else []
        return within

    def _meets(self, case: Case) -> bool:
        """Whether the upper end of the latency's interval is within the bound."""
        ratio = self.goal.against_bound(self.raws[case]) if case in self.raws else None
        if ratio is None or ratio.n < LEAST_ROUNDS or ratio.low <= 1 < ratio.high:
            if reason := self.track.prune(self.goal, case, None):
                self.outcomes[case] = Outcome("pruned", why=reason)
                return False
            if not self.track.has_time([case]):
                self.outcomes[case] = UNSURE if case in self.raws else UNREACHED
                return False
            for raw in self.track.play([case], hold_to_bound(self.goal, self.plan, self.track.is_late)):
                self.raws |= {} if was_cut(raw) else {case: raw}
                if objection := object_to(raw, self.track):
                    self.outcomes[case] = objection
                    return False
            ratio = self.goal.against_bound(self.raws[case])
        if ratio is not None and ratio.high <= 1:
            return True
        bound = self.goal.max_latency_ms or 0.0
        if ratio is not None and ratio.low > 1:
            why = f"latency {text(bound * ratio.ratio, 'ms')}, over --max-latency-ms"
            self.outcomes[case] = Outcome("forbidden", why=why)
        else:
            self.outcomes[case] = UNSURE
        return False

    def _leave_open(self, message: str, hint: str = "a longer --budget, or fewer values in --among") -> None:
        self.undecided.append(Finding("undecided", "the search", message, hint))

    def _count_open(self) -> None:
        fates = [outcome.fate for outcome in self.outcomes.values()]
        words: dict[Fate, str] = {"open": "neither beaten nor a tie", "unreached": "not measured"}
        for fate, so in words.items():
            if number := fates.count(fate):
                self._leave_open(f"{number} of {counted(len(fates), 'case')} {so} when the time was over")

    def _duel(self, winner: Case) -> None:
        """The last race, afresh: only its ratio is the gain. What is not faster than the default by δ yields to it."""
        default = at_batch(self.default, winner.batch_size)
        if winner == default:
            self.gain = NO_GAIN
            return
        both = [winner, default]
        played = self.track.play(both, duel(self.goal, self.plan, self.is_over)) if self.begin_last(both) else ()
        fresh = {raw.case: raw for raw in played if not was_cut(raw)}
        self.raws |= fresh
        if lost := [case for case, raw in fresh.items() if raw.status != "ok"]:
            self._leave_open(f"the last race lost {lost[0].label}", "without that case the gain is unknown")
            return
        times = [self.goal.round_ms(fresh[case]) for case in both if case in fresh]
        if len(times) < 2 or len(times[0]) < 2:
            self._leave_open("no time was left for the last race")
            return
        self.gain = paired_ratio(*times)
        bound = self.goal.against_bound(fresh[winner])
        if bound is not None and bound.high > 1:
            self._leave_open("in the last race the winner's latency was not surely within the bound")
        narrow = self.gain.half_width <= self.goal.delta / 2
        if self.gain.high <= 1 + self.goal.delta or (self.gain.low <= 1 and narrow):
            self._yield_to(default)
        elif self.gain.low <= 1:
            self._leave_open("the last race did not tell the winner from torch's default")

    def _yield_to(self, default: Case) -> None:
        """A lead that does not last is none; the default has to be among the choices and meet the bound itself."""
        winner = self.winner
        assert winner is not None
        ratio = self.goal.against_bound(self.raws[default])
        meets = (ratio is None or ratio.high <= 1) and not self.track.forbid(self.raws[default])
        if meets and default in cases_at(self.space, default):
            self.outcomes[winner] = Outcome("tie", by=default, ratio=self.gain, why="no faster in the last race")
            self.winner, self.gain = default, NO_GAIN
            self.ties = (winner, *(case for case in self.ties if case != default))

    def _nearest(self) -> Case | None:
        """None where a case is within the bound, or something else forbids every case."""
        ratios = {case: ratio for case, raw in self.raws.items() if (ratio := self.goal.against_bound(raw))}
        if any(ratio.high <= 1 for ratio in ratios.values()):
            return None
        allowed = [case for case in ratios if object_to(self.raws[case], self.track) is None]
        return min(allowed, key=lambda case: ratios[case].ratio, default=None)


def _is_base(base: Case, compiled: Case) -> bool:
    """Whether the two differ in their modes only."""
    return replace(base, mode=compiled.mode) == compiled
