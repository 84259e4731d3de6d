"""The plan of a measurement: how long to warm up, how often to sample, when to stop. It is part of the Record."""

from dataclasses import dataclass, replace
from math import inf

from resnet_inspect.errors import RequestError

QUICK_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """Times are in seconds; shares are relative.

    Attributes:
        rounds: each case once a round, in random order; at least so many.
        min_samples: a case has at least so many, before any time limit counts.
        min_round_s: a case is sampled so long in a round.
        rewarm_s: calls before the samples of a round, which bring back what another case evicted.
        warmup_calls, warmup_s: at least, before the settling rule.
        window, settled_within: warm when two consecutive windows of calls differ by less in median.
        max_warmup_s: the warm-up gives up; the result then says that the case never settled.
        precise_within: stop when the 95 % interval of the median lies within this share of it.
        max_time_s: stop when a case has been sampled so long.
        block_s: a throughput block lasts at least so long.
        quick: two rounds for a first look, which no verdict accepts.
        fresh: each round in a new process, so that the interval holds what differs between processes.
    """

    rounds: int = 5
    min_samples: int = 20
    min_round_s: float = 0.2
    rewarm_s: float = 0.2
    warmup_calls: int = 10
    warmup_s: float = 0.5
    window: int = 10
    settled_within: float = 0.01
    max_warmup_s: float = 10.0
    precise_within: float = 0.02
    max_time_s: float = 30.0
    block_s: float = 0.05
    seed: int = 0
    quick: bool = False
    fresh: bool = False


def plan_for(
    device: str,
    quick: bool = False,
    seed: int = 0,
    min_time_s: float | None = None,
    max_time_s: float | None = None,
    fresh: bool = False,
) -> Plan:
    """The defaults for a kind of device; ``min_time_s`` and ``max_time_s`` bound the sampling of a case.

    Raises:
        RequestError: a time is not above 0, or the least time is above the most.
    """
    for name, seconds in ("min-time", min_time_s), ("max-time", max_time_s):
        if seconds is not None and not 0 < seconds < inf:
            raise RequestError(f"{name} {seconds:g}: a time is a number of seconds above 0", hint=f"as --{name} 5")
    if min_time_s is not None and max_time_s is not None and min_time_s > max_time_s:
        raise RequestError(
            f"--min-time {min_time_s:g} is more than --max-time {max_time_s:g}", hint="leave out one of the two"
        )
    plan = Plan(seed=seed, fresh=fresh)
    if device.startswith("cuda"):
        plan = replace(plan, warmup_s=1.0, precise_within=0.01)
    if quick:
        plan = replace(plan, rounds=QUICK_ROUNDS, min_samples=6, max_time_s=3.0, max_warmup_s=3.0, quick=True)
    if min_time_s is not None:
        plan = replace(plan, min_round_s=min_time_s / plan.rounds)
    if max_time_s is not None:
        plan = replace(plan, max_time_s=max_time_s)
    return plan
