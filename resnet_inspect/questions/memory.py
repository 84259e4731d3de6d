"""How much memory an eager pass asks for, before it runs: what, when, and what is alive at that moment."""

from collections.abc import Iterator

from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.liveness import Alive
from resnet_inspect.graph.facts.memory import PeakMemory, memory_peak
from resnet_inspect.report import Column, Fact, Report, Row, Table
from resnet_inspect.units import share, text
from resnet_inspect.vocabulary import Optimizer, Precision, Task

LISTED = 16


def memory(
    graph: Graph,
    task: Task = "infer",
    precision: Precision = "fp32",
    optimizer: Optimizer = "sgd",
    momentum: float = 0.9,
) -> Report:
    """The peak of what is asked of the allocator, weights included, by named rows.

    It holds for our built module and torchvision's alike, contiguous or channels_last.

    Raises:
        ShapeError: a training step of a BatchNorm that sees one value a channel.
    """
    moment, peak = memory_peak(graph, task, precision, optimizer, momentum)
    rows = {
        "weight_bytes": ("weights", peak.weight_bytes),
        "buffer_bytes": ("buffers", peak.buffer_bytes),
        "input_bytes": ("input", peak.input_bytes),
        "activation_bytes": ("activations", peak.activation_bytes),
        "gradient_bytes": ("their gradients", peak.gradient_bytes),
        "weight_gradient_bytes": ("gradients of weights", peak.weight_gradient_bytes),
        "optimizer_bytes": (f"optimizer, {optimizer}" if task == "train" else "optimizer", peak.optimizer_bytes),
    }
    return Report(
        kind="memory",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}, {precision}, "
        + ("one training step" if task == "train" else "inference"),
        facts=(
            Fact("input", "input", graph.input.shape, "shape"),
            Fact("task", "task", task),
            Fact("precision", "precision", precision),
            Fact("peak_bytes", "peak", peak.peak_bytes, "bytes"),
            Fact("peak_node", "at", moment.node),
            Fact("peak_phase", "in", moment.phase),
            *(Fact(key, title, count, "bytes") for key, (title, count) in rows.items()),
        ),
        tables=(
            _rows(list(rows.values()), peak.peak_bytes),
            _alive(moment.alive),
        ),
        notes=(
            "what torch's allocator is asked for; a kernel's own workspace comes on top",
            *(_at_once(peak) if task == "train" and optimizer == "adam" else ()),
        ),
    )


def _at_once(peak: PeakMemory) -> Iterator[str]:
    """What Adam's step asks for where it updates all weights together, as torch's default is on CUDA
    (``torch/optim/adam.py``, ``_multi_tensor_adam``): a temporary of the size of them all beside their gradients."""
    step = 3 * peak.weight_bytes + peak.buffer_bytes + peak.input_bytes + peak.optimizer_bytes
    if step > peak.peak_bytes:
        yield f"on CUDA, Adam updates all weights at once, and its step asks for {text(step, 'bytes')}"


def _rows(rows: list[tuple[str, int]], total: int) -> Table:
    columns = (Column("row", "row"), Column("bytes", "bytes", "bytes"), Column("share", "%", "share"))
    shown: list[Row] = [(title, count, share(count, total)) for title, count in rows]
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
