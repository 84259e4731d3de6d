"""Where a net's costs are: a bar for each cost, cut into the shares of its stages."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from resnet_inspect.benchmark.record import Result
from resnet_inspect.chart import COLORS, Axis, Bars, Chart
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.passes import passes
from resnet_inspect.graph.facts.work import Work, stage_of, work_by
from resnet_inspect.hardware.devices import Device
from resnet_inspect.hardware.floor import floors_of
from resnet_inspect.records.efficiency import require_times
from resnet_inspect.report import Column, tabulate
from resnet_inspect.units import Unit, text
from resnet_inspect.vocabulary import ELEMENT_BYTES, Precision

OTHERS = "other stages"
WRITTEN = 0.04  # shares from which a segment has its percentage


class Stage(NamedTuple):
    """A stage's costs; ``moved_bytes`` with fusion, as the roofline counts them."""

    name: str
    work: Work
    moved_bytes: int
    floor_ms: float | None
    measured_ms: float | None


class Cost(NamedTuple):
    """One bar."""

    key: str
    title: str
    unit: Unit
    of: Callable[[Stage], float | None]


def stages(
    graph: Graph, precision: Precision = "fp32", device: Device | None = None, result: Result | None = None
) -> Chart:
    """A bar each for parameters, MACs, activations and bytes; for the least time on ``device``, and the time measured.

    Raises:
        RequestError: ``result`` has no times of stages.
    """
    all_passes = passes(graph)
    moved: dict[str, int] = {}
    for each in all_passes:
        elements = each.elements + each.weights
        moved[each.anchor.stage] = moved.get(each.anchor.stage, 0) + ELEMENT_BYTES[precision] * elements
    floors = floors_of(all_passes, device, precision) if device else {}
    measured_ms = require_times(graph, all_passes, result, "stage") if result else {}
    rows = [
        Stage(
            name,
            work,
            moved.get(name, 0),
            1e3 * floors[name].floor_s if name in floors else None,
            measured_ms.get(name),
        )
        for name, work in work_by(graph, stage_of).items()
    ]
    costs = [cost for cost in _costs() if any(cost.of(row) for row in rows)]
    columns: tuple[Column[Stage], ...] = (
        Column("stage", "stage", lambda row: row.name),
        *(Column(cost.key, cost.title, cost.of, cost.unit) for cost in costs),
    )
    totals = {cost.key: sum(cost.of(row) or 0 for row in rows) for cost in costs}
    times = f", {precision} on {device.title}" if device else ""
    return Chart(
        key="stages",
        title=f"{graph.name}, input {graph.input}{times}: where its costs are",
        x=Axis("share of the whole net", "share", low=0, high=1),
        y=Axis(
            scale="category",
            categories=tuple(f"{cost.title} {text(totals[cost.key], cost.unit)}" for cost in costs),
        ),
        marks=tuple(_bars(rows, costs, totals)),
        table=tabulate("stages", "costs by stage", columns, rows, {"stage": "total", **totals}),
        alt=f"Shares of the stages of {graph.name}: "
        + "; ".join(_most(rows, cost, totals[cost.key]) for cost in costs),
    )


def _costs() -> tuple[Cost, ...]:
    return (
        Cost("params", "parameters", "count", lambda row: row.work.params),
        Cost("macs", "MACs", "count", lambda row: row.work.macs),
        Cost("activations", "activations", "count", lambda row: row.work.activations),
        Cost("moved_bytes", "bytes moved", "bytes", lambda row: row.moved_bytes),
        Cost("floor_ms", "least time", "ms", lambda row: row.floor_ms),
        Cost("measured_ms", "measured", "ms", lambda row: row.measured_ms),
    )


def _bars(rows: Sequence[Stage], costs: Sequence[Cost], totals: dict[str, float]) -> list[Bars]:
    """The stages in the order they run; of more than there are colours, the smallest are one."""

    def shares(parts: Sequence[Stage]) -> list[float]:
        return [sum(cost.of(row) or 0 for row in parts) / totals[cost.key] for cost in costs]

    kept = sorted(rows, key=lambda row: -max(shares([row])))[: COLORS if len(rows) <= COLORS else COLORS - 1]
    groups = [(row.name, [row]) for row in rows if row in kept]
    if rest := [row for row in rows if row not in kept]:
        groups.append((OTHERS, rest))
    bars = []
    for slot, (name, parts) in enumerate(groups):
        lengths = shares(parts)
        texts = tuple(text(length, "share") if length >= WRITTEN else "" for length in lengths)
        color = None if parts is rest else slot
        bars.append(Bars(tuple((float(i), length) for i, length in enumerate(lengths)), name, color, texts))
    return bars


def _most(rows: Sequence[Stage], cost: Cost, total: float) -> str:
    """``layer4 has 58.5% of the parameters``."""
    most = max(rows, key=lambda row: cost.of(row) or 0)
    return f"{most.name} has {text((cost.of(most) or 0) / total, 'share')} of the {cost.title}"
