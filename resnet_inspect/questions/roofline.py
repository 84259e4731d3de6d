"""The least time that a network can take on a device, part by part; ``hardware.floor`` has the formula."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.blocks import row_of
from resnet_inspect.graph.facts.passes import Pass, eager_elements, passes
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.hardware.devices import Device
from resnet_inspect.hardware.floor import Floor, floors_of, total_of
from resnet_inspect.questions.unseen import unseen_notes
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate
from resnet_inspect.units import significant, text
from resnet_inspect.vocabulary import Depth, Precision

STEADY = 0.05  # share of a ceiling by which repeats may vary


class Part(NamedTuple):
    """A stage, a block or a pass."""

    name: str
    floor: Floor

    @property
    def memory_share(self) -> float:
        return self.floor.memory_s / self.floor.floor_s


def roofline(graph: Graph, device: Device, precision: Precision, depth: Depth = "stage") -> Report:
    """A row for each stage, block or pass: its FLOP, its bytes, the roof that bounds it and its floor."""
    all_passes = passes(graph)
    floors = floors_of(all_passes, device, precision, row_of(graph, depth))
    total = total_of(floors.values())
    fused_calls = fused_names(graph, all_passes) if depth == "layer" else {}
    images = graph.input.shape[0]
    fused: Column[Part] = Column("fused", "with", lambda part: fused_calls.get(part.name), optional=True)
    columns: tuple[Column[Part], ...] = (
        Column(depth, depth, lambda part: part.name),
        *([fused] if fused_calls else []),
        Column("flop", "FLOP", lambda part: part.floor.flop, "count"),
        Column("bytes_fused", "bytes", lambda part: part.floor.bytes_fused, "bytes"),
        Column("bytes_eager", "eager bytes", lambda part: part.floor.bytes_eager, "bytes", optional=True),
        Column("intensity", "FLOP/B", lambda part: part.floor.intensity, "rate"),
        Column("roof", "roof", lambda part: part.floor.roof),
        Column("floor_ms", "floor", lambda part: 1e3 * part.floor.floor_s, "ms"),
        Column("floor_share", "%", lambda part: part.floor.floor_s / total.floor_s, "share"),
        Column("images_per_s", "images/s", lambda part: images / part.floor.floor_s, "rate", optional=True),
        Column("eager_floor_ms", "eager floor", lambda part: 1e3 * part.floor.eager_s, "ms", optional=True),
        Column("memory_share", "memory %", lambda part: part.memory_share, "share", optional=True),
    )
    parts = [Part(name, floor) for name, floor in floors.items()]
    return Report(
        kind="roofline",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}, {precision} on {device.title}",
        facts=(*device_facts(graph, device, precision), *_total_facts(graph, all_passes, total)),
        tables=(tabulate(f"{depth}s", f"{depth}s", columns, parts, Part("total", total)),),
        findings=unsteady(device),
        notes=(*notes(all_passes, device, precision), *unseen_notes(graph)),
    )


def unsteady(device: Device) -> tuple[Finding, ...]:
    """A finding where repeats of a measured ceiling vary by more than ``STEADY``."""
    if device.spread <= STEADY:
        return ()
    message = f"its measured ceilings vary by ±{text(device.spread, 'share')}"
    return (Finding("unsteady", device.name, message, "close other programs there and measure again"),)


def fused_names(graph: Graph, all_passes: Iterable[Pass]) -> dict[str, str]:
    """Name of each pass's anchor -> the other calls of the pass, with names relative to the block."""
    block_of = row_of(graph, "block")
    return {
        each.anchor.name: ", ".join(node.name.removeprefix(f"{block_of(each.anchor)}.") for node in each.fused)
        for each in all_passes
    }


def device_facts(graph: Graph, device: Device, precision: Precision) -> tuple[Fact, ...]:
    return (
        Fact("input", "input", graph.input.shape, "shape"),
        Fact("device", "device", device.name),
        Fact("precision", "precision", precision),
        Fact("peak_flop_per_s", "peak", device.peak(precision), "flop_rate"),
        Fact("bandwidth_bytes_per_s", "bandwidth", device.bandwidth, "byte_rate"),
        Fact("source", "source", device.source),
        Fact("ridge_flop_per_byte", "ridge, FLOP/B", device.ridge(precision), "rate"),
    )


def _total_facts(graph: Graph, all_passes: Sequence[Pass], total: Floor) -> tuple[Fact, ...]:
    return (
        Fact("flop", "FLOP", total.flop, "count"),
        Fact("elements_fused", "elements moved, fused", sum(each.elements for each in all_passes), "count"),
        Fact("elements_eager", "elements moved, eager", sum(map(eager_elements, graph.nodes[1:])), "count"),
        Fact("elements_weights", "weights read", sum(each.weights for each in all_passes), "count"),
        Fact("floor_ms", "floor", 1e3 * total.floor_s, "ms"),
        Fact("eager_floor_ms", "floor, eager", 1e3 * total.eager_s, "ms"),
        Fact("images_per_s_floor", "images/s at the floor", graph.input.shape[0] / total.floor_s, "rate"),
    )


def notes(all_passes: Sequence[Pass], device: Device, precision: Precision) -> tuple[str, ...]:
    """Which stages each roof bounds, and how the numbers are counted."""
    stages = floors_of(all_passes, device, precision)
    total = total_of(stages.values())
    ops = [each.anchor.op for each in all_passes]
    skips = any(isinstance(op, Conv2d) and op.kernel_size < op.stride for op in ops)
    strided = "; a strided 1×1 counts its whole input" if skips else ""
    return (
        f"memory sets {text(total.memory_s / total.floor_s, 'share')} of the floor; {_by_roof(stages)}",
        f"roof: what sets most of a part's floor; a single pass is memory-bound below "
        f"{significant(device.ridge(precision))} FLOP/B",
        "bytes: each convolution, pool and linear layer reads its input, weights and residual once and writes once; "
        "eager: every call reads and writes",
        f"no data stays in a cache between passes; a batch that fits into a cache can be faster{strided}",
        "FLOP: 2 per MAC, none for other operations; launches and uneven tiles are left out",
    )


def _by_roof(stages: Mapping[str, Floor]) -> str:
    roofs = {"compute": "compute-bound", "memory": "memory-bound"}
    bounded = {name: [stage for stage, part in stages.items() if part.roof == roof] for roof, name in roofs.items()}
    return "; ".join(f"{name}: {', '.join(names)}" for name, names in bounded.items() if names)
