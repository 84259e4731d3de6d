"""Conv+BatchNorm folding: in inference, a convolution can absorb the BatchNorm that directly follows it."""

from collections import Counter
from dataclasses import replace

from resnet_inspect.graph.graph import Graph, Node
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import BatchNorm2d


def fold(graph: Graph) -> Graph:
    """``graph`` with each BatchNorm folded into the convolution before it, if nothing else reads that convolution.

    The convolution keeps its name and gains a bias, as torch.nn.utils.fusion.fuse_conv_bn_eval does it. A norm after
    a sum, a ReLU or a pool stays, and one after a convolution that standardizes its weight, which would undo the scale.
    """
    readers = Counter(i for node in graph.nodes for i in node.inputs)
    calls = Counter(node.module for node in graph.nodes)

    nodes: list[Node] = []
    position: list[int] = []  # of each old node's value among the new nodes
    for node in graph.nodes:
        inputs = tuple([position[i] for i in node.inputs])
        if isinstance(node.op, BatchNorm2d) and readers[node.inputs[0]] == calls[node.module] == 1:
            conv = nodes[inputs[0]]
            if isinstance(conv.op, Conv2d) and not conv.op.standardized and calls[conv.module] == 1:
                nodes[inputs[0]] = replace(conv, op=_with_bias(conv.op))
                position.append(inputs[0])
                continue
        position.append(len(nodes))
        nodes.append(replace(node, inputs=inputs))
    held: dict[int, int] = {}
    for old, last in graph.held.items():
        held[position[old]] = max(held.get(position[old], 0), position[last])
    results = tuple([position[old] for old in graph.results])
    return replace(graph, nodes=tuple(nodes), held=held, recorded=None, results=results)


def _with_bias(conv: Conv2d) -> Conv2d:
    learned = conv.learned and (*conv.learned, ("bias", (conv.out_channels,)))
    return conv if conv.bias else replace(conv, bias=True, learned=learned)
