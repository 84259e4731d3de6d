"""How long calls take: for each latency, the share of a case's calls that took no longer."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from resnet_inspect.benchmark.record import Metric, Record
from resnet_inspect.chart import COLORS, Axis, Chart, Interval, Line, Mark, Point, Points, Rule, Scale
from resnet_inspect.charts.cases import common_words, names_of
from resnet_inspect.errors import RequestError
from resnet_inspect.report import Column, tabulate
from resnet_inspect.units import counted, text

STEPS = 400  # of a line: a picture has no room for more
WIDE = 4.0  # times the shortest call: a longer one needs a log axis


class Case(NamedTuple):
    """The latency of one case."""

    name: str
    metric: Metric


COLUMNS: tuple[Column[Case], ...] = (
    Column("case", "case", lambda case: case.name),
    Column("calls", "calls", lambda case: case.metric.n, "integer"),
    Column("median_ms", "median", lambda case: case.metric.median_ms, "ms"),
    Column("low_ms", "95% from", lambda case: case.metric.ci95_ms[0], "ms"),
    Column("high_ms", "to", lambda case: case.metric.ci95_ms[1], "ms"),
    Column("p95_ms", "p95", lambda case: case.metric.p95_ms, "ms"),
    Column("min_ms", "shortest", lambda case: case.metric.min_ms, "ms"),
    Column("max_ms", "longest", lambda case: max(case.metric.samples_ms), "ms"),
)


def latency(record: Record) -> Chart:
    """A line for each case that has times: every call, the median with its 95 % interval, and p95.

    Raises:
        RequestError: no case has.
    """
    timed = [result for result in record.results if result.metrics.latency]
    if not timed:
        raise RequestError("no case of the Record has times", hint="measure it again")
    names = names_of(timed)
    cases = [
        Case(name, result.metrics.latency) for name, result in zip(names, timed, strict=True) if result.metrics.latency
    ]
    shortest, longest = min(case.metric.min_ms for case in cases), max(max(case.metric.samples_ms) for case in cases)
    scale: Scale = "log" if 0 < shortest * WIDE < longest else "linear"
    where = common_words([result.case for result in timed])
    return Chart(
        key="latency",
        title=f"latency of {where}" if where else "latency of each case",
        x=Axis("latency", "ms", scale),
        y=Axis("calls that took no longer", "share", low=0.0, high=1.0),
        marks=(
            Rule(0.5, "y", "median"),
            Rule(0.95, "y", "p95"),
            *(mark for i, case in enumerate(cases) for mark in _marks(case, i)),
        ),
        table=tabulate("latency", "latency", COLUMNS, cases),
        alt=f"{_told(cases)}{_untimed(record, len(timed))}.",
    )


def _marks(case: Case, position: int) -> Iterator[Mark]:
    metric, color = case.metric, position % COLORS
    yield Line(tuple(_steps(sorted(metric.samples_ms))), case.name, color, dashed=position >= COLORS, step=True)
    yield Interval(0.5, metric.ci95_ms[0], metric.median_ms, metric.ci95_ms[1], color=color)
    yield Points((Point(metric.p95_ms, 0.95),), color=color)


def _steps(ordered: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Samples with the share of all that are no longer; of many, as many as a picture has room for."""
    n = len(ordered)
    yield ordered[0], 0.0
    for step in range(1, min(n, STEPS) + 1):
        rank = step * n // min(n, STEPS)
        yield ordered[rank - 1], rank / n


def _told(cases: Sequence[Case]) -> str:
    fastest = min(cases, key=lambda case: case.metric.median_ms)
    median, p95 = text(fastest.metric.median_ms, "ms"), text(fastest.metric.p95_ms, "ms")
    if len(cases) == 1:
        return f"Half of the calls take up to {median}, 95 % up to {p95}"
    return f"Of {counted(len(cases), 'case')}, {fastest.name} has the lowest median: {median}, with p95 at {p95}"


def _untimed(record: Record, timed: int) -> str:
    missing = len(record.results) - timed
    return f"; {counted(missing, 'case')} without times {'is' if missing == 1 else 'are'} left out" if missing else ""
