"""Whether one measurement is slower than another, and by what margin that is certain."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, log
from random import Random
from typing import Literal, get_args

from resnet_inspect.benchmark.statistics import Rounds, central, pooled, quantile, resampler

Outcome = Literal["SLOWER", "FASTER", "SAME", "INCONCLUSIVE"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

# Unchanged code differs by as much between two runs.
DELTA = {"cuda": 0.02, "cpu": 0.05, "mps": 0.05}

CROWDED = 0.9  # of a CPU, for the thread that calls: what it lacks, others had


@dataclass(frozen=True, slots=True)
class Comparison:
    """``ratio`` of the medians, new over old; the ``outcome`` is where its 95 % interval lies round 1 ± ``delta``.

    ``machine`` is how much longer the machine took for one and the same work; None where nobody asked it.
    """

    outcome: Outcome
    ratio: float
    low: float
    high: float
    delta: float
    machine: float | None = None


def compare(
    old: Rounds,
    new: Rounds,
    delta: float,
    seed: int = 0,
    paired: bool = False,
    resamples: int = 1000,
    doubtful: bool = False,
    paces: tuple[Sequence[float], Sequence[float]] | None = None,
) -> Comparison:
    """Old durations and new ones, in ms, by bootstrap over rounds, then samples.

    ``paired``: round i of both was taken at one time. Every resample then takes the same rounds of both, and what
    slowed both cancels out. ValueError where a sample is missing or not positive, or a round has no
    partner. ``doubtful``: one of the two is no fair measurement, as where other programs had a part of the CPU. A
    difference then decides nothing.
    ``paces``: what one and the same work took beside each round, old and new. The interval then holds the ratio as it
    is and as it is for a machine that had kept its pace, so that a difference counts where both show it.
    """
    medians = []
    for name, rounds in ("old", old), ("new", new):
        try:
            ordered = pooled(rounds)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if ordered[0] <= 0:
            raise ValueError(f"{name}: a sample is not positive")
        medians.append(quantile(ordered, 0.5))
    if paired and len(old) != len(new):
        raise ValueError(f"paired rounds: {len(old)} old, {len(new)} new")

    rng = Random(seed)
    old_median, new_median = resampler(old), resampler(new)
    old_pace, new_pace = ([*map(log, pace)] for pace in paces or ([1.0] * len(old), [1.0] * len(new)))
    ratios, steadied = [], []
    for _ in range(resamples):
        of_old = rng.choices(range(len(old)), k=len(old))
        of_new = of_old if paired else rng.choices(range(len(new)), k=len(new))
        ratios.append(new_median(of_new, rng) / old_median(of_old, rng))
        steadied.append(ratios[-1] / _moved([old_pace[i] for i in of_old], [new_pace[i] for i in of_new]))
    (low, high), (steady_low, steady_high) = central(ratios), central(steadied)
    low, high = min(low, steady_low), max(high, steady_high)
    outcome = _outcome(low, high, delta)
    if doubtful and outcome != "SAME":
        outcome = "INCONCLUSIVE"
    machine = _moved(old_pace, new_pace) if paces else None
    return Comparison(outcome, medians[1] / medians[0], low, high, delta, machine)


def _moved(old_logs: Sequence[float], new_logs: Sequence[float]) -> float:
    return exp(fsum(new_logs) / len(new_logs) - fsum(old_logs) / len(old_logs))


def _outcome(low: float, high: float, delta: float) -> Outcome:
    if low > 1 + delta:
        return "SLOWER"
    if high < 1 - delta:
        return "FASTER"
    return "SAME" if low >= 1 - delta and high <= 1 + delta else "INCONCLUSIVE"
