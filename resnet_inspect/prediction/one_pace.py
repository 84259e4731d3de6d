"""Times of a Record as if the machine had kept one pace: each round is scaled by its own reference workload."""

from collections.abc import Iterable, Sequence
from itertools import chain

from resnet_inspect.benchmark.record import Metric, Result
from resnet_inspect.benchmark.statistics import Rounds, half_width, median_interval, median_of, pooled


def pace_of(results: Iterable[Result]) -> float | None:
    """The reference workload's median over all rounds, in milliseconds; None where a result has none, as on a GPU."""
    references = [result.reference_ms for result in results]
    if not references or not all(references):
        return None
    return median_of(chain.from_iterable(reference or () for reference in references))


def at_pace(metric: Metric, reference_ms: tuple[float, ...] | None, pace_ms: float | None) -> Rounds:
    """The rounds of ``metric`` at a pace of ``pace_ms``; as they were where no reference was timed.

    A machine that slows down slows a round and its reference. What stalls a reference alone would shorten the round
    that follows: where the rounds then agree less than by the fastest reference of all, that one holds for each.
    """
    if reference_ms is None or pace_ms is None:
        return metric.rounds
    by_own = _scaled(metric.rounds, [pace_ms / each for each in reference_ms])
    by_fastest = _scaled(metric.rounds, [pace_ms / min(reference_ms)] * len(reference_ms))
    return min(by_own, by_fastest, key=_disagreement)


def _scaled(rounds: Rounds, factors: Sequence[float]) -> Rounds:
    return [[sample * factor for sample in samples] for samples, factor in zip(rounds, factors, strict=True)]


def _disagreement(rounds: Rounds) -> float:
    """The slowest round's median over the fastest's."""
    medians = [*map(median_of, rounds)]
    return max(medians) / min(medians)


def median_at(metric: Metric, reference_ms: tuple[float, ...] | None, pace_ms: float | None) -> tuple[float, float]:
    """The median of ``at_pace`` in milliseconds, and half its 95 % interval as a share of it."""
    rounds = at_pace(metric, reference_ms, pace_ms)
    median = median_of(pooled(rounds))
    return median, half_width(median_interval(rounds, seed=0), median)
