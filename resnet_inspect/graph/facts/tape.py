"""How long a forward pass needs each tensor: its storage, what refers to it, and what autograd saves of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from resnet_inspect.graph import Backward, Graph, Node
from resnet_inspect.graph.facts.gradients import backward_calls, recorded_calls, saved_inputs
from resnet_inspect.graph.inplace import in_place


@dataclass(slots=True)
class Tape:
    """A forward pass as liveness sees it; a storage is known by the position of the call that allocates it.

    Attributes:
        storage: the storage of each call's output.
        recorded: the calls that autograd records.
        backward: those that backward reaches.
        dying: by call, the storages that forward no longer needs after it.
        abandoned: by call, the recorded calls that autograd forgets after it, as backward will not reach them.
        saved: the storages that each call's backward reads.
        savers: how many calls have saved each storage.
    """

    storage: list[int]
    recorded: Mapping[int, Backward]
    backward: Mapping[int, Backward]
    dying: dict[int, list[int]]
    abandoned: dict[int, list[int]]
    saved: dict[int, set[int]]
    savers: list[int]

    @classmethod
    def of(cls, graph: Graph, train: bool) -> "Tape":
        recorded = recorded_calls(graph) if train else {}
        backward = backward_calls(graph) if train else {}
        # Autograd copies an input that a call both saves and overwrites.
        overwriting = {i for i in in_place(graph) if i not in recorded or not graph.nodes[i].op.saves_input}
        storage: list[int] = []
        for position, node in enumerate(graph.nodes):
            is_view = node.op.is_view_in_training if train else node.op.is_view
            shared = is_view or position in overwriting
            # A view without inputs is memory that the network keeps, as its input is the caller's.
            storage.append(position if not shared else storage[node.inputs[0]] if node.inputs else 0)
        saved: dict[int, set[int]] = {}
        for position, gradients in recorded.items():
            node = graph.nodes[position]
            kept = {storage[i] for i in saved_inputs(node, gradients)}
            saves_output = gradients.saved.output if gradients.saved else node.op.saves_output
            saved[position] = (kept | {storage[position]} if saves_output else kept) - {0, *graph.inputs}
        savers = [0] * len(graph.nodes)
        for position in backward:
            for i in saved[position]:
                savers[i] += 1
        last = _last_needed(graph, storage)
        forgotten = _forgotten({i: recorded[i] for i in recorded.keys() - backward.keys()})
        for position, until in forgotten.items():
            last |= {i: max(last[i], until) for i in saved[position]}
        return cls(storage, recorded, backward, _by_call(last), _by_call(forgotten), saved, savers)


def _by_call(until: Mapping[int, int]) -> dict[int, list[int]]:
    """The keys of each value."""
    keys: dict[int, list[int]] = {}
    for key, call in until.items():
        keys.setdefault(call, []).append(key)
    return keys


def _forgotten(unreached: Mapping[int, Backward]) -> dict[int, int]:
    """The last call during which autograd remembers each of the recorded calls that backward does not reach.

    It remembers a call as long as code refers to its output, or to an output computed from that.
    """
    until = {position: gradients.until for position, gradients in unreached.items()}
    for position in sorted(until, reverse=True):
        for i in unreached[position].inputs & until.keys():
            until[i] = max(until[i], until[position])
    return until


def _last_needed(graph: Graph, storage: list[int]) -> dict[int, int]:
    """The last call during which forward refers to each storage.

    A call refers to what it reads, a running module to its arguments, and traced code to what its names stand for.
    """
    last: dict[int, int] = {}
    if graph.held:
        for position, until in graph.held.items():
            last[storage[position]] = max(last.get(storage[position], 0), until)
        return last
    returns: dict[str, int] = {}
    for position, node in enumerate(graph.nodes):
        for module in _enclosing(node):
            returns[module] = position
    for position, node in enumerate(graph.nodes):
        last[storage[position]] = max(last.get(storage[position], 0), position)
        for i in node.inputs:
            arguments = [returns[m] for m in _enclosing(node) if not graph.nodes[i].name.startswith(f"{m}.")]
            last[storage[i]] = max(last.get(storage[i], 0), position, *arguments)
    return last


def _enclosing(node: Node) -> Iterator[str]:
    """Paths of the modules that contain a call, innermost first."""
    path, dot, _ = node.name.rpartition(".")
    while dot:
        yield path
        path, dot, _ = path.rpartition(".")
