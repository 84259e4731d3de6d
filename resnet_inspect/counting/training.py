"""FLOPs of a training step: forward, and the gradients of weights and inputs."""

from resnet_inspect.counting.convention import Convention
from resnet_inspect.counting.conventions import CONV_FC, TORCH
from resnet_inspect.counting.writing import Call
from resnet_inspect.graph import Node
from resnet_inspect.graph.ops.linear import Conv2d


def training_flops(nodes: tuple[Node, ...], convention: Convention = CONV_FC) -> dict[int, int]:
    """FLOPs of a training step of each call with MACs, by its position: forward, and the two gradients of backward.

    A convolution costs as much again for its weights' gradient and as much for its input's, which the image does not
    need. With ``TORCH``, as FlopCounterMode (2.15) counts: a fixed filter has an input's gradient too, and the weights'
    gradient of a grouped convolution is taken for that of a full one, and so counted ``groups`` times.
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
