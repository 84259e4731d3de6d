"""When a case is warm, and when it has been sampled enough."""

from collections.abc import Sequence
from typing import Literal

from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.statistics import Rounds, half_width, median_interval, median_of, pooled

# Why sampling ended; in a race a case was beaten, or all that were left were decided.
Stop = Literal["precise", "noise", "time", "quick", "interrupted", "beaten", "decided"]


def reason_to_stop(rounds: Rounds, plan: Plan) -> Stop | None:
    """The rule that ends sampling; None: sample another round.

    ``precise``: the median's 95 % interval is narrow enough. ``time``: the plan's limit is over. ``noise``: the
    interval has stopped shrinking. A ``quick`` plan stops after its rounds.
    """
    samples = pooled(rounds)
    if len(rounds) < plan.rounds or len(samples) < plan.min_samples:
        return None
    if plan.quick:
        return "quick"
    width = _width(rounds, plan.seed)
    if width <= plan.precise_within:
        return "precise"
    if sum(samples) / 1e3 >= plan.max_time_s:
        return "time"
    if len(rounds) >= 4 * plan.rounds and width > 0.9 * _width(rounds[: len(rounds) // 2], plan.seed):
        return "noise"
    return None


def share_done(rounds: Rounds, plan: Plan) -> float:
    """How much of a case's sampling is behind it after a round or more, to 1, if its interval goes on to shrink.

    An interval of n samples is as wide as 1/√n.
    """
    samples = pooled(rounds)
    least = min(len(rounds) / plan.rounds, len(samples) / plan.min_samples)
    if plan.quick:
        return min(1.0, least)
    width = _width(rounds, plan.seed, resamples=100)
    precise = (plan.precise_within / width) ** 2 if width else 1.0
    return min(1.0, least, max(precise, sum(samples) / 1e3 / plan.max_time_s))


def settled(calls_ms: Sequence[float], plan: Plan) -> bool:
    """Whether there are enough calls, and the last two windows of them agree in median."""
    n = plan.window
    if len(calls_ms) < max(2 * n, plan.warmup_calls):
        return False
    before, last = median_of(calls_ms[-2 * n : -n]), median_of(calls_ms[-n:])
    return abs(last - before) < plan.settled_within * before


def _width(rounds: Rounds, seed: int, resamples: int = 400) -> float:
    return half_width(median_interval(rounds, seed, resamples), median_of(pooled(rounds)))
