"""One case, round by round: whether it drifts, runs at two speeds, or follows the pace of the machine."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from resnet_inspect.benchmark.record import Metric, Result
from resnet_inspect.benchmark.statistics import median_of
from resnet_inspect.chart import Axis, Chart, Line, Mark, Point, Points
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.gpu import GpuState
from resnet_inspect.records.findings import word
from resnet_inspect.report import Column, tabulate
from resnet_inspect.units import counted, text

DOTS = 1500  # of a picture: more only hide each other
TOLD = ("drift", "bimodal", "noisy", "unsteady-cpu", "unsteady-clock", "tail")  # findings that the picture shows
WIDE = 10.0  # times the shortest call: a longer one needs a log axis
REACH = 0.38  # of a round's dots to either side, so that rounds stay apart


class Round(NamedTuple):
    """The samples of a round, numbered from 1; the reference workload's time before it, and the GPU's clock in it."""

    number: int
    samples_ms: Sequence[float]
    reference_ms: float | None
    sm_mhz: int | None

    @property
    def median_ms(self) -> float:
        return median_of(self.samples_ms)


COLUMNS: tuple[Column[Round], ...] = (
    Column("round", "round", lambda each: each.number, "integer"),
    Column("calls", "calls", lambda each: len(each.samples_ms), "integer"),
    Column("median_ms", "median", lambda each: each.median_ms, "ms"),
    Column("min_ms", "shortest", lambda each: min(each.samples_ms), "ms"),
    Column("max_ms", "longest", lambda each: max(each.samples_ms), "ms"),
    Column("reference_ms", "reference workload", lambda each: each.reference_ms, "ms", optional=True),
    Column("sm_mhz", "MHz", lambda each: each.sm_mhz, "integer", optional=True),
)


def rounds(result: Result) -> Chart:
    """Every call of a case in the order of the run, each round's median, and the reference workload behind them.

    Raises:
        RequestError: the case has no times.
    """
    metric = result.metrics.latency
    if metric is None:
        raise RequestError(f"{result.case.label}: {result.status}, it has no times", hint="measure it again")
    listed = [*_rounds(result, metric)]
    used = [
        column for column in COLUMNS if not column.optional or any(column.value(each) is not None for each in listed)
    ]
    return Chart(
        key="rounds",
        title=f"rounds of {result.case.label}",
        x=Axis("round", "integer", low=0.5, high=len(listed) + 0.5),
        y=Axis("latency", "ms", "log" if 0 < metric.min_ms * WIDE < max(metric.samples_ms) else "linear"),
        marks=tuple(_marks(listed, metric)),
        table=tabulate("rounds", "rounds", used, listed),
        alt=_told(result, listed, metric),
        ratio=0.4,
    )


def _rounds(result: Result, metric: Metric) -> Iterator[Round]:
    states = result.clocks.rounds if result.clocks else ()
    references = result.reference_ms or ()
    for i, samples in enumerate(metric.rounds):
        state = states[i] if i < len(states) else None
        reference = references[i] if i < len(references) else None
        yield Round(i + 1, samples, reference, state.sm_mhz if isinstance(state, GpuState) else None)


def _marks(listed: Sequence[Round], metric: Metric) -> Iterator[Mark]:
    references = [(each.number - 0.5, each.reference_ms) for each in listed if each.reference_ms is not None]
    if references:
        scale = metric.median_ms / median_of(reference for _, reference in references)
        at = tuple((x, scale * reference) for x, reference in references)
        yield Line(at, "reference workload, scaled to the median", None, dashed=True)
    every = _every(metric)
    dots = tuple(dot for each in listed for dot in _dots(each, every))
    yield Points(dots, "a call" if every == 1 else f"every {every}th call")
    yield Line(tuple((each.number, each.median_ms) for each in listed), "median of a round", 1)


def _every(metric: Metric) -> int:
    """Of how many calls one is drawn."""
    return -(-metric.n // DOTS)


def _dots(each: Round, every: int) -> Iterator[Point]:
    n = len(each.samples_ms)
    for i in range(0, n, every):
        yield Point(each.number + REACH * ((2 * i + 1) / n - 1), each.samples_ms[i])


def _told(result: Result, listed: Sequence[Round], metric: Metric) -> str:
    medians = [each.median_ms for each in listed]
    low, high = text(min(medians), "ms"), text(max(medians), "ms")
    seen = [word(finding).message for finding in result.findings if finding.code in TOLD]
    calls = f"{counted(metric.n, 'call')} in {counted(len(listed), 'round')}, whose medians span {low} to {high}"
    return f"{calls}: {'; '.join(seen)}." if seen else f"{calls}."
