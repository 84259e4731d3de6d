"""A built network with its BatchNorms folded into the weights of its convolutions."""

from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from resnet_inspect.graph import Graph
from resnet_inspect.graph.ops.pointwise import BatchNorm2d
from resnet_inspect.runtime.build import build


def folded(net: nn.Module, graph: Graph, folded_graph: Graph) -> nn.Module:
    """A network of ``folded_graph = fold(graph)`` with the weights of ``net``, which was built from ``graph``.

    In eval mode its outputs equal those of ``net``, except for rounding.
    """
    kept = {node.module for node in folded_graph.nodes}
    norm_of = {
        graph.nodes[node.inputs[0]].module: node.module
        for node in graph.nodes
        if isinstance(node.op, BatchNorm2d) and node.module not in kept
    }
    with torch.no_grad():
        folded_net = build(folded_graph).to(next(net.parameters()).device).eval()
        state = net.state_dict()
        weights = {name: state[name] for name in folded_net.state_dict() if name in state}
        for conv, norm in norm_of.items():
            pair: Any = (net.get_submodule(conv), net.get_submodule(norm))
            merged: nn.Module = fuse_conv_bn_eval(*pair)
            weights |= {f"{conv}.{name}": value for name, value in merged.state_dict().items()}
        folded_net.load_state_dict(weights)
    return folded_net
