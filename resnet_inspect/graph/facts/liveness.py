"""Which tensors are alive at each call of an eager run, and so its peak memory.

A tensor lives from the call that makes it until nothing refers to it. A later call may read it, a running module may
hold it as an argument, and in training a backward call may need it. Views and in-place calls share their input's
storage. Memory inside a kernel (oneDNN's reorders, cuDNN's workspace) is not modelled.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Literal, NamedTuple

from resnet_inspect.graph import Graph, Node, TensorType
from resnet_inspect.graph.facts.tape import Tape
from resnet_inspect.graph.ops.pointwise import Input
from resnet_inspect.graph.ops.torch_call import OtherOutput, TorchCall

BROADCASTING = ("Mul", "mul", "rmul", "div", "truediv", "PReLU", "prelu")  # a factor's gradient is a product first

Phase = Literal["forward", "backward", "optimizer"]


@dataclass(slots=True)
class Alive:
    """Bytes alive at one moment, by the call that made them; without weights, buffers, input and optimizer state."""

    activations: dict[str, int] = field(default_factory=dict)
    gradients: dict[str, int] = field(default_factory=dict)
    weight_gradients: int = 0

    @property
    def total(self) -> int:
        return sum(self.activations.values()) + sum(self.gradients.values()) + self.weight_gradients


@dataclass(frozen=True, slots=True)
class Moment:
    """The call at which the most bytes are alive."""

    node: str
    phase: Phase
    alive: Alive


def peak(graph: Graph, train: bool, element_bytes: int = 4) -> Moment:
    """The peak of a forward pass without gradients, or of a training step's forward and backward."""
    step, node, phase, _ = max(_moments(graph, train, element_bytes, Alive()), key=lambda moment: moment[3])
    alive = Alive()
    for replayed, *_ in _moments(graph, train, element_bytes, alive):
        if replayed == step:
            break
    return Moment(node, phase, alive)


class Instant(NamedTuple):
    """The middle of a call, and the bytes alive then, by kind."""

    node: str
    phase: Phase
    activations: int
    gradients: int
    weight_gradients: int


def course(graph: Graph, train: bool, element_bytes: int = 4) -> Iterator[Instant]:
    """Every call of a forward pass without gradients, or of a training step's forward and backward, as it runs."""
    for node, phase, alive in replay(graph, train, element_bytes):
        made, gradients = sum(alive.activations.values()), sum(alive.gradients.values())
        yield Instant(node, phase, made, gradients, alive.weight_gradients)


def replay(graph: Graph, train: bool, element_bytes: int = 4) -> Iterator[tuple[str, Phase, Alive]]:
    """The same calls, and what is alive in the middle of each: one object, which changes as the run goes on."""
    alive = Alive()
    for _, node, phase, _ in _moments(graph, train, element_bytes, alive):
        yield node, phase, alive


def peak_by_stage(graph: Graph, element_bytes: int = 4, train: bool = False) -> dict[str, int]:
    """Peak bytes of activations in each stage of a forward pass without gradients, or of a forward and backward."""
    stage = {node.name: node.stage for node in graph.nodes}
    most: dict[str, int] = {}
    for _, node, _, total in _moments(graph, train, element_bytes, Alive()):
        most[stage[node]] = max(total, most.get(stage[node], 0))
    return most


def _moments(graph: Graph, train: bool, element_bytes: int, alive: Alive) -> Iterator[tuple[int, str, Phase, int]]:
    """Simulate the run and update ``alive``; yields step number, call, phase and bytes in the middle of each call."""
    tape = Tape.of(graph, train)
    step = 0
    for position, node in enumerate(graph.nodes):
        if isinstance(node.op, Input):
            continue
        if tape.storage[position] == position:
            alive.activations[node.name] = node.out.nbytes(element_bytes)
        extra = node.op.extra_bytes(node.ins, node.out, element_bytes, position in tape.recorded)
        extra += sum(other.nbytes(element_bytes) for other in _others(tape, position))
        if position not in tape.recorded:  # otherwise they are among what it keeps
            extra += sum(copy.nbytes(element_bytes) for copy in _repeated_factors(node).values())
        if extra:
            alive.activations[f"{node.name} (saved)"] = extra
        yield step, node.name, "forward", alive.total
        step += 1
        if position not in tape.recorded:
            alive.activations.pop(f"{node.name} (saved)", None)
        for abandoned in tape.abandoned.get(position, ()):
            alive.activations.pop(f"{graph.nodes[abandoned].name} (saved)", None)
        for storage in tape.dying.get(position, ()):
            if not tape.savers[storage]:
                alive.activations.pop(graph.nodes[storage].name, None)
    if train:
        for name, total in _backward(graph, tape, element_bytes, alive):
            yield step, name, "backward", total
            step += 1


