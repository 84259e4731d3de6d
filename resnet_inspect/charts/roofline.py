"""The roofline: the arithmetic rate of each part of a net over its FLOP per byte, below what the device allows.

After Williams, Waterman and Patterson (2009, doi:10.1145/1498765.1498785); ``hardware.floor`` has the formula.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from resnet_inspect.benchmark.record import Result
from resnet_inspect.chart import Axis, Chart, Line, Mark, Point, Points, Text
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.blocks import row_of
from resnet_inspect.graph.facts.passes import passes
from resnet_inspect.hardware.devices import Device
from resnet_inspect.hardware.floor import Floor, floors_of
from resnet_inspect.records.efficiency import require_times
from resnet_inspect.report import Column, tabulate
from resnet_inspect.units import text
from resnet_inspect.vocabulary import Depth, Precision

NAMED = 12  # parts whose names are written: those that take the most time

ABOVE = 2.5  # times the peak, where the axis ends: the peak's name stands there


class Part(NamedTuple):
    """A part of the net, its milliseconds, measured or at the least, and their share of the pass."""

    name: str
    floor: Floor
    ms: float
    share: float

    @property
    def flop_per_s(self) -> float | None:
        return 1e3 * self.floor.flop / self.ms if self.ms and self.floor.flop else None

    @property
    def roof_flop_per_s(self) -> float | None:
        """What the device allows this part, pass by pass."""
        return self.floor.flop / self.floor.floor_s if self.floor.flop else None


def roofline(
    graph: Graph, device: Device, precision: Precision, depth: Depth = "stage", result: Result | None = None
) -> Chart:
    """A point for each stage, block or pass; ``result`` has measured times, without which the points are the floors.

    A part without arithmetic is in the table alone.

    Raises:
        RequestError: ``result`` has no times so fine.
    """
    all_passes = passes(graph)
    floors = floors_of(all_passes, device, precision, row_of(graph, depth))
    measured_ms = require_times(graph, all_passes, result, depth) if result else {}
    parts = _parts(floors, measured_ms)
    drawn = [part for part in parts if part.flop_per_s]
    most = {part.name for part in sorted(drawn, key=lambda part: -part.ms)[:NAMED]}
    points = tuple(
        Point(
            part.floor.intensity,
            part.flop_per_s or 0.0,
            part.name if part.name in most else "",
            part.share,
            _tell(part),
        )
        for part in drawn
    )
    slowest = max(parts, key=lambda part: part.ms)
    of = "measured" if measured_ms else "least"
    return Chart(
        key="roofline",
        title=f"{graph.name}, input {graph.input}, {precision} on {device.title}",
        x=Axis("FLOP per byte of memory traffic", "number", "log"),
        y=Axis("arithmetic rate", "flop_rate", "log", high=ABOVE * device.peak(precision)),
        marks=(
            *_roofs(device, precision, [part.floor.intensity for part in drawn]),
            *(_gaps(drawn) if measured_ms else ()),
            Points(points, f"{depth}, {'as measured' if measured_ms else 'at its least time'}"),
        ),
        table=tabulate(f"{depth}s", f"{depth}s under the roofline", _columns(depth, of), parts),
        alt=f"Log-log roofline of {graph.name} on {device.title}: {len(drawn)} {depth}s below a bandwidth of "
        f"{text(device.bandwidth, 'byte_rate')} and a {precision} peak of {text(device.peak(precision), 'flop_rate')}. "
        f"{slowest.name} takes {text(slowest.share, 'share')} of the {of} time.",
        area=f"area: share of the {of} time",
    )


def _parts(floors: Mapping[str, Floor], measured_ms: Mapping[str, float]) -> list[Part]:
    ms = measured_ms or {name: 1e3 * floor.floor_s for name, floor in floors.items()}
    total = sum(ms.values())
    return [Part(name, floor, ms.get(name, 0.0), ms.get(name, 0.0) / total) for name, floor in floors.items()]


def _columns(depth: Depth, of: str) -> tuple[Column[Part], ...]:
    return (
        Column(depth, depth, lambda part: part.name),
        Column("intensity", "FLOP/B", lambda part: part.floor.intensity, "rate"),
        Column("flop_per_s", "rate", lambda part: part.flop_per_s, "flop_rate"),
        Column("roof_flop_per_s", "allowed", lambda part: part.roof_flop_per_s, "flop_rate"),
        Column("ms", of, lambda part: part.ms, "ms"),
        Column("share", "%", lambda part: part.share, "share"),
    )


def _tell(part: Part) -> str:
    return (
        f"{part.name}: {text(part.flop_per_s, 'flop_rate')} at {text(part.floor.intensity, 'rate')} FLOP/B, "
        f"{text(part.ms, 'ms')}, {text(part.share, 'share')}"
    )


def _roofs(device: Device, precision: Precision, intensities: Sequence[float]) -> Iterator[Mark]:
    """The bandwidth up to the ridge, and the peak from there."""
    ridge, peak = device.ridge(precision), device.peak(precision)
    left = min([*intensities, ridge]) / 3
    right = max([*intensities, ridge]) * 3
    yield Line(((left, left * device.bandwidth), (ridge, peak), (right, peak)), color=None)
    middle = (left * ridge) ** 0.5
    yield Text(middle, middle * device.bandwidth, f"memory, {text(device.bandwidth, 'byte_rate')}", "end")
    yield Text(right, peak, f"{precision} peak, {text(peak, 'flop_rate')}", "end")


def _gaps(parts: Sequence[Part]) -> Iterator[Mark]:
    """From each measured rate up to what the device allows."""
    for part in parts:
        at = part.floor.intensity
        yield Line(((at, part.flop_per_s or 0.0), (at, part.roof_flop_per_s or 0.0)), color=None, dashed=True)
