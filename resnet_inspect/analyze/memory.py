"""How much memory an eager pass asks for, before it runs: what, when, and what is alive at that moment."""

from collections.abc import Iterator
from typing import Literal, get_args

from resnet_inspect.analyze.flops import Task, refuse_to_train
from resnet_inspect.analyze.liveness import Alive, Moment, peak
from resnet_inspect.analyze.summary import share
from resnet_inspect.graph import Graph
from resnet_inspect.report import Column, Fact, Report, Row, Table
from resnet_inspect.units import text

Optimizer = Literal["sgd", "adam"]
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
Precision = Literal["fp32", "tf32", "bf16", "fp16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
ELEMENT_BYTES: dict[Precision, int] = {"fp32": 4, "tf32": 4, "bf16": 2, "fp16": 2}
COUNTER_BYTES = 8  # BatchNorm counts its batches in an int64
LISTED = 16

Rows = dict[str, tuple[str, int]]  # key -> title and bytes


def memory(
    graph: Graph,
    task: Task = "infer",
    precision: Precision = "fp32",
    optimizer: Optimizer = "sgd",
    momentum: float = 0.9,
) -> Report:
    """The peak of what is asked of the allocator, weights included, by named rows.

    It holds for our built module and torchvision's alike, contiguous or channels_last, from the second training step on
    (the first has no optimizer state yet). Kernels' own workspaces and the process are not in it.

    Raises:
        ShapeError: a training step of a BatchNorm that sees one value a channel.
    """
    moment, rows = _asked(graph, task, precision, optimizer, momentum)
    total = _sum(rows)
    return Report(
        kind="memory",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}, {precision}, "
        + ("one training step" if task == "train" else "inference"),
        facts=(
            Fact("input", "input", graph.input.shape, "shape"),
            Fact("task", "task", task),
            Fact("precision", "precision", precision),
            Fact("peak_bytes", "peak", total, "bytes"),
            Fact("peak_node", "at", moment.node),
            Fact("peak_phase", "in", moment.phase),
            *(Fact(key, title, count, "bytes") for key, (title, count) in rows.items()),
        ),
        tables=(
            _rows(rows, total),
            _alive(moment.alive),
        ),
        notes=("what torch's allocator is asked for; a kernel's own workspace comes on top", *_at_once(rows, total)),
    )


def peak_bytes(
    graph: Graph,
    task: Task = "infer",
    precision: Precision = "fp32",
    optimizer: Optimizer = "sgd",
    momentum: float = 0.9,
) -> int:
    """The peak alone, as ``memory`` has it."""
    return _sum(_asked(graph, task, precision, optimizer, momentum)[1])


def _sum(rows: Rows) -> int:
    return sum(count for _, count in rows.values())


def _asked(
    graph: Graph, task: Task, precision: Precision, optimizer: Optimizer, momentum: float
) -> tuple[Moment, Rows]:
    """The moment of the peak, and what is there then."""
    train = task == "train"
    if train:
        refuse_to_train(graph)
    size = ELEMENT_BYTES[precision]
    weights = [node.params for node in graph.weight_owners()]
    weight_bytes = size * sum(weights)
    norms = sum(1 for node in graph.weight_owners() if node.op.buffers())
    buffer_bytes = size * (sum(node.buffers for node in graph.weight_owners()) - norms) + COUNTER_BYTES * norms
    input_bytes = size * graph.input.numel
    states = 0 if not train else 2 if optimizer == "adam" else int(momentum != 0)
    moment = peak(graph, train, size)
    if train:
        moment = _later(moment, weight_bytes, optimizer, size * max(weights, default=0))
    alive = moment.alive
    return moment, {
        "weight_bytes": ("weights", weight_bytes),
        "buffer_bytes": ("buffers", buffer_bytes),
        "input_bytes": ("input", input_bytes),
        "activation_bytes": ("activations", sum(alive.activations.values())),
        "gradient_bytes": ("their gradients", sum(alive.gradients.values())),
        "weight_gradient_bytes": ("gradients of weights", alive.weight_gradients),
        "optimizer_bytes": (f"optimizer, {optimizer}" if train else "optimizer", states * weight_bytes),
    }


def _later(moment: Moment, weight_bytes: int, optimizer: Optimizer, largest: int) -> Moment:
    """The optimizer's step, if it asks for more: all weight gradients, and Adam's two temporaries of one weight."""
    temporaries = 2 * largest if optimizer == "adam" else 0
    if weight_bytes + temporaries <= moment.alive.total:
        return moment
    return Moment("step", "optimizer", Alive(gradients={"temporaries": temporaries}, weight_gradients=weight_bytes))


def _at_once(rows: Rows, total: int) -> Iterator[str]:
    """What Adam's step asks for where it updates all weights together, as torch's default is on CUDA
    (``torch/optim/adam.py``, ``_multi_tensor_adam``): a temporary of the size of them all beside their gradients."""
    title, states = rows["optimizer_bytes"]
    if "adam" not in title:
        return
    weights = rows["weight_bytes"][1]
    step = weights + rows["buffer_bytes"][1] + rows["input_bytes"][1] + states + 2 * weights
    if step > total:
        yield f"on CUDA, Adam updates all weights at once, and its step asks for {text(step, 'bytes')}"


def _rows(rows: Rows, total: int) -> Table:
    columns = (Column("row", "row"), Column("bytes", "bytes", "bytes"), Column("share", "%", "share"))
    shown: list[Row] = [(title, count, share(count, total)) for title, count in rows.values()]
    return Table("rows", "at the peak", columns, tuple(shown), ("total", total, None))


def _alive(alive: Alive) -> Table:
    """The largest tensors alive at the peak, by the call that made each."""
    tensors = [(name, "activation", count) for name, count in alive.activations.items()]
    tensors += [(name, "gradient", count) for name, count in alive.gradients.items()]
    tensors.sort(key=lambda tensor: -tensor[2])
    rest = tensors[LISTED:]
    rows: list[Row] = [*tensors[:LISTED]]
    rows += [(f"{len(rest)} smaller", None, sum(count for *_, count in rest))] if rest else []
    columns = (Column("tensor", "tensor"), Column("kind", "kind"), Column("bytes", "bytes", "bytes"))
    return Table("alive", "alive there", columns, tuple(rows))
