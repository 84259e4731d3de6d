"""Times of a Record as if the machine had kept one pace: each round is scaled by its own reference workload."""

from collections.abc import Iterable
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
    """The rounds of ``metric`` at a pace of ``pace_ms``; as they were where no reference was timed."""
    if reference_ms is None or pace_ms is None:
        return metric.rounds
    pairs = zip(metric.rounds, reference_ms, strict=True)
    return [[sample * pace_ms / reference for sample in samples] for samples, reference in pairs]


def median_at(metric: Metric, reference_ms: tuple[float, ...] | None, pace_ms: float | None) -> tuple[float, float]:
    """The median of ``at_pace`` in milliseconds, and half its 95 % interval as a share of it."""
    rounds = at_pace(metric, reference_ms, pace_ms)
    median = median_of(pooled(rounds))
    return median, half_width(median_interval(rounds, seed=0), median)
