"""Peak memory that an eager run requests from torch's allocator."""

from collections.abc import Iterator
from dataclasses import dataclass

from resnet_inspect.graph import Graph, Node, TensorType
from resnet_inspect.graph.facts.gradients import trained_parameters
from resnet_inspect.graph.facts.liveness import Alive, Moment, Phase, course, peak
from resnet_inspect.graph.facts.training import refuse_to_train
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.graph.ops.torch_call import Constant, TorchCall
from resnet_inspect.vocabulary import ELEMENT_BYTES, Optimizer, Precision, Task

COUNTER_BYTES = 8  # BatchNorm counts its batches in an int64


@dataclass(frozen=True, slots=True)
class PeakMemory:
    """Bytes alive at the peak, or at another moment, by kind; ``peak_bytes`` is their sum.

    Kernel workspaces and the process itself are not included. The numbers hold from the second training step on: the
    first has no optimizer state yet.
    """

    peak_bytes: int
    weight_bytes: int
    buffer_bytes: int
    input_bytes: int
    activation_bytes: int
    gradient_bytes: int
    weight_gradient_bytes: int
    optimizer_bytes: int


def memory_peak(
    graph: Graph,
    task: Task = "infer",
    precision: Precision = "fp32",
    optimizer: Optimizer = "sgd",
    momentum: float = 0.9,
) -> tuple[Moment, PeakMemory]:
    """The moment of the peak, and the bytes alive at that moment.

    Raises:
        RequestError: the graph cannot tell what its training step does.
        ShapeError: in training, a BatchNorm sees one value a channel.
    """
    train, element_bytes = task == "train", ELEMENT_BYTES[precision]
    steady = _steady(graph, train, element_bytes, optimizer, momentum)
    moment = peak(graph, train, element_bytes)
    if train:
        moment = _with_optimizer_step(moment, steady.trained, optimizer)
    alive = moment.alive
    return moment, steady.at(sum(alive.activations.values()), sum(alive.gradients.values()), alive.weight_gradients)


def memory_course(
    graph: Graph,
    task: Task = "infer",
    precision: Precision = "fp32",
    optimizer: Optimizer = "sgd",
    momentum: float = 0.9,
) -> Iterator[tuple[str, Phase, PeakMemory]]:
    """Each call in the order they run, its phase, and the bytes alive in its middle, whose highest are the peak.

    Raises:
        RequestError, ShapeError: as ``memory_peak`` does.
    """
    train, element_bytes = task == "train", ELEMENT_BYTES[precision]
    steady = _steady(graph, train, element_bytes, optimizer, momentum)
    for instant in course(graph, train, element_bytes):
        yield instant.node, instant.phase, steady.at(instant.activations, instant.gradients, instant.weight_gradients)
    if train:
        step = _optimizer_step(steady.trained, optimizer)
        yield step.node, step.phase, steady.at(0, sum(step.alive.gradients.values()), step.alive.weight_gradients)


@dataclass(frozen=True, slots=True)
class _Steady:
    """Bytes that live through the whole pass; ``trained`` are those of each parameter with a gradient."""

    weights: int
    buffers: int
    inputs: int
    optimizer: int
    trained: list[int]

    def at(self, activations: int, gradients: int, weight_gradients: int) -> PeakMemory:
        """With what else is alive at a moment."""
        parts = (self.weights, self.buffers, self.inputs, activations, gradients, weight_gradients, self.optimizer)
        return PeakMemory(sum(parts), *parts)


def _steady(graph: Graph, train: bool, element_bytes: int, optimizer: Optimizer, momentum: float) -> _Steady:
    if train:
        refuse_to_train(graph)
    trained = [element_bytes * elements for elements in trained_parameters(graph).values()] if train else []
    states = states_per_weight(optimizer, momentum) if train else 0
    return _Steady(
        weights=sum(sum(weight_bytes_of(node, element_bytes)) for node in graph.weight_owners()),
        buffers=buffer_bytes_of(graph, element_bytes),
        inputs=sum(graph.nodes[i].out.nbytes(element_bytes) for i in graph.inputs),
        optimizer=states * sum(trained),
        trained=trained,
    )


def weight_bytes_of(node: Node, element_bytes: int) -> list[int]:
    """Bytes of each of a call's learned tensors, which have its output's type where that is a float's."""
    dtype = node.out.dtype if "float" in node.out.dtype else "float32"
    return [TensorType(shape, dtype).nbytes(element_bytes) for shape in node.op.params().values()]


def states_per_weight(optimizer: Optimizer, momentum: float) -> int:
    """How many numbers the optimizer keeps for each trained one."""
    return 2 if optimizer == "adam" else int(momentum != 0)


def buffer_bytes_of(graph: Graph, element_bytes: int) -> int:
    norms = sum("num_batches_tracked" in node.op.buffers() for node in graph.weight_owners())
    kept = [each for node in graph.nodes if isinstance(node.op, TorchCall | Constant) for _, each in node.op.kept]
    plain = work_of(graph).buffers - norms - sum(each.numel for each in kept)
    return element_bytes * plain + COUNTER_BYTES * norms + sum(each.nbytes(element_bytes) for each in kept)


def peak_bytes(graph: Graph, task: Task = "infer", precision: Precision = "fp32") -> int:
    """Peak bytes; a training step uses SGD with momentum."""
    return memory_peak(graph, task, precision)[1].peak_bytes


def _with_optimizer_step(moment: Moment, trained: list[int], optimizer: Optimizer) -> Moment:
    """The optimizer's step, if it needs more."""
    step = _optimizer_step(trained, optimizer)
    return moment if step.alive.total <= moment.alive.total else step


def _optimizer_step(trained: list[int], optimizer: Optimizer) -> Moment:
    """Every weight gradient, and Adam's two copies of the largest weight; ``trained`` are the bytes of each."""
    temporaries = 2 * max(trained, default=0) if optimizer == "adam" else 0
    return Moment("step", "optimizer", Alive(gradients={"temporaries": temporaries}, weight_gradients=sum(trained)))
