"""Measured times beside the floor: how near each part comes to its roof, and where there is most to win."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Metric, Record, Result
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.passes import Pass, passes
from resnet_inspect.hardware.devices import Device
from resnet_inspect.hardware.floor import Floor, floors_of, total_of
from resnet_inspect.questions.roofline import KEYS, device_facts, fused_names, notes, unsteady
from resnet_inspect.records.findings import finding
from resnet_inspect.records.headroom import above_roof, most_to_win
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate
from resnet_inspect.units import significant, text
from resnet_inspect.vocabulary import Depth, Precision


class Part(NamedTuple):
    """A stage, a block or a pass: its floor and how long it took, if that is known."""

    name: str
    floor: Floor
    measured_ms: float | None

    @property
    def floor_ms(self) -> float:
        return 1e3 * self.floor.floor_s

    @property
    def reached(self) -> float | None:
        return self.floor_ms / self.measured_ms if self.measured_ms else None

    @property
    def to_win_ms(self) -> float | None:
        return self.measured_ms - self.floor_ms if self.measured_ms else None


def precision_of(case: Case) -> Precision:
    """What convolutions run in: autocast runs them in its own type."""
    return case.precision.removeprefix("amp-")  # type: ignore[return-value]  # the grid has checked it


def choose(record: Record, number: int | None, unlike: Callable[[Case], Sequence[str]]) -> Result:
    """Arm ``number`` as the Record's table lists them, from 1; or the only one that is what was asked for.

    ``unlike`` names what was asked for that a configuration is not.

    Raises:
        RequestError: there is none, there are several, it is another than was asked for, or a training step.
    """
    results = list(enumerate(record.results, start=1))
    if number is not None:
        found = [(i, result) for i, result in results if i == number]
        if not found:
            raise RequestError(f"--case {number}: the Record has {len(results)}", hint=_listed(results))
        if others := unlike(found[0][1].case):
            message = f"--case {number} is {found[0][1].case.label}, not {', '.join(others)}"
            raise RequestError(message, hint="leave out what contradicts --case, or --case itself")
    else:
        found = [(i, result) for i, result in results if not unlike(result.case)]
        if not found:
            raise RequestError("no arm of the Record is what was asked for", hint=_listed(results))
        if len(found) > 1:
            raise RequestError(f"{len(found)} arms of the Record fit", hint=f"give --case: {_listed(found)}")
    result = found[0][1]
    if result.case.task != "infer":
        raise RequestError(f"{result.case.label}: the roofline is that of inference", hint="bench --task infer")
    if whole_metric(result) is None:
        raise RequestError(f"{result.case.label}: {result.status}, it has no times", hint="measure it again")
    return result


def _listed(results: Sequence[tuple[int, Result]]) -> str:
    return "; ".join(f"{i} is {result.case.label}" for i, result in results)


def whole_metric(result: Result) -> Metric | None:
    """The device's time for one call where it is known, else the latency."""
    return result.metrics.get("device_time") or result.metrics.get("latency")


