"""Whether one measurement is slower than another, and by what margin that is certain."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, hypot, log, sqrt
from random import Random
from statistics import pvariance
from typing import Literal, get_args

from resnet_inspect.benchmark.findings import HOST_BOUND, what_voids
from resnet_inspect.benchmark.record import Metric, Result
from resnet_inspect.benchmark.statistics import Rounds, central, pooled, quantile, resampler

Outcome = Literal["SLOWER", "FASTER", "SAME", "INCONCLUSIVE"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

# Unchanged code differs by as much between two runs.
DELTA = {"cuda": 0.02, "cpu": 0.05, "mps": 0.05}
CROSSES = "the interval crosses a margin"  # the one reason that more samples can remove
SIGMAS = 1.96  # of a normal distribution, on either side of its middle 95 %


@dataclass(frozen=True, slots=True)
class Comparison:
    """``ratio`` of the medians, new over old; the ``outcome`` is where its 95 % interval lies around 1 ± ``delta``.

    ``machine`` is the ratio of the reference workload's times, new over old; None where it was not timed. ``reason`` is
    why the outcome is INCONCLUSIVE, empty for any other.
    """

    outcome: Outcome
    ratio: float
    low: float
    high: float
    delta: float
    machine: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResultComparison:
    """``comparison`` of a quantity whose medians are ``old_ms`` and ``new_ms``."""

    old_ms: float
    new_ms: float
    comparison: Comparison


def compare_results(
    old: Result, new: Result, seed: int, comparable: bool = True, scale: float = 1.0, resample: bool = True
) -> ResultComparison | None:
    """``new`` against ``old``, by what a caller waits for; None where one of the two has no valid measurement.

    That is the device's time where the host keeps ahead in both, latency otherwise. ``comparable``: both ran on one
    machine with one torch and equal environment variables; their reference workloads are then divided out, where the
    threads are equal too. New times are multiplied by ``scale``. A difference decides nothing where other programs
    took part of the CPU or Ctrl-C ended a run. Rounds are not paired, not even inside one Record: cases end after
    different numbers of them. Without ``resample`` the interval is made of the medians' own, as ``combine`` does.
    """
    use_latency = _waits_for_host(old) or _waits_for_host(new)
    before, after = (_quantity(result, use_latency) for result in (old, new))
    if before is None or after is None or not (old.valid and new.valid) or min(before.min_ms, after.min_ms) <= 0:
        return None
    reference_ms = None
    if comparable and old.case.threads == new.case.threads and old.reference_ms and new.reference_ms:
        reference_ms = old.reference_ms, new.reference_ms
    doubt = next(filter(None, map(_doubt, (old, new))), "")
    delta = DELTA[new.case.kind]
    if resample:
        rounds = [[scale * ms for ms in samples] for samples in after.rounds]
        comparison = compare(before.rounds, rounds, delta, seed, doubt=doubt, reference_ms=reference_ms)
    else:
        comparison = combine(before, after, delta, scale, doubt, reference_ms)
    return ResultComparison(before.median_ms, after.median_ms, comparison)


def _doubt(result: Result) -> str:
    return what_voids(result) or ("Ctrl-C ended a run" if result.stopped == "interrupted" else "")


def _waits_for_host(result: Result) -> bool:
    """Whether the host, not the device, sets the pace; also where that is unknown."""
    device, enqueue = result.metrics.device_time, result.metrics.enqueue
    return device is None or enqueue is None or enqueue.median_ms > HOST_BOUND * device.median_ms


def _quantity(result: Result, use_latency: bool) -> Metric | None:
    return result.metrics.latency if use_latency else result.metrics.device_time


def compare(
    old: Rounds,
    new: Rounds,
    delta: float,
    seed: int = 0,
    paired: bool = False,
    resamples: int = 1000,
    doubt: str = "",
    reference_ms: tuple[Sequence[float], Sequence[float]] | None = None,
) -> Comparison:
    """Old durations and new ones, in ms, by bootstrap over rounds, then samples.

    ``paired``: round i of both was taken at one time; each resample takes the same rounds of both, which cancels what
    slowed both. ``doubt``: why one of the two is no fair measurement, so that a difference decides nothing.
    ``reference_ms``: the reference workload's time for each round, old and new. The interval then holds the ratio as
    measured and as divided by the machine's change of pace, so that a difference counts where both show it.

    Raises:
        ValueError: a sample is missing or not positive, or a paired round has no partner.
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
    old_pace, new_pace = ([*map(log, pace)] for pace in reference_ms or ([1.0] * len(old), [1.0] * len(new)))
    ratios, steadied = [], []
    for _ in range(resamples):
        of_old = rng.choices(range(len(old)), k=len(old))
        of_new = of_old if paired else rng.choices(range(len(new)), k=len(new))
        ratios.append(new_median(of_new, rng) / old_median(of_old, rng))
        steadied.append(ratios[-1] / _moved([old_pace[i] for i in of_old], [new_pace[i] for i in of_new]))
    machine = _moved(old_pace, new_pace) if reference_ms else None
    return _decide(medians[1] / medians[0], central(ratios), central(steadied), delta, machine, doubt)


