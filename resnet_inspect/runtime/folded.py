"""A built network with its BatchNorms folded into its convolutions, weights and all."""

from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from resnet_inspect.graph import Graph
from resnet_inspect.graph.ops.pointwise import BatchNorm2d
from resnet_inspect.runtime.build import build


def folded(net: nn.Module, graph: Graph, fewer: Graph) -> nn.Module:
    """The network of ``fewer``, which is ``fold(graph)``, with the weights of ``net``, which was built of ``graph``.

    In eval mode both give the same, but for rounding.
    """
    kept = {node.module for node in fewer.nodes}
    gone = {
        graph.nodes[node.inputs[0]].module: node.module
        for node in graph.nodes
        if isinstance(node.op, BatchNorm2d) and node.module not in kept
    }
    with torch.no_grad():
        other = build(fewer).to(next(net.parameters()).device).eval()
        known = net.state_dict()
        weights = {name: known[name] for name in other.state_dict() if name in known}
        for conv, norm in gone.items():
            pair: Any = (net.get_submodule(conv), net.get_submodule(norm))
            fused: nn.Module = fuse_conv_bn_eval(*pair)
            weights |= {f"{conv}.{name}": value for name, value in fused.state_dict().items()}
        other.load_state_dict(weights)
    return other