def attained(graph: Graph, device: Device, record: Record, result: Result, depth: Depth = "stage") -> Report:
    """One row a part: its floor, what was measured, how much of the roof that is, and the milliseconds above it."""
    precision = precision_of(result.case)
    found = passes(graph)
    parts = floors_of(found, device, precision, KEYS[depth])
    measured = measured_ms(graph, found, result, depth)
    total = total_of(parts.values())
    plain = whole_metric(result)
    assert plain is not None, "choose() takes no arm without times"
    whole = sum(measured.values()) or plain.median_ms
    above = whole - 1e3 * total.floor_s
    grade = record.environment["grade"]
    beside = fused_names(found) if depth == "layer" else {}
    fused: Column[Part] = Column("fused", "with", lambda part: beside.get(part.name), optional=True)
    columns: tuple[Column[Part], ...] = (
        Column(depth, depth, lambda part: part.name),
        *([fused] if beside else []),
        Column("flop", "FLOP", lambda part: part.floor.flop, "count", optional=True),
        Column("intensity", "FLOP/B", lambda part: part.floor.intensity, "rate"),
        Column("roof", "roof", lambda part: part.floor.roof),
        Column("floor_ms", "floor", lambda part: part.floor_ms, "ms"),
        Column("measured_ms", "measured", lambda part: part.measured_ms, "ms"),
        Column("reached", "reached", lambda part: part.reached, "share"),
        Column("to_win_ms", "to win", lambda part: part.to_win_ms, "ms"),
        Column(
            "to_win_share",
            "of all",
            lambda part: part.to_win_ms / above if part.to_win_ms is not None and above > 0 else None,
            "share",
            optional=True,
        ),
        Column(
            "achieved_flop_per_s",
            "achieved",
            lambda part: part.floor.flop / part.measured_ms * 1e3 if part.measured_ms else None,
            "flop_rate",
            optional=True,
        ),
        Column("eager_floor_ms", "eager floor", lambda part: 1e3 * part.floor.eager_s, "ms", optional=True),
    )
    rows = [Part(name, floor, measured.get(name) or None) for name, floor in parts.items()]
    last = Part("total", total, whole or None)
    return Report(
        kind="roofline",
        model=graph.name,
        title=f"{result.case.label}, measured, against {device.title}",
        facts=(
            *device_facts(graph, device, precision),
            Fact("floor_ms", "floor", 1e3 * total.floor_s, "ms"),
            Fact("measured_ms", "measured", whole, "ms"),
            Fact("measured_is", "which is", _statistic(result, bool(measured))),
            Fact("grade", "grade of the Record", "; ".join((grade["letter"], *grade["reasons"]))),
            Fact("reached", "of the roof", 1e3 * total.floor_s / whole, "share"),
            Fact("to_win_ms", "to win", above, "ms"),
            Fact("achieved_flop_per_s", "achieved", total.flop / whole * 1e3, "flop_rate"),
            Fact("eager_floor_ms", "floor, eager", 1e3 * total.eager_s, "ms"),
        ),
        tables=(tabulate(f"{depth}s", f"{depth}s", columns, rows, last),),
        findings=(
            *unsteady(device),
            *(finding(one) for one in result.findings),
            *([] if result.valid else [_invalid(result)]),
            *([] if measured else [_unmeasured(depth, result)]),
            *(_apart(depth, whole, plain, result) if measured else []),
            *above_roof({**parts, "total": total}, {**measured, "total": whole}),
            *most_to_win(parts, measured, result, device, precision),
        ),
        notes=notes(found, device, precision),
    )


def measured_ms(graph: Graph, found: Iterable[Pass], result: Result, depth: Depth) -> dict[str, float]:
    """Milliseconds of each part, as the arm's stages or layers tell them; empty where it has none so fine.

    The time of a call belongs to the pass it is fused into, whose floor it is held against.
    """
    if depth == "stage" and result.stages:
        return _times(result.stages, {stage: stage for stage in graph.stages})
    part_of = {node.name: KEYS[depth](one.anchor) for one in found for node in one.calls.values()}
    return _times(result.layers, part_of) if result.layers else {}


def _times(document: Any, part_of: Mapping[str, str]) -> dict[str, float]:
    """The rows of a Record's ``stages`` or ``layers``, added up by part."""
    times: dict[str, float] = {}
    try:
        for row in document["rows"]:
            part = part_of[row["name"]]
            times[part] = times.get(part, 0.0) + row["ms"]
    except (KeyError, TypeError) as error:
        raise RequestError(
            f"the Record's stage times are not those of this net: {error}", hint="was it edited?"
        ) from None
    return times


def _statistic(result: Result, marked: bool) -> str:
    """What ``measured`` is."""
    if marked:
        return "the sum over its parts of the mean of the marked calls"
    return f"the median {'device time' if result.metrics.get('device_time') else 'latency'} of one call"


def _apart(depth: Depth, whole: float, plain: Metric, result: Result) -> list[Finding]:
    """Parts that add up to what the plain calls did not take."""
    low, high = plain.ci95_ms
    if low <= whole <= high:
        return []
    median, interval = text(plain.median_ms, "ms"), f"{significant(low)} to {significant(high)}"
    return [
        Finding(
            "apart",
            result.case.label,
            f"the {depth}s add up to {text(whole, 'ms')}, the median call takes {median} ({interval})",
            "trust their shares sooner than their times",
        )
    ]


def _unmeasured(depth: Depth, result: Result) -> Finding:
    per = "stage" if depth == "stage" else "layer"
    reason = result.unknown.get(f"{per}s")
    return Finding(
        f"no-{per}s",
        result.case.label,
        f"no {per} times, the whole is held against the sum of the floors" + (f": {reason}" if reason else ""),
        f"`resnet-inspect bench --per {per}` measures them",
    )


def _invalid(result: Result) -> Finding:
    failed = ", ".join(check.id for check in result.checks if not check.ok)
    return Finding(
        "invalid", result.case.label, f"the measurement failed its self-checks: {failed}", "measure it again"
    )
