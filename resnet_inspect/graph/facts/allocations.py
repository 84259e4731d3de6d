"""What an eager run asks of torch's allocator, request by request: the same bytes as the predicted peak, over time."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.gradients import trained_parameters
from resnet_inspect.graph.facts.liveness import Alive, Phase, replay
from resnet_inspect.graph.facts.memory import buffer_bytes_of, states_per_weight, weight_bytes_of
from resnet_inspect.graph.facts.training import refuse_to_train
from resnet_inspect.vocabulary import ELEMENT_BYTES, Optimizer, Precision, Task

Kind = Literal["weights", "buffers", "input", "optimizer", "activations", "gradients", "weight gradients"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Tensor(NamedTuple):
    """Bytes asked for in one request; ``call`` is the call that asked, empty for what is there before the run."""

    name: str
    kind: Kind
    size: int
    call: str = ""


class Step(NamedTuple):
    """A call: what was freed since the call before it, and what is made until its middle, where the most is alive.

    The last step of a run has no call, and frees what its last call needed.
    """

    call: str
    phase: Phase
    freed: tuple[Tensor, ...]
    made: tuple[Tensor, ...]


def kept(
    graph: Graph,
    task: Task = "infer",
    precision: Precision = "fp32",
    optimizer: Optimizer = "sgd",
    momentum: float = 0.9,
) -> Iterator[Tensor]:
    """What is there before a call and after it: weights, buffers, input and the optimizer's state."""
    element_bytes = ELEMENT_BYTES[precision]
    for node in graph.weight_owners():
        for name, size in zip(node.weights(), weight_bytes_of(node, element_bytes), strict=True):
            yield Tensor(name, "weights", size)
    yield Tensor("buffers", "buffers", buffer_bytes_of(graph, element_bytes))
    for i in graph.inputs:
        yield Tensor(graph.nodes[i].name, "input", graph.nodes[i].out.nbytes(element_bytes))
    states = states_per_weight(optimizer, momentum) if task == "train" else 0
    if states:
        for name, elements in trained_parameters(graph).items():
            yield Tensor(f"{name}, state", "optimizer", states * element_bytes * elements)


def steps(
    graph: Graph, task: Task = "infer", precision: Precision = "fp32", optimizer: Optimizer = "sgd"
) -> Iterator[Step]:
    """The calls of a forward pass without gradients, or of a training step.

    Raises:
        RequestError: the graph cannot tell what its training step does.
        ShapeError: in training, a BatchNorm sees one value a channel.
    """
    train = task == "train"
    if train:
        refuse_to_train(graph)
    element_bytes = ELEMENT_BYTES[precision]
    held, weight_gradients = dict[tuple[Kind, str], Tensor](), 0
    phase: Phase = "forward"
    alive = Alive()
    for call, phase, alive in replay(graph, train, element_bytes):
        freed, made = _changes(held, alive, call)
        if alive.weight_gradients > weight_gradients:
            size = alive.weight_gradients - weight_gradients
            made = (*made, Tensor(f"weights of {call}", "weight gradients", size, call))
            weight_gradients = alive.weight_gradients
        yield Step(call, phase, freed, made)
    if train:
        yield from _optimizer_step(graph, optimizer, element_bytes, tuple(held.values()))
    else:
        yield Step("", phase, *_changes(held, alive, ""))


def _changes(
    held: dict[tuple[Kind, str], Tensor], alive: Alive, call: str
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """What is freed and made to come from ``held`` to ``alive``; ``held`` follows."""
    now: dict[tuple[Kind, str], int] = {("activations", name): size for name, size in alive.activations.items()}
    now |= {("gradients", name): size for name, size in alive.gradients.items()}
    freed = tuple(held.pop(key) for key in [key for key, tensor in held.items() if now.get(key) != tensor.size])
    made = tuple(Tensor(name, kind, size, call) for (kind, name), size in now.items() if (kind, name) not in held)
    held |= {(tensor.kind, tensor.name): tensor for tensor in made}
    return freed, made


def _optimizer_step(graph: Graph, optimizer: Optimizer, element_bytes: int, held: tuple[Tensor, ...]) -> Iterator[Step]:
    """The step of the optimizer, before which everything but the weights' gradients is gone; Adam copies a weight
    twice."""
    largest = max(trained_parameters(graph).values(), default=0)
    copies = (Tensor("temporaries", "gradients", 2 * element_bytes * largest, "step"),) if optimizer == "adam" else ()
    yield Step("step", "optimizer", held, copies)
    yield Step("", "optimizer", copies, ())
