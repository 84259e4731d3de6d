"""A deep net without most of the copies of its blocks: what runs in each is known from a few of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

from resnet_inspect.graph import Graph, Node

# Of a run of equal blocks the first two and the last two stay, and the second stands for those left out: it has its
# like on both sides, as far as passes reach.
AHEAD, BEHIND = 2, 2
GONE = -1
OP, INS, OTHERS = attrgetter("op"), attrgetter("ins"), attrgetter("ins", "out", "stage", "module")


def without_repeats(graph: Graph) -> tuple[Graph, list[int]]:
    """``graph`` with few of the blocks that ``Builder.repeat`` copied, and for how many calls each node stands.

    Where a block that would be left out is read from elsewhere, the graph stays whole.
    """
    nodes, times = list[Node](), list[int]()
    moved = list[int]()  # the new position of each node
    for start, period, blocks in (*_runs(graph.nodes), (len(graph.nodes), 0, 0)):
        first, last = start + AHEAD * period, start + (blocks - BEHIND) * period
        if first > last:
            continue
        here = len(moved)
        moved += range(len(nodes), len(nodes) + first - here)
        nodes += graph.nodes[here:first]
        times += [1] * (first - here)
        if left_out := last - first:
            times[-period:] = [1 + left_out // period] * period
            moved += [GONE] * (left_out - 1) + [len(nodes) - 1]  # the block behind reads the last node that stays
    if len(nodes) == len(graph.nodes):
        return graph, times
    kept = [_with_inputs(node, tuple([moved[i] for i in node.inputs])) for node in nodes]
    if any(GONE in node.inputs for node in kept):
        return graph, [1] * len(graph.nodes)
    return replace(graph, nodes=tuple(kept)), times


def _runs(nodes: Sequence[Node]) -> Iterator[tuple[int, int, int]]:
    """Where runs of equal blocks begin, how many nodes a block has, and how many blocks follow each other.

    A copied node shares its operation and the types of its inputs with the one it was copied from.
    """
    shared = [*zip(map(id, map(OP, nodes)), map(id, map(INS, nodes)), strict=True)]
    seen: dict[tuple[int, int], int] = {}
    position = 0
    while position < len(nodes):
        start = seen.get(shared[position], position)
        seen[shared[position]] = position
        period, end = position - start, position
        while period and shared[end : end + period] == shared[start:position]:
            end += period
        if end > position:
            yield start, period, (end - start) // period
        position = max(end, position + 1)


def _with_inputs(node: Node, inputs: tuple[int, ...]) -> Node:
    """As ``replace``, which takes twice as long."""
    return node if inputs == node.inputs else Node(node.name, node.op, inputs, *OTHERS(node))