def combine(
    old: Metric,
    new: Metric,
    delta: float,
    scale: float = 1.0,
    doubt: str = "",
    reference_ms: tuple[Sequence[float], Sequence[float]] | None = None,
) -> Comparison:
    """As ``compare`` of unpaired rounds, in microseconds: from the intervals that both medians have already.

    The interval of a difference follows from those of its terms by the root of their squared distances (Zou and Donner
    2008, doi:10.1002/sim.3095), here of logarithms. The reference workload counts as a term of its own, so where it
    moves with the times the interval is wider than that of ``compare``.
    """
    ratio = scale * new.median_ms / old.median_ms
    below = [log(new.median_ms / new.ci95_ms[0]), log(old.ci95_ms[1] / old.median_ms)]
    above = [log(new.ci95_ms[1] / new.median_ms), log(old.median_ms / old.ci95_ms[0])]
    measured = ratio * exp(-hypot(*below)), ratio * exp(hypot(*above))
    if reference_ms is None:
        return _decide(ratio, measured, measured, delta, None, doubt)
    paces = [[*map(log, pace)] for pace in reference_ms]
    machine, term = _moved(*paces), SIGMAS * sqrt(sum(pvariance(pace) / len(pace) for pace in paces))
    steadied = ratio / machine * exp(-hypot(*below, term)), ratio / machine * exp(hypot(*above, term))
    return _decide(ratio, measured, steadied, delta, machine, doubt)


def _decide(
    ratio: float,
    measured: tuple[float, float],
    steadied: tuple[float, float],
    delta: float,
    machine: float | None,
    doubt: str,
) -> Comparison:
    """The comparison whose interval holds both; a difference has to stand in both, and without a doubt."""
    low, high = min(measured[0], steadied[0]), max(measured[1], steadied[1])
    outcome, reason = _outcome(low, high, delta), ""
    if doubt and outcome != "SAME":
        outcome, reason = "INCONCLUSIVE", doubt
    elif outcome == "INCONCLUSIVE":
        stands = _outcome(*measured, delta) != "INCONCLUSIVE"
        reason = "the machine changed its pace too" if stands else CROSSES
    return Comparison(outcome, ratio, low, high, delta, machine, reason)


def _moved(old_logs: Sequence[float], new_logs: Sequence[float]) -> float:
    return exp(fsum(new_logs) / len(new_logs) - fsum(old_logs) / len(old_logs))


def _outcome(low: float, high: float, delta: float) -> Outcome:
    if low > 1 + delta:
        return "SLOWER"
    if high < 1 - delta:
        return "FASTER"
    return "SAME" if low >= 1 - delta and high <= 1 + delta else "INCONCLUSIVE"
