"""After each round of a race: who leads, who is beaten, and whether it is over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.benchmark.schedule import Referee as Rule
from resnet_inspect.benchmark.statistics import pooled
from resnet_inspect.benchmark.stopping import Stop
from resnet_inspect.tuning.goal import Goal
from resnet_inspect.tuning.ratio import Ratio, paired_ratio, surely_above

LEAST_ROUNDS = 3  # before anything is decided, or given up: they cost less than getting warm does

# What came of a case. `open`: neither beaten nor a tie when time was up. `unreached`: it never started.
Fate = Literal["fastest", "tie", "beaten", "open", "forbidden", "lost", "pruned", "unreached"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """``ratio`` is the case's time over that of the case ``by``, after so many ``rounds``; ``why`` is for readers."""

    fate: Fate
    by: Case | None = None
    ratio: Ratio | None = None
    rounds: int = 0
    why: str = ""


class Referee:
    """Decides a group of cases that play every round together, by ratios to the fastest, paired by round.

    A case is beaten where its ratio surely lies above 1 + δ. Another is a tie where each interval ends below
    1 + δ, or is so narrow (± δ/2) that only a ratio near 1 + δ keeps it undecided.
    """

    def __init__(self, goal: Goal, plan: Plan, is_late: Callable[[], bool]) -> None:
        self.goal, self.plan, self.is_late = goal, plan, is_late
        self.leader: Case | None = None
        self.outcomes: dict[Case, Outcome] = {}

    def __call__(self, raws: Sequence[RawResult]) -> dict[Case, Stop]:
        playing = {raw.case: raw for raw in raws if raw.status == "ok" and raw.stopped is None}
        if not playing:
            return {}
        times = {case: self.goal.round_ms(raw) for case, raw in playing.items()}
        rounds = min(map(len, times.values()))
        late = self.is_late() or any(_sampled_s(raw) >= self.plan.max_time_s for raw in playing.values())
        if rounds < LEAST_ROUNDS:
            return {}
        self.leader, ratios = lead(times)
        delta = self.goal.delta
        beaten = surely_above(ratios, 1 + delta)
        tied = {case for case in ratios if case not in beaten and is_tie(ratios[case], delta)}
        for case, ratio in ratios.items():
            fate: Fate = "beaten" if case in beaten else "tie" if case in tied else "open"
            self.outcomes[case] = Outcome(fate, self.leader, ratio, rounds)
        self.outcomes.pop(self.leader, None)
        if len(beaten) + len(tied) == len(ratios):
            return {case: "beaten" if case in beaten else "decided" for case in playing}
        if late:
            return {case: "beaten" if case in beaten else "time" for case in playing}
        return dict.fromkeys(beaten, "beaten")


def lead(times: Mapping[Case, Sequence[float]]) -> tuple[Case, dict[Case, Ratio]]:
    """The fastest case, and the ratio of every other to it."""
    first, *others = times
    ratios = {case: paired_ratio(times[first], times[case]) for case in others}
    leader = min(ratios, key=lambda case: ratios[case].ratio, default=first)
    if leader == first or ratios[leader].ratio >= 1:
        return first, ratios
    return leader, {case: paired_ratio(times[leader], times[case]) for case in times if case != leader}


def is_tie(ratio: Ratio, delta: float) -> bool:
    return ratio.high <= 1 + delta or (ratio.low <= 1 + delta and ratio.half_width <= delta / 2)


def _sampled_s(raw: RawResult) -> float:
    return sum(pooled(raw.latency_ms)) / 1e3


def hold_to_bound(goal: Goal, plan: Plan, is_late: Callable[[], bool]) -> Rule:
    """The rule that plays a case until its latency's interval lies on one side of the bound."""

    def decide(raws: Sequence[RawResult]) -> dict[Case, Stop]:
        (raw,) = raws
        ratio = goal.against_bound(raw)
        if raw.status != "ok" or ratio is None or ratio.n < LEAST_ROUNDS:
            return {}
        if ratio.high <= 1 or ratio.low > 1:
            return {raw.case: "decided"}
        return {raw.case: "time"} if is_late() or _sampled_s(raw) >= plan.max_time_s else {}

    return decide


def duel(goal: Goal, plan: Plan, is_late: Callable[[], bool]) -> Rule:
    """The rule of the last race: it ends once the interval of the gain lies on one side of 1 + δ, or is narrow."""

    def decide(raws: Sequence[RawResult]) -> dict[Case, Stop]:
        playing = [raw for raw in raws if raw.status == "ok"]
        if len(playing) < len(raws):
            return {raw.case: "time" for raw in playing}
        rounds, over = len(playing[0].rounds), is_late() or any(_sampled_s(raw) >= plan.max_time_s for raw in playing)
        if rounds < (LEAST_ROUNDS if over else plan.rounds):
            return {}
        winner, default = playing
        gain = paired_ratio(goal.round_ms(winner), goal.round_ms(default))
        clear = gain.low > 1 + goal.delta or gain.high <= 1 + goal.delta or gain.half_width <= goal.delta / 2
        return {raw.case: "decided" if clear else "time" for raw in playing} if clear or over else {}

    return decide
