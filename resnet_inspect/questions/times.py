"""A net's time by the most trustworthy source that has one: a measurement, a prediction, or a floor."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from resnet_inspect.benchmark.findings import what_voids
from resnet_inspect.benchmark.record import Result
from resnet_inspect.benchmark.statistics import median_interval
from resnet_inspect.sources.costs import Costs
from resnet_inspect.typed_json import JsonObject
from resnet_inspect.units import counted

Basis = Literal["measured", "predicted", "floor"]


class Time(NamedTuple):
    """Milliseconds of a forward pass of the batch; a floor is the least that they can be, and has no interval.

    The interval holds the median of a measurement with 95 %, a prediction with 90 %. ``how`` is the configuration that
    was measured.
    """

    ms: float
    basis: Basis
    low_ms: float | None = None
    high_ms: float | None = None
    how: str = ""


def inferences_of(results: Iterable[Result], name: str, spec: JsonObject, shape: tuple[int, ...]) -> list[Result]:
    """The inferences of a net at an input, whatever their options; ``spec`` is empty for code, which has none."""
    return [
        result
        for result in results
        if result.case.task == "infer"
        and result.case.input == shape
        and result.spec == spec
        and (spec or result.case.model == name)
    ]


def fastest(results: Sequence[Result], seed: int) -> Time | None:
    """The lowest latency of some valid results of a net; None where there is none.

    Steady ones come first: what disturbs a measurement can only add to its time, and ``how`` then says what did.
    """
    valid = [result for result in results if result.valid]
    steady = [result for result in valid if not what_voids(result)]
    times = [_measured(result, seed) for result in steady or valid]
    return min((time for time in times if time), key=lambda time: time.ms, default=None)


def _measured(result: Result, seed: int) -> Time | None:
    metric, case = result.metrics.latency, result.case
    if metric is None:
        return None
    threads = f", {counted(case.threads, 'thread')}" if case.kind == "cpu" else ""
    disturbed = f"; {voids}" if (voids := what_voids(result)) else ""
    how = f"{case.precision} {case.layout} {case.mode}{' folded' if case.folded else ''}{threads}{disturbed}"
    return Time(metric.median_ms, "measured", *median_interval(metric.rounds, seed), how)


def time_of(costs: Costs, results: Iterable[Result], spec: JsonObject, seed: int) -> Time | None:
    """The net's measured time, or its predicted one, or its floor; None where there is none of these."""
    if measured := fastest(inferences_of(results, costs.name, spec, costs.input), seed):
        return measured
    if costs.predicted_ms is not None:
        low, high = (max(end or costs.predicted_ms, costs.floor_ms) for end in (costs.low_ms, costs.high_ms))
        return Time(max(costs.predicted_ms, costs.floor_ms), "predicted", low, high)
    return Time(costs.floor_ms, "floor") if costs.floor_ms else None
