"""The least time of a forward pass on a device: every pass at the roof that holds it, arithmetic or memory.

The roofline model of Williams, Waterman and Patterson (2009, doi:10.1145/1498765.1498785), summed over the passes of
``graph.facts.passes``: Σ max(FLOP / peak, bytes / bandwidth). A real run adds launches, uneven tiles, lower
clocks.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.passes import Pass, eager_elements, eager_weights, passes
from resnet_inspect.graph.facts.work import stage_of
from resnet_inspect.hardware.devices import Device
from resnet_inspect.vocabulary import ELEMENT_BYTES, Precision


@dataclass(slots=True)
class Floor:
    """Sums over some passes: work, bytes, and the least time on a device, in seconds.

    ``memory_s`` is the part of ``floor_s`` in which memory is the roof; ``eager_s`` is the floor where no call is fused
    into another.
    """

    flop: int = 0
    bytes_fused: int = 0
    bytes_eager: int = 0
    floor_s: float = 0.0
    memory_s: float = 0.0
    eager_s: float = 0.0

    @property
    def intensity(self) -> float:
        """FLOP a byte, fused."""
        return self.flop / self.bytes_fused

    @property
    def roof(self) -> str:
        """What holds it back for most of the time."""
        return "memory" if self.memory_s > self.floor_s / 2 else "compute"


def floors(
    graph: Graph, device: Device, precision: Precision, key: Callable[[Node], str] = stage_of
) -> dict[str, Floor]:
    """The floor of each group of passes, by stage unless another key is given, in the order they run.

    A pass belongs to the call it is named after, with all that is fused into it.

    Raises:
        RequestError: the device has no known peak at that precision.
    """
    return floors_of(passes(graph), device, precision, key)


def floors_of(
    found: Iterable[Pass], device: Device, precision: Precision, key: Callable[[Node], str] = stage_of
) -> dict[str, Floor]:
    """``floors`` of passes that are at hand."""
    groups: dict[str, list[Floor]] = {}
    for one in found:
        floor = _floor(one, device.peak(precision), device.bandwidth, ELEMENT_BYTES[precision])
        groups.setdefault(key(one.anchor), []).append(floor)
    return {name: total_of(parts) for name, parts in groups.items()}


def _floor(one: Pass, peak: float, bandwidth: float, size: int) -> Floor:
    fused = size * (one.elements + one.weights)
    arithmetic_s, memory_s = one.flop / peak, fused / bandwidth
    eager = [(2 * node.macs, size * (eager_elements(node) + eager_weights(node))) for node in one.calls.values()]
    return Floor(
        flop=one.flop,
        bytes_fused=fused,
        bytes_eager=sum(moved for _, moved in eager),
        floor_s=max(arithmetic_s, memory_s),
        memory_s=memory_s if memory_s > arithmetic_s else 0.0,
        eager_s=sum(max(flop / peak, moved / bandwidth) for flop, moved in eager),
    )


def total_of(parts: Iterable[Floor]) -> Floor:
    """The sum of parts that run one after the other."""
    rows = list(parts)
    return Floor(*(sum(getattr(row, field.name) for row in rows) for field in fields(Floor)))


def floor_ms(graph: Graph, device: Device, precision: Precision) -> float:
    """The least time of a whole forward pass."""
    return 1e3 * total_of(floors(graph, device, precision).values()).floor_s
