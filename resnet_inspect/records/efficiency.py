"""Measured times next to the floor: how near each part comes to its roof, and where there is headroom."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from resnet_inspect.benchmark.breakdown import Breakdown
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Metric, Record, Result
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.blocks import row_of
from resnet_inspect.graph.facts.passes import Pass, passes
from resnet_inspect.hardware.devices import Device
from resnet_inspect.hardware.floor import Floor, floors_of, total_of
from resnet_inspect.questions.roofline import device_facts, fused_names, notes, unsteady
from resnet_inspect.records.findings import word
from resnet_inspect.records.headroom import find_above_roof, find_headroom
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate
from resnet_inspect.units import significant, text
from resnet_inspect.vocabulary import Depth


class Part(NamedTuple):
    """A part of the net: its floor, its measured milliseconds where known, and what is fused into it.

    ``net_headroom_ms`` is the whole net's headroom.
    """

    name: str
    floor: Floor
    measured_ms: float | None
    fused: str | None
    net_headroom_ms: float

    @property
    def floor_ms(self) -> float:
        return 1e3 * self.floor.floor_s

    @property
    def efficiency(self) -> float | None:
        return self.floor_ms / self.measured_ms if self.measured_ms else None

    @property
    def headroom_ms(self) -> float | None:
        return self.measured_ms - self.floor_ms if self.measured_ms else None

    @property
    def headroom_share(self) -> float | None:
        above = self.headroom_ms
        return above / self.net_headroom_ms if above is not None and self.net_headroom_ms > 0 else None

    @property
    def flop_per_s(self) -> float | None:
        return self.floor.flop / self.measured_ms * 1e3 if self.measured_ms else None


FUSED: Column[Part] = Column("fused", "with", lambda part: part.fused, optional=True)
COLUMNS: tuple[Column[Part], ...] = (
    Column("flop", "FLOP", lambda part: part.floor.flop, "count", optional=True),
    Column("intensity", "FLOP/B", lambda part: part.floor.intensity, "rate"),
    Column("roof", "roof", lambda part: part.floor.roof),
    Column("floor_ms", "floor", lambda part: part.floor_ms, "ms"),
    Column("measured_ms", "measured", lambda part: part.measured_ms, "ms"),
    Column("efficiency", "efficiency", lambda part: part.efficiency, "share"),
    Column("headroom_ms", "headroom", lambda part: part.headroom_ms, "ms"),
    Column("headroom_share", "of all", lambda part: part.headroom_share, "share", optional=True),
    Column("achieved_flop_per_s", "achieved", lambda part: part.flop_per_s, "flop_rate", optional=True),
    Column("eager_floor_ms", "eager floor", lambda part: 1e3 * part.floor.eager_s, "ms", optional=True),
)


def choose(record: Record, number: int | None, mismatches: Callable[[Case], Sequence[str]]) -> Result:
    """Result ``number`` as the Record's table lists them, from 1; or the only one that fits the request.

    ``mismatches`` names the options that a case does not fit.

    Raises:
        RequestError: none fits, several do, the numbered one does not, or it is a training step or has no times.
    """
    numbered = list(enumerate(record.results, start=1))
    if number is not None:
        fitting = [(i, result) for i, result in numbered if i == number]
        if not fitting:
            raise RequestError(f"--case {number}: the Record has {len(numbered)}", hint=list_cases(numbered))
        if others := mismatches(fitting[0][1].case):
            message = f"--case {number} is {fitting[0][1].case.label}, not {', '.join(others)}"
            raise RequestError(message, hint="leave out what contradicts --case, or --case itself")
    else:
        fitting = [(i, result) for i, result in numbered if not mismatches(result.case)]
        if not fitting:
            raise RequestError("no case of the Record fits the request", hint=list_cases(numbered))
        if len(fitting) > 1:
            raise RequestError(f"{len(fitting)} cases of the Record fit", hint=f"give --case: {list_cases(fitting)}")
    result = fitting[0][1]
    if result.case.task != "infer":
        raise RequestError(f"{result.case.label}: the roofline is of inference", hint="bench --task infer")
    if result.device_or_latency is None:
        raise RequestError(f"{result.case.label}: {result.status}, it has no times", hint="measure it again")
    return result


def list_cases(numbered: Iterable[tuple[int, Result]]) -> str:
    """``1 is resnet18 …; 2 is resnet50 …``, for who must choose."""
    return "; ".join(f"{i} is {result.case.label}" for i, result in numbered)


def efficiency(graph: Graph, device: Device, record: Record, result: Result, depth: Depth = "stage") -> Report:
    """One row a part: its floor, its measured time, its efficiency, and its headroom."""
    precision = result.case.arithmetic
    fused_passes = passes(graph)
    floors = floors_of(fused_passes, device, precision, row_of(graph, depth))
    measured_ms = measured_times(graph, fused_passes, result, depth)
    total = total_of(floors.values())
    plain = result.device_or_latency
    assert plain is not None, "choose() takes no result without times"
    whole_ms = sum(measured_ms.values()) or plain.median_ms
    headroom_ms = whole_ms - 1e3 * total.floor_s
    fused = fused_names(graph, fused_passes) if depth == "layer" else {}
    parts = [Part(name, floor, measured_ms.get(name), fused.get(name), headroom_ms) for name, floor in floors.items()]
    whole = Part("total", total, whole_ms, None, headroom_ms)
    name: Column[Part] = Column(depth, depth, lambda part: part.name)
    grade = record.environment.grade
    return Report(
        kind="roofline",
        model=graph.name,
        title=f"{result.case.label}, measured, against {device.title}",
        facts=(
            *device_facts(graph, device, precision),
            Fact("floor_ms", "floor", whole.floor_ms, "ms"),
            Fact("measured_ms", "measured", whole_ms, "ms"),
            Fact("measured_is", "which is", _statistic(result, bool(measured_ms))),
            Fact("grade", "grade of the Record", "; ".join((grade.letter, *grade.reasons))),
            Fact("efficiency", "efficiency", whole.efficiency, "share"),
            Fact("headroom_ms", "headroom", headroom_ms, "ms"),
            Fact("achieved_flop_per_s", "achieved", whole.flop_per_s, "flop_rate"),
            Fact("eager_floor_ms", "floor, eager", 1e3 * total.eager_s, "ms"),
        ),
        tables=(tabulate(f"{depth}s", f"{depth}s", (name, *([FUSED] if fused else []), *COLUMNS), parts, whole),),
        findings=(
            *unsteady(device),
            *map(word, result.findings),
            *([] if result.valid else [_invalid(result)]),
            *([] if measured_ms else [_unmeasured(depth, result)]),
            *(_apart(depth, whole_ms, plain, result) if measured_ms else ()),
            *find_above_roof({**floors, "total": total}, {**measured_ms, "total": whole_ms}),
            *find_headroom(floors, measured_ms, result, device, precision),
        ),
        notes=notes(fused_passes, device, precision),
    )


def measured_times(graph: Graph, fused_passes: Sequence[Pass], result: Result, depth: Depth) -> dict[str, float]:
    """Milliseconds of each part, by the result's stages or layers; empty where it has none so fine.

    The time of a call belongs to the pass that it is fused into, and is held against that pass's floor.
    """
    if depth == "stage" and result.stages:
        return _sum_by_part(result.stages, {stage: stage for stage in graph.stages})
    row = row_of(graph, depth)
    part_of = {node.name: row(fused.anchor) for fused in fused_passes for node in fused.calls.values()}
    return _sum_by_part(result.layers, part_of) if result.layers else {}


def require_times(graph: Graph, fused_passes: Sequence[Pass], result: Result, depth: Depth) -> dict[str, float]:
    """``measured_times``, for who can do nothing without.

    Raises:
        RequestError: the result has none so fine.
    """
    if times := measured_times(graph, fused_passes, result, depth):
        return times
    per = "stage" if depth == "stage" else "layer"
    raise RequestError(f"{result.case.label}: no times of {per}s", hint=f"`bench --per {per}` measures them")


def _sum_by_part(breakdown: Breakdown, part_of: Mapping[str, str]) -> dict[str, float]:
    times: dict[str, float] = {}
    for row in breakdown.rows:
        if row.name not in part_of:
            raise RequestError(f"the Record has times of {row.name!r}, which this net lacks", hint="was it edited?")
        part = part_of[row.name]
        times[part] = times.get(part, 0.0) + row.ms
    return times


def _statistic(result: Result, marked: bool) -> str:
    """What ``measured`` is."""
    if marked:
        return "the sum over its parts of the mean of the marked calls"
    return f"the median {'device time' if result.metrics.device_time else 'latency'} of one call"


def _apart(depth: Depth, whole_ms: float, plain: Metric, result: Result) -> Iterator[Finding]:
    """Parts that add up to another time than the plain calls took."""
    low, high = plain.ci95_ms
    if not low <= whole_ms <= high:
        median, interval = text(plain.median_ms, "ms"), f"{significant(low)} to {significant(high)}"
        message = f"the {depth}s add up to {text(whole_ms, 'ms')}, the median call takes {median} ({interval})"
        yield Finding("apart", result.case.label, message, "trust the shares of time more than the times")


def _unmeasured(depth: Depth, result: Result) -> Finding:
    per = "stage" if depth == "stage" else "layer"
    reason = result.unknown.get(f"{per}s")
    message = f"no {per} times: the whole net is held against the sum of the floors" + (f": {reason}" if reason else "")
    return Finding(f"no-{per}s", result.case.label, message, f"`resnet-inspect bench --per {per}` measures them")


def _invalid(result: Result) -> Finding:
    failed = ", ".join(check.id for check in result.checks if not check.ok)
    return Finding("invalid", result.case.label, f"failed its self-checks: {failed}", "measure it again")
