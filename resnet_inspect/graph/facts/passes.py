"""A graph as the passes over memory that remain after all possible fusion.

A convolution, linear layer or pool is one pass: it reads its input and weights once and writes its output once. A map
(ReLU, BatchNorm folded into the weights) runs on values as they leave the pass that makes them. If other calls need
those values unchanged, the map runs as values enter the passes that read them. A pre-activation block therefore moves
as much as a block in the original order. A join (sum, product) runs in the pass that makes its first input, and that
pass reads the second. GroupNorm and a product with a gate each need a pass of their own: they must first see a whole
group or image.
"""

from dataclasses import dataclass, field
from math import prod

from resnet_inspect.graph import Graph, Node


@dataclass(slots=True)
class Pass:
    """One pass over memory.

    Attributes:
        anchor: the call that gives the pass its name.
        writes: elements written.
        calls: every call done in the pass, by position in the graph.
        reads: elements read, by the position of the call that made them.
    """

    anchor: Node
    writes: int
    calls: dict[int, Node]
    reads: dict[int, int] = field(default_factory=dict)

    @property
    def flop(self) -> int:
        return 2 * (self.anchor.macs + self.anchor.macs_without_weights)

    @property
    def elements(self) -> int:
        """Activation elements read and written."""
        return sum(self.reads.values()) + self.writes

    @property
    def weights(self) -> int:
        """Parameters read; a BatchNorm's are folded away."""
        return 0 if self.anchor.op.fusion else self.anchor.params

    @property
    def fused(self) -> list[Node]:
        """The calls other than the anchor, in the order they run."""
        return [node for _, node in sorted(self.calls.items()) if node is not self.anchor]


def eager_elements(node: Node) -> int:
    """Activation elements that a call reads and writes on its own; a view moves none."""
    return 0 if node.op.is_view else sum(x.numel for x in node.ins) + node.out.numel


def eager_weights(node: Node) -> int:
    """Parameters and running statistics that a call reads on its own."""
    return node.params + sum(prod(shape) for shape in node.op.buffers().values() if shape)


def passes(graph: Graph) -> list[Pass]:
    """The passes in the order they run; each node but the input is in exactly one."""
    readers = [0] * len(graph.nodes)
    for node in graph.nodes:
        for i in node.inputs:
            readers[i] += 1
    result: list[Pass] = []
    maker: list[Pass | None] = [None] * len(graph.nodes)
    waiting: set[int] = set()  # maps that run in the passes that read them
    placed: set[int] = set()

    def read(into: Pass, i: int) -> None:
        elements = graph.nodes[i].out.numel
        while i in waiting:
            if i not in placed:  # count the call once, in its first reader
                placed.add(i)
                into.calls[i] = graph.nodes[i]
            i = graph.nodes[i].inputs[0]
            elements = min(elements, graph.nodes[i].out.numel)
        into.reads[i] = max(elements, into.reads.get(i, 0))

    for position, node in enumerate(graph.nodes[1:], start=1):
        first, *others = node.inputs or (0,)
        made = maker[first] if node.inputs and readers[first] == 1 else None
        if made is not None and node.op.fusion:
            made.calls[position], made.writes = node, node.out.numel
        elif node.op.fusion == "map" and readers[position]:
            waiting.add(position)
            continue
        else:
            made, others = Pass(node, node.out.numel, {position: node}), list(node.inputs)
            result.append(made)
        maker[position] = made
        for i in others:
            read(made, i)
    return result
