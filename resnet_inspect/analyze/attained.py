"""Measured times beside the floor: how near each part comes to its roof, and where there is most to win."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from resnet_inspect.analyze.memory import Precision
from resnet_inspect.analyze.passes import Pass, passes
from resnet_inspect.analyze.roofline import KEYS, Floor, device_facts, floors_of, fused_names, notes, total_of, unsteady
from resnet_inspect.analyze.summary import Depth
from resnet_inspect.counting.devices import Device
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.measure.config import Config
from resnet_inspect.measure.record import Arm, Record
from resnet_inspect.report import Column, Fact, Finding, Report, Row, Table
from resnet_inspect.units import significant, text

MOST = 1.05  # of a roof; above it the roof or the time is wrong, or a cache answers for the memory
LARGEST = 3  # parts with most to win that a finding names


def precision_of(config: Config) -> Precision:
    """What convolutions run in: autocast runs them in its own type."""
    return config.precision.removeprefix("amp-")  # type: ignore[return-value]  # the grid has checked it


def choose(record: Record, number: int | None, unlike: Callable[[Config], Sequence[str]]) -> Arm:
    """Arm ``number`` as the Record's table lists them, from 1; or the only one that is what was asked for.

    ``unlike`` names what was asked for that a configuration is not.

    Raises:
        RequestError: there is none, there are several, it is another than was asked for, or a training step.
    """
    arms = list(enumerate(record.arms, start=1))
    if number is not None:
        found = [(i, arm) for i, arm in arms if i == number]
        if not found:
            raise RequestError(f"--arm {number}: the Record has {len(arms)}", hint=_listed(arms))
        if others := unlike(found[0][1].config):
            message = f"--arm {number} is {found[0][1].config.label}, not {', '.join(others)}"
            raise RequestError(message, hint="leave out what contradicts --arm, or --arm itself")
    else:
        found = [(i, arm) for i, arm in arms if not unlike(arm.config)]
        if not found:
            raise RequestError("no arm of the Record is what was asked for", hint=_listed(arms))
        if len(found) > 1:
            raise RequestError(f"{len(found)} arms of the Record fit", hint=f"give --arm: {_listed(found)}")
    arm = found[0][1]
    if arm.config.task != "infer":
        raise RequestError(f"{arm.config.label}: the roofline is that of inference", hint="bench --task infer")
    if whole_ms(arm) is None:
        raise RequestError(f"{arm.config.label}: {arm.status}, it has no times", hint="measure it again")
    return arm


def _listed(arms: Sequence[tuple[int, Arm]]) -> str:
    return "; ".join(f"{i} is {arm.config.label}" for i, arm in arms)


def whole_ms(arm: Arm) -> float | None:
    """Median of the device's time for one call where it is known, else of the latency."""
    metric = arm.metrics.get("device_time") or arm.metrics.get("latency")
    return metric.median_ms if metric is not None else None


def attained(graph: Graph, device: Device, arm: Arm, depth: Depth = "stage") -> Report:
    """One row a part: its floor, what was measured, how much of the roof that is, and the milliseconds above it."""
    precision = precision_of(arm.config)
    found = passes(graph)
    parts = floors_of(found, device, precision, KEYS[depth])
    measured = measured_ms(graph, found, arm, depth)
    total = total_of(parts.values())
    whole = (sum(measured.values()) if measured else None) or whole_ms(arm)
    assert whole is not None, "choose() takes no arm without times"
    above = whole - 1e3 * total.floor_s
    beside = fused_names(found) if depth == "layer" else {}
    columns = (
        Column(depth, depth),
        *([Column("fused", "with", optional=True)] if beside else []),
        Column("flop", "FLOP", "count", optional=True),
        Column("intensity", "FLOP/B", "rate"),
        Column("roof", "roof"),
        Column("floor_ms", "floor", "ms"),
        Column("measured_ms", "measured", "ms"),
        Column("reached", "reached", "share"),
        Column("to_win_ms", "to win", "ms"),
        Column("to_win_share", "of all", "share", optional=True),
        Column("achieved_flop_per_s", "achieved", "flop_rate", optional=True),
        Column("eager_floor_ms", "eager floor", "ms", optional=True),
    )

    def row(name: str, part: Floor, time: float | None) -> Row:
        floor = 1e3 * part.floor_s
        times: Row = (None,) * 5
        if time:
            of_all = (time - floor) / above if above > 0 else None
            times = (time, floor / time, time - floor, of_all, part.flop / time * 1e3)
        names = (beside.get(name),) if beside else ()
        return (name, *names, part.flop, part.intensity, part.roof, floor, *times, 1e3 * part.eager_s)

    rows = tuple(row(name, part, measured.get(name)) for name, part in parts.items())
    last = row("total", total, whole)
    return Report(
        kind="roofline",
        model=graph.name,
        title=f"{arm.config.label}, measured, against {device.title}",
        facts=(
            *device_facts(graph, device, precision),
            Fact("floor_ms", "floor", 1e3 * total.floor_s, "ms"),
            Fact("measured_ms", "measured", whole, "ms"),
            Fact("reached", "of the roof", 1e3 * total.floor_s / whole, "share"),
            Fact("to_win_ms", "to win", above, "ms"),
            Fact("achieved_flop_per_s", "achieved", total.flop / whole * 1e3, "flop_rate"),
            Fact("eager_floor_ms", "floor, eager", 1e3 * total.eager_s, "ms"),
        ),
        tables=(Table(f"{depth}s", f"{depth}s", columns, rows, last),),
        findings=(
            *unsteady(device),
            *_impossible({**parts, "total": total}, {**measured, "total": whole}),
            *_most_to_win(parts, measured, arm.config),
            *([] if measured else [_unmeasured(depth, arm)]),
            *([] if arm.valid else [_invalid(arm)]),
        ),
        notes=notes(found, device, precision),
    )