def _others(tape: Tape, position: int) -> tuple[TensorType, ...]:
    """What a recorded call keeps besides its inputs and output, as the run told."""
    saved = tape.recorded[position].saved if position in tape.recorded else None
    return saved.others if saved else ()


def _hands_on_gradient(node: Node, place: int) -> bool:
    """Whether the gradient of that input is its output's; a slice's lies in zeros, a broadcast input's is a sum."""
    same = not isinstance(node.op, TorchCall) or node.ins[place].numel == node.out.numel
    return node.op.passes_gradient and same


def _repeated_factors(node: Node) -> dict[int, TensorType]:
    """The copies, by place, that a product makes of a batch of matrices that it repeats for a larger batch.

    Its backward gives a gradient of that size, too, which is summed afterwards (``torch.matmul`` expands both factors).
    """
    if node.kind != "matmul" or min((len(each.shape) for each in node.ins), default=0) < 3:
        return {}
    batch = node.out.shape[:-2]
    copies = ((place, TensorType((*batch, *x.shape[-2:]), x.dtype)) for place, x in enumerate(node.ins))
    return {place: copy for place, copy in copies if copy.numel > node.ins[place].numel}


def _backward(graph: Graph, tape: Tape, element_bytes: int, alive: Alive) -> Iterator[tuple[str, int]]:
    """Simulate backward in reverse order, as autograd runs it; yields each call's name and the bytes alive in it.

    A gradient is named after the call input that it was first made for. The engine adds a second gradient of an output
    to the first one in place.
    """
    holders: dict[str, int] = {}  # of each gradient
    arrived: dict[int, list[str]] = {}  # the gradients of each call's outputs
    trained: set[str] = set()  # the weights with a gradient

    def give(i: int, gradient: str, of_other_output: bool = False) -> None:
        if i in arrived and not of_other_output:
            return
        arrived.setdefault(i, []).append(gradient)
        holders[gradient] += 1

    def release(gradient: str) -> None:
        holders[gradient] -= 1
        if not holders[gradient]:
            alive.gradients.pop(gradient, None)

    for position in tape.backward.keys() & {*graph.returned}:
        name = "output" if len(graph.returned) == 1 else f"output {graph.returned.index(position)}"
        holders[name], arrived[position] = 1, [name]
        alive.gradients[name] = graph.nodes[position].out.nbytes(element_bytes)
    for position, (inputs, params, *_) in tape.backward.items():
        node = graph.nodes[position]
        gradients = arrived.pop(position)
        made: list[tuple[int, str]] = []
        repeated = _repeated_factors(node)
        places = [(place, i) for place, i in enumerate(node.inputs) if i in inputs]
        for place, i in places:
            if _hands_on_gradient(node, place):
                give(i, gradients[0], isinstance(node.op, OtherOutput))
            else:
                name = f"{node.name} input {place}"
                holders[name] = 1
                alive.gradients[name] = repeated.get(place, node.ins[place]).nbytes(element_bytes)
                made.append((i, name))
                if node.kind in BROADCASTING and node.ins[place] != node.out:  # a gate's gradient, before its sum
                    alive.gradients[f"{name}, unreduced"] = node.out.nbytes(element_bytes)
        if node.kind in BROADCASTING and params:  # a learned factor's gradient, too
            alive.gradients[f"{node.name} learned, unreduced"] = node.out.nbytes(element_bytes)
        for suffix, (weight, shape) in zip(node.op.params(), node.weights().items(), strict=True):
            if suffix not in params:
                continue
            if weight in trained:  # by another call: its gradient is added to the first in place
                alive.gradients[f"{node.name} {suffix} again"] = element_bytes * prod(shape)
            else:
                alive.weight_gradients += element_bytes * prod(shape)
            trained.add(weight)
        yield node.name, alive.total
        alive.gradients.pop(f"{node.name} learned, unreduced", None)
        for suffix in params:
            alive.gradients.pop(f"{node.name} {suffix} again", None)
        for place in repeated.keys() & dict(places):
            alive.gradients[f"{node.name} input {place}"] = node.ins[place].nbytes(element_bytes)
        for i, name in made:
            alive.gradients.pop(f"{name}, unreduced", None)
            give(i, name)
            release(name)
        for gradient in gradients:
            release(gradient)
        alive.activations.pop(f"{node.name} (saved)", None)
        for storage in tape.saved[position]:
            tape.savers[storage] -= 1
            if not tape.savers[storage]:
                alive.activations.pop(graph.nodes[storage].name, None)
