"""Costs of a graph, summed by stage, block or call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

from resnet_inspect.graph import Graph, Node, TensorType
from resnet_inspect.graph.ops.base import Shape


@dataclass(slots=True)
class Work:
    """Sums over several nodes; ``output`` is the last node's type.

    ``activations`` are the output elements of convolutions and linear layers, as fvcore and timm (Macts) count them.
    """

    output: TensorType
    params: int = 0
    buffers: int = 0
    macs: int = 0
    macs_without_weights: int = 0
    activations: int = 0


def work_by(graph: Graph, key: Callable[[Node], str]) -> dict[str, Work]:
    """The work of each group of nodes, in running order; what several calls read counts once."""
    groups: dict[str, Work] = {}
    counted: set[tuple[str, str]] = set()
    for _, node in graph.calls:
        name = key(node)
        work = groups.get(name)
        if work is None:
            work = groups[name] = Work(node.out)
        work.output = node.out
        macs = node.macs
        if macs:
            work.macs += macs
            work.activations += node.out.numel
        work.macs_without_weights += node.macs_without_weights
        if node.module or node.op.params() or node.op.buffers():
            work.params += _new(node.module, node.op.params(), counted)
            work.buffers += _new(node.module, node.op.buffers(), counted)
    return groups


def _new(module: str, tensors: Mapping[str, Shape], counted: set[tuple[str, str]]) -> int:
    """Elements of the tensors that are not counted yet; they are from now on."""
    elements = 0
    for name, shape in tensors.items():
        if (module, name) not in counted:
            counted.add((module, name))
            elements += prod(shape)
    return elements


def sum_of(parts: Mapping[str, Work]) -> Work:
    """The total of parts that run one after the other."""
    last = [*parts.values()][-1] if parts else None
    total = Work(last.output if last else TensorType(()))  # a net may return its input
    for part in parts.values():
        total.params += part.params
        total.buffers += part.buffers
        total.macs += part.macs
        total.macs_without_weights += part.macs_without_weights
        total.activations += part.activations
    return total


def work_of(graph: Graph) -> Work:
    """The work of the whole graph."""
    return sum_of(work_by(graph, lambda node: ""))


def stage_of(node: Node) -> str:
    return node.stage
