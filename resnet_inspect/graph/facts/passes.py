"""A graph as the passes over memory that remain when everything that can be fused is.

A convolution, a linear layer and a pool are a pass each: it reads its input and its weights once and writes once.
BatchNorm (folded into the weights), ReLU and the like are done on data as it leaves the pass that makes it, or, where
others need it untouched, as it enters the passes that read it: a pre-activation block moves no more than one of the
original order. A sum or a product is done in the pass that makes its first term, which then reads the other: a residual
is read once, where it is added. A GroupNorm is a pass of its own, as is a product with a gate: nothing of a group can
be normalised, and nothing gated, before all of it has been seen.
"""

from dataclasses import dataclass, field
from math import prod

from resnet_inspect.graph import Graph, Node


@dataclass(slots=True)
class Pass:
    """One pass: the call it is named after, the elements that it writes, and those that it reads, by who made them.

    ``calls`` are all that is done in it, by position in the graph.
    """

    anchor: Node
    writes: int
    calls: dict[int, Node]
    reads: dict[int, int] = field(default_factory=dict)

    @property
    def flop(self) -> int:
        return 2 * self.anchor.macs

    @property
    def elements(self) -> int:
        """Activations read and written, fused."""
        return sum(self.reads.values()) + self.writes

    @property
    def weights(self) -> int:
        """Parameters read, with every BatchNorm folded away."""
        return 0 if self.anchor.op.fusion else self.anchor.params

    @property
    def fused(self) -> list[Node]:
        """What is done beside the anchor, in the order it runs."""
        return [node for _, node in sorted(self.calls.items()) if node is not self.anchor]


def eager_elements(node: Node) -> int:
    """Activations that a call by itself reads and writes; a view moves nothing."""
    return 0 if node.op.is_view else sum(x.numel for x in node.ins) + node.out.numel


def eager_weights(node: Node) -> int:
    """Parameters that a call reads, and the two running statistics of a BatchNorm."""
    return node.params + sum(prod(shape) for shape in node.op.buffers().values() if shape)


def passes(graph: Graph) -> list[Pass]:
    """The passes in the order they run; each node but the input is in one of them."""
    readers = [0] * len(graph.nodes)
    for node in graph.nodes:
        for i in node.inputs:
            readers[i] += 1
    done: list[Pass] = []
    maker: list[Pass | None] = [None] * len(graph.nodes)
    waiting: set[int] = set()  # maps that are left to their readers
    played: set[int] = set()

    def read(into: Pass, i: int) -> None:
        elements = graph.nodes[i].out.numel
        while i in waiting:
            if i not in played:  # eager runs it once, whoever reads it
                played.add(i)
                into.calls[i] = graph.nodes[i]
            i = graph.nodes[i].inputs[0]
            elements = min(elements, graph.nodes[i].out.numel)
        into.reads[i] = max(elements, into.reads.get(i, 0))

    for position, node in enumerate(graph.nodes[1:], start=1):
        first, *others = node.inputs
        made = maker[first] if readers[first] == 1 else None
        if made is not None and node.op.fusion:
            made.calls[position], made.writes = node, node.out.numel
        elif node.op.fusion == "map" and readers[position]:
            waiting.add(position)
            continue
        else:
            made, others = Pass(node, node.out.numel, {position: node}), list(node.inputs)
            done.append(made)
        maker[position] = made
        for i in others:
            read(made, i)
    return done
