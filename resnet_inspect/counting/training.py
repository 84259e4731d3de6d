"""FLOPs of a training step: forward, and the gradients of weights and inputs."""

from resnet_inspect.counting.conventions import CONV_FC, TORCH
from resnet_inspect.counting.count import Convention
from resnet_inspect.counting.writing import Call
from resnet_inspect.graph import Node
from resnet_inspect.graph.ops.linear import Conv2d


def training_flops(nodes: tuple[Node, ...], convention: Convention = CONV_FC) -> dict[int, int]:
    """FLOPs of a training step, by the position of each call with MACs.

    A convolution's weight gradient costs as much as its forward pass, and so does its input gradient. A call
    that reads the image needs no input gradient. With ``TORCH`` the result equals torch 2.15's FlopCounterMode: it
    counts the input gradient of a fixed filter, and the weight gradient of a grouped convolution ``groups`` times.
    """
    steps: dict[int, int] = {}
    for position, node in enumerate(nodes):
        rule = convention.operations.get(node.kind)
        if rule is None:
            continue
        forward = rule(Call(node.kind, node, ""))
        forward *= 1 if convention.unit == "FLOP" else 2
        weights = int(bool(node.op.params()))
        if convention is TORCH and isinstance(node.op, Conv2d):
            weights = node.op.groups
        reads_image = node.inputs[0] == 0
        steps[position] = forward * (1 + weights + (not reads_image))
    return steps
