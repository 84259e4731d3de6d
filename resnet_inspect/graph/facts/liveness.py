"""Which tensors are alive at each call of an eager pass, and so the most memory that it asks for at once.

A tensor lives from the call that makes it until nothing refers to it: no later call reads it, no module that was given
it is still running (a frame holds its arguments), and in training no backward call still needs it. Views and in-place
calls share their input's storage. What a kernel uses inside (oneDNN's reorders, cuDNN's workspace) is not modelled.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Literal

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.inplace import in_place

Phase = Literal["forward", "backward", "optimizer"]


@dataclass(slots=True)
class Alive:
    """The bytes alive at one moment, beside weights, buffers, input and optimizer state: by the call that made them."""

    activations: dict[str, int] = field(default_factory=dict)
    gradients: dict[str, int] = field(default_factory=dict)
    weight_gradients: int = 0

    @property
    def total(self) -> int:
        return sum(self.activations.values()) + sum(self.gradients.values()) + self.weight_gradients


@dataclass(frozen=True, slots=True)
class Moment:
    """The call of a pass at which most is alive."""

    node: str
    phase: Phase
    alive: Alive


def peak(graph: Graph, train: bool, element_bytes: int = 4) -> Moment:
    """The moment of most memory in a forward pass without gradients, or in a training step's forward and backward."""
    step, node, phase, _ = max(_moments(graph, train, element_bytes, Alive()), key=lambda moment: moment[3])
    alive = Alive()
    for other, *_ in _moments(graph, train, element_bytes, alive):
        if other == step:
            break
    return Moment(node, phase, alive)


def peak_by_stage(graph: Graph, element_bytes: int = 4) -> dict[str, int]:
    """The most bytes of activations alive within each stage of a forward pass without gradients."""
    stage = {node.name: node.stage for node in graph.nodes}
    most: dict[str, int] = {}
    for _, node, _, total in _moments(graph, False, element_bytes, Alive()):
        most[stage[node]] = max(total, most.get(stage[node], 0))
    return most


def _moments(graph: Graph, train: bool, size: int, alive: Alive) -> Iterator[tuple[int, str, Phase, int]]:
    """Play the pass, changing ``alive`` on the way: step number, call, phase and bytes in the middle of each call."""
    tape = _Tape.of(graph, train)
    step = 0
    for position, node in enumerate(graph.nodes[1:], start=1):
        if tape.storage[position] == position:
            alive.activations[node.name] = size * node.out.numel
        extra = node.op.extra_bytes(node.ins, node.out, size, train)
        if extra:
            alive.activations[f"{node.name} (saved)"] = extra
        yield step, node.name, "forward", alive.total
        step += 1
        if not train:
            alive.activations.pop(f"{node.name} (saved)", None)
        for storage in tape.dying.get(position, ()):
            if not tape.savers[storage]:
                alive.activations.pop(graph.nodes[storage].name, None)
    if train:
        for name, total in _backward(graph, tape, size, alive):
            yield step, name, "backward", total
            step += 1


@dataclass(slots=True)
class _Tape:
    """What liveness needs to know of a forward pass.

    ``storage``: of each output, the position of the call whose memory it is. ``dying``: at each call, the storages
    that nothing in forward needs after it. ``saved``: of each call, the storages that its backward reads; ``savers``:
    of each storage, how many calls have saved it.
    """

    storage: list[int]
    dying: dict[int, list[int]]
    saved: list[set[int]]
    savers: list[int]

    @classmethod
    def of(cls, graph: Graph, train: bool) -> "_Tape":
        overwriting = in_place(graph)
        if train:  # autograd copies an input that a call both saves and overwrites
            overwriting = {i for i in overwriting if not graph.nodes[i].op.saves_input}
        storage: list[int] = []
        for position, node in enumerate(graph.nodes):
            is_view = node.op.is_view_in_training if train else node.op.is_view
            storage.append(storage[node.inputs[0]] if is_view or position in overwriting else position)
        saved: list[set[int]] = []
        savers = [0] * len(graph.nodes)
        for position, node in enumerate(graph.nodes):
            kept = {storage[i] for i in node.inputs} if node.op.saves_input else set()
            kept |= {storage[position]} if node.op.saves_output else set()
            saved.append(kept - {0} if train else set())
            for i in saved[-1]:
                savers[i] += 1
        dying: dict[int, list[int]] = {}
        for i, last in _last_needed(graph, storage).items():
            dying.setdefault(last, []).append(i)
        return cls(storage, dying, saved, savers)


def _last_needed(graph: Graph, storage: list[int]) -> dict[int, int]:
    """Of each storage, the last call during which forward refers to it, by reading it or in a frame's arguments; where
    the net is code, by any name in it."""
    if graph.held:
        held: dict[int, int] = {}
        for position, until in graph.held.items():
            held[storage[position]] = max(held.get(storage[position], 0), until)
        return held
    returns: dict[str, int] = {}
    for position, node in enumerate(graph.nodes):
        for module in _enclosing(node):
            returns[module] = position
    last: dict[int, int] = {}
    for position, node in enumerate(graph.nodes):
        last[storage[position]] = max(last.get(storage[position], 0), position)
        for i in node.inputs:
            given = [returns[m] for m in _enclosing(node) if not graph.nodes[i].name.startswith(f"{m}.")]
            last[storage[i]] = max(last.get(storage[i], 0), position, *given)
    return last


def _enclosing(node: Node) -> Iterator[str]:
    """Paths of the modules inside which a call is made, innermost first."""
    path, dot, _ = node.name.rpartition(".")
    while dot:
        yield path
        path, dot, _ = path.rpartition(".")


def _backward(graph: Graph, tape: _Tape, size: int, alive: Alive) -> Iterator[tuple[str, int]]:
    """Play backward in the reverse of forward's order, as autograd does: each call's name and the bytes alive in it.

    A gradient is known by the call whose input it was first made for. A second one of the same output is added to the
    first in place, which the engine does where nobody else holds it.
    """
    held: dict[str, int] = {}
    arrived: dict[int, str] = {}

    def give(i: int, gradient: str) -> None:
        if i == 0:
            return
        if i in arrived:
            return  # added to what is there; the caller lets go of its own
        arrived[i] = gradient
        held[gradient] += 1

    def release(gradient: str) -> None:
        held[gradient] -= 1
        if not held[gradient]:
            alive.gradients.pop(gradient, None)

    last = len(graph.nodes) - 1
    held["output"], arrived[last] = 1, "output"
    alive.gradients["output"] = size * graph.output.numel
    for position in range(last, 0, -1):
        node = graph.nodes[position]
        gradient = arrived.pop(position)
        made: list[tuple[int, str]] = []
        if node.op.passes_gradient:
            for i in node.inputs:
                give(i, gradient)
        else:
            for place, i in enumerate(node.inputs):
                if i:
                    name = f"{node.name} input {place}"
                    held[name] = 1
                    alive.gradients[name] = size * node.ins[place].numel
                    made.append((i, name))
            alive.weight_gradients += size * sum(map(prod, node.op.params().values()))
        yield node.name, alive.total
        for i, name in made:
            give(i, name)
            release(name)
        release(gradient)
        alive.activations.pop(f"{node.name} (saved)", None)
        for storage in tape.saved[position]:
            tape.savers[storage] -= 1
            if not tape.savers[storage]:
                alive.activations.pop(graph.nodes[storage].name, None)
