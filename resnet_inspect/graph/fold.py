"""Conv+BatchNorm folding: in inference, a norm that directly follows a convolution is but other weights of it."""

from collections import Counter
from dataclasses import replace

from resnet_inspect.graph.graph import Graph, Node
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import BatchNorm2d


def fold(graph: Graph) -> Graph:
    """``graph`` with each BatchNorm folded into the convolution before it, if nothing else reads that convolution.

    The convolution keeps its name and gains a bias, the norm is gone: what torch.nn.utils.fusion.fuse_conv_bn_eval
    leaves. A norm behind a sum, a ReLU or a pool stays.
    """
    read = Counter(i for node in graph.nodes for i in node.inputs)
    called = Counter(node.module for node in graph.nodes)

    nodes: list[Node] = []
    place: list[int] = []  # where the value of each old node now comes from
    for node in graph.nodes:
        inputs = tuple([place[i] for i in node.inputs])
        if isinstance(node.op, BatchNorm2d) and read[node.inputs[0]] == called[node.module] == 1:
            conv = nodes[inputs[0]]
            if isinstance(conv.op, Conv2d) and called[conv.module] == 1:
                nodes[inputs[0]] = replace(conv, op=replace(conv.op, bias=True))
                place.append(inputs[0])
                continue
        place.append(len(nodes))
        nodes.append(replace(node, inputs=inputs))
    return Graph(graph.name, tuple(nodes), graph.containers)
