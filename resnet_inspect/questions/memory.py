"""Predict the peak memory of an eager pass: how much, at which call, and which tensors are alive then."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.liveness import Alive
from resnet_inspect.graph.facts.memory import PeakMemory, memory_peak
from resnet_inspect.hardware.devices import Device
from resnet_inspect.questions.training import training_notes
from resnet_inspect.report import Column, Fact, Report, Table, tabulate
from resnet_inspect.units import share, text
from resnet_inspect.vocabulary import Optimizer, Precision, Task

LISTED = 16


class Part(NamedTuple):
    """One kind of memory in the peak, in bytes."""

    key: str
    title: str
    size: int


class Tensor(NamedTuple):
    """A tensor alive at the peak, in bytes; the last row of the table sums up the smaller ones."""

    name: str
    kind: str | None
    size: int


def memory(
    graph: Graph,
    task: Task = "infer",
    precision: Precision = "fp32",
    optimizer: Optimizer = "sgd",
    momentum: float = 0.9,
    device: Device | None = None,
) -> Report:
    """The peak of the bytes requested from torch's allocator, weights included, by kind.

    The module that ``build`` makes and torchvision's have the same peak, contiguous or channels_last. With ``device``,
    the report says whether it fits there.

    Raises:
        ShapeError: a BatchNorm sees one value per channel, with which torch cannot train.
    """
    moment, peak = memory_peak(graph, task, precision, optimizer, momentum)
    parts = (
        Part("weight_bytes", "weights", peak.weight_bytes),
        Part("buffer_bytes", "buffers", peak.buffer_bytes),
        Part("input_bytes", "input", peak.input_bytes),
        Part("activation_bytes", "activations", peak.activation_bytes),
        Part("gradient_bytes", "activation gradients", peak.gradient_bytes),
        Part("weight_gradient_bytes", "weight gradients", peak.weight_gradient_bytes),
        Part("optimizer_bytes", f"optimizer, {optimizer}" if task == "train" else "optimizer", peak.optimizer_bytes),
    )
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
            Fact("peak_node", "at call", moment.node),
            Fact("peak_phase", "in phase", moment.phase),
            *(Fact(part.key, part.title, part.size, "bytes") for part in parts),
            *(_room_facts(device, peak.peak_bytes) if device else ()),
        ),
        tables=(
            _parts(parts, peak.peak_bytes),
            _alive(moment.alive),
        ),
        notes=(
            "bytes requested from torch's allocator; workspaces of kernels come on top",
            *(_room_note(device, peak.peak_bytes) if device else ()),
            *(training_notes(graph) if task == "train" else ()),
            *(_adam_note(peak) if task == "train" and optimizer == "adam" else ()),
        ),
    )


def _room_facts(device: Device, needed: int) -> Iterator[Fact]:
    yield Fact("device", "device", device.name)
    if device.memory_bytes is not None:
        yield Fact("device_memory_bytes", "memory of the device", int(device.memory_bytes), "bytes")
        yield Fact("device_memory_share", "peak of it", needed / device.memory_bytes, "share")


def _room_note(device: Device, needed: int) -> Iterator[str]:
    """Whether the peak fits, by the data sheet."""
    if device.memory_bytes is None:
        yield f"{device.title} exists with more than one size of memory: compare the peak with yours"
    elif needed > device.memory_bytes:
        yield f"does not fit {device.title}: use a smaller batch, or a lower --precision"
    else:
        yield f"fits {device.title}; the driver, CUDA's context and fragments of memory take some of the rest"


def _adam_note(peak: PeakMemory) -> Iterator[str]:
    """On CUDA, torch's Adam updates all weights together by default, which takes a temporary as large as all weights
    (``torch/optim/adam.py``, ``_multi_tensor_adam``)."""
    step = peak.weight_bytes + peak.buffer_bytes + peak.input_bytes + 2 * peak.optimizer_bytes
    if step > peak.peak_bytes:
        yield f"on CUDA, Adam updates all weights at once, and its step requests {text(step, 'bytes')}"


def _parts(parts: Sequence[Part], total: int) -> Table:
    columns: tuple[Column[Part], ...] = (
        Column("row", "row", lambda part: part.title),
        Column("bytes", "bytes", lambda part: part.size, "bytes"),
        Column("share", "%", lambda part: share(part.size, total), "share"),
    )
    return tabulate("rows", "at the peak", columns, parts, {"row": "total", "bytes": total})


def _alive(alive: Alive) -> Table:
    """The largest tensors alive at the peak, by the call that made each."""
    tensors = [Tensor(name, "activation", size) for name, size in alive.activations.items()]
    tensors += [Tensor(name, "gradient", size) for name, size in alive.gradients.items()]
    tensors.sort(key=lambda tensor: -tensor.size)
    if rest := tensors[LISTED:]:
        tensors[LISTED:] = [Tensor(f"{len(rest)} smaller", None, sum(tensor.size for tensor in rest))]
    columns: tuple[Column[Tensor], ...] = (
        Column("tensor", "tensor", lambda tensor: tensor.name),
        Column("kind", "kind", lambda tensor: tensor.kind),
        Column("bytes", "bytes", lambda tensor: tensor.size, "bytes"),
    )
    return tabulate("alive", "tensors alive at the peak", columns, tensors)
