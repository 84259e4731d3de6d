"""The least time of a forward pass on a device.

This is the roofline model of Williams, Waterman and Patterson (2009, doi:10.1145/1498765.1498785), summed over the
passes of ``graph.facts.passes``: Σ max(FLOP / peak, bytes / bandwidth). It assumes that

* calls fuse as ``graph.facts.passes`` says, and no tensor stays in a cache between two passes;
* a multiply-accumulate is two FLOP, and nothing else costs arithmetic;
* launches, uneven tiles and lower clocks, which a real run adds, cost nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.passes import Pass, eager_elements, eager_weights, passes
from resnet_inspect.graph.facts.work import stage_of
from resnet_inspect.hardware.devices import Device
from resnet_inspect.vocabulary import ELEMENT_BYTES, Precision

ABOVE_ROOF = 1.05  # of a roof; above it the roof or the time is wrong, or a cache answers for the memory


@dataclass(slots=True)
class Floor:
    """Sums over some passes: FLOP, bytes, and the least time on a device, in seconds.

    ``memory_s`` is the part of ``floor_s`` from memory-bound passes. ``eager_s`` is the floor without fusion.
    """

    flop: int = 0
    bytes_fused: int = 0
    bytes_eager: int = 0
    floor_s: float = 0.0
    memory_s: float = 0.0
    eager_s: float = 0.0

    @property
    def intensity(self) -> float:
        """FLOP per byte, with fusion."""
        return self.flop / self.bytes_fused

    @property
    def roof(self) -> str:
        """The roof that sets most of the floor."""
        return "memory" if self.memory_s > self.floor_s / 2 else "compute"


def floors(
    graph: Graph, device: Device, precision: Precision, key: Callable[[Node], str] = stage_of
) -> dict[str, Floor]:
    """The floor of each group of passes in the order they run; ``key`` gives the group of a call.

    A pass with all its fused calls belongs to the group of its anchor.

    Raises:
        RequestError: the device has no known peak at that precision.
    """
    return floors_of(passes(graph), device, precision, key)


def floors_of(
    all_passes: Iterable[Pass], device: Device, precision: Precision, key: Callable[[Node], str] = stage_of
) -> dict[str, Floor]:
    """``floors`` of passes that a caller already has."""
    groups: dict[str, list[Floor]] = {}
    for each in all_passes:
        floor = _floor(each, device.peak(precision), device.bandwidth, ELEMENT_BYTES[precision])
        groups.setdefault(key(each.anchor), []).append(floor)
    return {name: total_of(parts) for name, parts in groups.items()}


def _floor(each: Pass, peak: float, bandwidth: float, element_bytes: int) -> Floor:
    fused = element_bytes * (each.elements + each.weights)
    arithmetic_s, memory_s = each.flop / peak, fused / bandwidth
    eager = [_alone(node, element_bytes) for node in each.calls.values()]
    return Floor(
        flop=each.flop,
        bytes_fused=fused,
        bytes_eager=sum(moved for _, moved in eager),
        floor_s=max(arithmetic_s, memory_s),
        memory_s=memory_s if memory_s > arithmetic_s else 0.0,
        eager_s=sum(max(flop / peak, moved / bandwidth) for flop, moved in eager),
    )


def _alone(node: Node, element_bytes: int) -> tuple[int, int]:
    """FLOP and bytes of a call that no other is fused with."""
    flop = 2 * (node.macs + node.macs_without_weights)
    return flop, element_bytes * (eager_elements(node) + eager_weights(node))


def call_floors_ms(graph: Graph, device: Device, precision: Precision) -> dict[str, float]:
    """The least milliseconds of each call on its own; they add up to the floor without fusion.

    Raises:
        RequestError: the device has no known peak at that precision.
    """
    peak, bandwidth, element_bytes = device.peak(precision), device.bandwidth, ELEMENT_BYTES[precision]
    alone = {node.name: _alone(node, element_bytes) for _, node in graph.calls}
    return {name: 1e3 * max(flop / peak, moved / bandwidth) for name, (flop, moved) in alone.items()}


def total_of(parts: Iterable[Floor]) -> Floor:
    """The sum of the parts of a network."""
    parts = list(parts)
    return Floor(*(sum(getattr(part, field.name) for part in parts) for field in fields(Floor)))


def floors_ms(graph: Graph, device: Device, precision: Precision) -> tuple[float, float]:
    """The least times of a forward pass in milliseconds: with fusion, and eager."""
    total = total_of(floors(graph, device, precision).values())
    return 1e3 * total.floor_s, 1e3 * total.eager_s
