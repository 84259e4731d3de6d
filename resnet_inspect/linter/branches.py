"""Which calls are on a shortcut and which in a gate, by how the calls read each other: code may name them anything."""

from dataclasses import dataclass

from resnet_inspect.graph import Graph
from resnet_inspect.graph.ops.gate import Mul
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import Add


@dataclass(frozen=True, slots=True)
class Branches:
    """Names of calls.

    ``shortcuts``: on the branch of a sum that has fewer convolutions. ``gates``: between a map and the product that
    weighs it, with the product.
    """

    shortcuts: frozenset[str]
    gates: frozenset[str]


def find_branches(graph: Graph) -> Branches:
    shortcuts: set[int] = set()
    gates: set[int] = set()
    for position, node in enumerate(graph.nodes):
        if len(node.inputs) != 2 or not isinstance(node.op, Add | Mul):
            continue
        fork, *sides = _fork(graph, *node.inputs)
        if isinstance(node.op, Mul):
            gates |= {position} | _since(graph, fork, node.inputs[1])
            continue
        few, many = sorted((sum(isinstance(graph.nodes[i].op, Conv2d) for i in side), side) for side in sides)
        if few[0] < many[0]:
            shortcuts.update(few[1])
    return Branches(*(frozenset(graph.nodes[i].name for i in calls) for calls in (shortcuts - gates, gates)))


def _fork(graph: Graph, a: int, b: int) -> tuple[int, list[int], list[int]]:
    """The call from which both branches come, and the calls of each, along the first inputs."""
    ends = [a, b]
    calls: tuple[list[int], list[int]] = [], []
    while ends[0] != ends[1]:
        later = ends.index(max(ends))
        calls[later].append(ends[later])
        inputs = graph.nodes[ends[later]].inputs
        if not inputs:  # a constant
            return ends[later], *calls
        ends[later] = inputs[0]
    return ends[0], *calls


def _since(graph: Graph, fork: int, last: int) -> set[int]:
    """The calls after ``fork`` that ``last`` needs, with itself."""
    needed: set[int] = set()
    ahead = [last]
    while ahead:
        i = ahead.pop()
        if i > fork and i not in needed:
            needed.add(i)
            ahead += graph.nodes[i].inputs
    return needed
