"""Latency or throughput by batch size, as measured, against the least time where that is known."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Literal, NamedTuple

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.chart import Axis, Chart, Interval, Line, Mark
from resnet_inspect.charts.cases import common_words, names_of
from resnet_inspect.errors import RequestError
from resnet_inspect.report import Column, tabulate
from resnet_inspect.units import Unit, text

Quantity = Literal["latency", "throughput"]
FloorOf = Callable[[Result], float | None]


class Size(NamedTuple):
    """One batch size of a configuration: the value with its interval, and the best that the floor allows."""

    label: str
    batch_size: int
    value: float
    low: float
    high: float
    bound: float | None


CASE: Column[Size] = Column("case", "case", lambda size: size.label)


def scaling(record: Record, quantity: Quantity, floor_ms: FloorOf) -> Chart:
    """A line for each configuration that was measured at several batch sizes; its least time, or none, is dashed.

    Raises:
        RequestError: none was.
    """
    groups = {case: results for case, results in _groups(record).items() if len(results) > 1}
    if not groups:
        raise RequestError(
            "no net of the Record has times at two batch sizes", hint="`bench --batch-size 1,8,32` measures several"
        )
    named = names_of([replace(each[0], case=case, valid=all(r.valid for r in each)) for case, each in groups.items()])
    drawn = [
        [_size(name, result, quantity, floor_ms) for result in results]
        for name, results in zip(named, groups.values(), strict=True)
    ]
    rows = [size for sizes in drawn for size in sizes]
    per_image = quantity == "throughput"
    title = "throughput, images/s" if per_image else "latency of a batch"
    unit: Unit = "rate" if per_image else "ms"
    bound: Column[Size] = Column("bound", "at most" if per_image else "at least", lambda size: size.bound, unit)
    columns: tuple[Column[Size], ...] = (
        *([CASE] if len(drawn) > 1 else []),
        Column("batch_size", "batch", lambda size: size.batch_size, "integer"),
        Column("value", "images/s" if per_image else "latency", lambda size: size.value, unit),
        Column("low", "from", lambda size: size.low, unit),
        Column("high", "to", lambda size: size.high, unit),
        *([bound] if any(size.bound for size in rows) else []),
    )
    return Chart(
        key="scaling",
        title=f"{quantity.capitalize()} by batch size, {common_words([*groups])}",
        x=Axis("images per batch", "integer", "log"),
        y=Axis(title, unit, "log"),
        marks=tuple(mark for color, sizes in enumerate(drawn) for mark in _marks(sizes, color, per_image)),
        table=tabulate("sizes", f"{quantity} by batch size", columns, rows),
        alt=" ".join(_tell(sizes, unit) for sizes in drawn),
    )


def _groups(record: Record) -> Mapping[Case, Sequence[Result]]:
    """Results that differ in their batch size alone, smallest batch first, by their case for a single image."""
    groups: dict[Case, list[Result]] = {}
    for result in record.results:
        case = result.case
        if result.metrics.latency and result.metrics.throughput:
            groups.setdefault(replace(case, batch_size=1, input=case.input[1:]), []).append(result)
    return {case: sorted(results, key=lambda each: each.case.batch_size) for case, results in groups.items()}


def _size(label: str, result: Result, quantity: Quantity, floor_ms: FloorOf) -> Size:
    images, floor = result.case.batch_size, floor_ms(result)
    metric = result.metrics.throughput if quantity == "throughput" else result.metrics.latency
    assert metric is not None, "_groups takes no result without times"
    ms = (metric.median_ms, *metric.ci95_ms)
    if quantity == "latency":
        return Size(label, images, *ms, floor)
    at_once = 1e3 * images * (result.case.processes or 1)
    rates = [at_once / each if each else inf for each in ms]
    return Size(label, images, rates[0], rates[2], rates[1], at_once / floor if floor else None)


def _marks(sizes: Sequence[Size], color: int, per_image: bool) -> Iterator[Mark]:
    yield Line(tuple((size.batch_size, size.value) for size in sizes), sizes[0].label, color)
    if len(bounds := tuple((size.batch_size, size.bound) for size in sizes if size.bound)) > 1:
        label = "" if color else f"the {'most' if per_image else 'least'} that the device allows"
        yield Line(bounds, label, color, dashed=True)
    for size in sizes:
        yield Interval(size.batch_size, size.low, size.value, size.high, "y", color=color)


def _tell(sizes: Sequence[Size], unit: Unit) -> str:
    ends = (f"{text(size.value, unit)} at batch {size.batch_size}" for size in (sizes[0], sizes[-1]))
    return f"{sizes[0].label}: {', '.join(ends)}."
