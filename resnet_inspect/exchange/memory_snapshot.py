"""The predicted memory of a pass as the snapshot that pytorch.org/memory_viz and torch.cuda._memory_viz read.

Keys and layout are those that ``torch.cuda.memory._snapshot`` of torch 2.15 gives. One segment holds everything. Each
tensor takes the bytes asked for, at the lowest address with room for them.
"""

import pickle
from bisect import bisect_left, insort
from typing import Any

from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.allocations import Kind, Tensor, kept, steps
from resnet_inspect.graph.facts.module_tree import enclosing
from resnet_inspect.vocabulary import Optimizer, Precision, Task

Entry = dict[str, Any]

PROTOCOL = 4  # the highest that the viewer reads
# Those of torch.profiler's memory timeline, by which the viewer colours; it has none for buffers.
CATEGORIES: dict[Kind, str] = {
    "weights": "parameter",
    "buffers": "unknown",
    "input": "input",
    "optimizer": "optimizer_state",
    "activations": "activation",
    "gradients": "gradient",
    "weight gradients": "gradient",
}


def write(graph: Graph, task: Task = "infer", precision: Precision = "fp32", optimizer: Optimizer = "sgd") -> bytes:
    """What stays, then the requests of a forward pass without gradients or of a training step, in their order.

    Raises:
        RequestError: the graph cannot tell what its training step does.
        ShapeError: in training, a BatchNorm sees one value a channel.
    """
    heap, trace, calls = _Heap(), list[Entry](), _Calls(graph)
    for tensor in kept(graph, task, precision, optimizer):
        trace += _made(tensor, heap, calls)
    for step in steps(graph, task, precision, optimizer):
        for tensor in step.freed:
            trace += _freed(tensor, heap, calls)
        for tensor in step.made:
            trace += _made(tensor, heap, calls)
    # The viewer needs the category of what has none.
    end = {"action": "snapshot", "addr": 0, "size": heap.size, "stream": 0, "frames": [], "category": "unknown"}
    return pickle.dumps({"segments": [_segment(heap, calls)], "device_traces": [[*trace, end]]}, PROTOCOL)


class _Heap:
    """Which addresses are taken; ``size`` is how far they ever reached."""

    def __init__(self) -> None:
        self.size = 0
        self.taken: list[tuple[int, Tensor]] = []  # by address
        self._address: dict[Tensor, int] = {}

    def place(self, tensor: Tensor) -> int:
        address = 0
        for start, other in self.taken:
            if start - address >= tensor.size:
                break
            address = start + other.size
        insort(self.taken, (address, tensor))
        self._address[tensor] = address
        self.size = max(self.size, address + tensor.size)
        return address

    def remove(self, tensor: Tensor) -> int:
        address = self._address.pop(tensor)
        del self.taken[bisect_left(self.taken, (address, tensor))]
        return address


class _Calls:
    """The call that asks for a tensor, as a stack of frames: the call, and the modules around it, innermost first."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._position = {node.name: i for i, node in enumerate(graph.nodes)}

    def frames(self, tensor: Tensor) -> list[Entry]:
        name = tensor.call or tensor.name
        own = {"name": tensor.name, "filename": tensor.kind, "line": 0}
        if name in self._position:
            own |= {"filename": self._graph.nodes[self._position[name]].kind, "line": self._position[name]}
        around = [*enclosing(name)]
        classes = self._graph.containers
        return [own, *({"name": path, "filename": classes.get(path, ""), "line": 0} for path in reversed(around))]


def _made(tensor: Tensor, heap: _Heap, calls: _Calls) -> list[Entry]:
    if not tensor.size:  # nothing is asked for
        return []
    entry = _entry("alloc", heap.place(tensor), tensor, calls)
    return [{**entry, "category": CATEGORIES[tensor.kind]}]


def _freed(tensor: Tensor, heap: _Heap, calls: _Calls) -> list[Entry]:
    if not tensor.size:
        return []
    address = heap.remove(tensor)
    return [_entry(action, address, tensor, calls) for action in ("free_requested", "free_completed")]


def _entry(action: str, address: int, tensor: Tensor, calls: _Calls) -> Entry:
    return {"action": action, "addr": address, "size": tensor.size, "stream": 0, "frames": calls.frames(tensor)}


def _segment(heap: _Heap, calls: _Calls) -> Entry:
    """What is left at the end, and the gaps between."""
    blocks, address = list[Entry](), 0
    for start, tensor in heap.taken:
        if start > address:
            blocks.append(_block(address, start - address, "inactive", 0, []))
        blocks.append(_block(start, tensor.size, "active_allocated", tensor.size, calls.frames(tensor)))
        address = start + tensor.size
    if address < heap.size:
        blocks.append(_block(address, heap.size - address, "inactive", 0, []))
    left = sum(tensor.size for _, tensor in heap.taken)
    return {
        "device": 0,
        "address": 0,
        "total_size": heap.size,
        "allocated_size": left,
        "active_size": left,
        "requested_size": left,
        "stream": 0,
        "segment_type": "large",
        "segment_pool_id": (0, 0),
        "is_expandable": False,
        "frames": [],
        "blocks": blocks,
    }


def _block(address: int, size: int, state: str, requested: int, frames: list[Entry]) -> Entry:
    return {"address": address, "size": size, "requested_size": requested, "state": state, "frames": frames}