def measured_ms(graph: Graph, found: Iterable[Pass], arm: Arm, depth: Depth) -> dict[str, float]:
    """Milliseconds of each part, as the arm's stages or layers tell them; empty where it has none so fine.

    The time of a call belongs to the pass it is fused into, whose floor it is held against.
    """
    if depth == "stage" and arm.stages:
        return _times(arm.stages, {stage: stage for stage in graph.stages})
    part_of = {node.name: KEYS[depth](one.anchor) for one in found for node in one.calls.values()}
    return _times(arm.layers, part_of) if arm.layers else {}


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


def _impossible(parts: dict[str, Floor], measured: dict[str, float]) -> list[Finding]:
    """What is above its roof, in one finding named after what is furthest above."""
    reached = {name: 1e3 * part.floor_s / measured[name] for name, part in parts.items() if measured.get(name)}
    above = sorted((name for name in reached if reached[name] > MOST), key=lambda name: -reached[name])
    if not above:
        return []
    others = f" (and {len(above) - 1} more are above theirs)" if above[1:] else ""
    why = {
        "memory": "a cache answered for the memory",
        "compute": "Winograd's algorithm multiplies less",
    }[parts[above[0]].roof]
    return [
        Finding(
            "above-roof",
            above[0],
            f"{text(reached[above[0]], 'share')} of its roof{others}: faster than the device can be",
            f"{why}, the time is too noisy, or these are not the peaks it ran at: --machine measures them",
        )
    ]


def _most_to_win(parts: dict[str, Floor], measured: dict[str, float], config: Config) -> list[Finding]:
    """The parts furthest above their floors, the furthest first."""
    above = {name: measured[name] - 1e3 * part.floor_s for name, part in parts.items() if name in measured}
    largest = sorted((name for name in above if above[name] > 0), key=lambda name: -above[name])[:LARGEST]
    return [
        Finding(
            "to-win",
            name,
            f"{text(above[name], 'ms')} of {text(measured[name], 'ms')} lie above the floor",
            _remedy(parts[name], config),
        )
        for name in largest
    ]


def _remedy(part: Floor, config: Config) -> str:
    """What stands between a part and its floor, as far as the configuration tells."""
    more = part.bytes_eager / part.bytes_fused
    if config.mode in ("eager", "graph") and part.roof == "memory" and more > MOST:
        unfused = text(1e3 * part.eager_s, "ms")
        return f"unfused, it moves {significant(more)}× the bytes and has a floor of {unfused}: --mode compile fuses"
    if config.device.startswith("cuda") and config.layout == "contiguous" and config.precision != "fp32":
        return "--layout channels_last: tensor cores read channels side by side"
    if part.roof == "memory":
        return f"{significant(part.intensity)} FLOP a byte: fewer bytes win here, fewer FLOPs do not"
    return "a larger batch fills the device better; a lower precision has a higher peak"


def _unmeasured(depth: Depth, arm: Arm) -> Finding:
    per = "stage" if depth == "stage" else "layer"
    reason = arm.unknown.get(f"{per}s")
    return Finding(
        f"no-{per}s",
        arm.config.label,
        f"no {per} times, the whole is held against the sum of the floors" + (f": {reason}" if reason else ""),
        f"`resnet-inspect bench --per {per}` measures them",
    )


def _invalid(arm: Arm) -> Finding:
    failed = ", ".join(check.id for check in arm.checks if not check.ok)
    return Finding("invalid", arm.config.label, f"the measurement failed its self-checks: {failed}", "measure it again")
