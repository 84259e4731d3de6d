"""FLOPs of a training step: forward, and the gradients of weights and inputs."""

from resnet_inspect.counting.conventions import CONV_FC, TORCH
from resnet_inspect.counting.count import Convention
from resnet_inspect.counting.writing import Call
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.gradients import backward_calls
from resnet_inspect.graph.ops.linear import Conv2d


def training_flops(graph: Graph, convention: Convention = CONV_FC) -> dict[int, int]:
    """FLOPs of a training step, by the position of each call with MACs.

    A convolution's weight gradient costs as much as its forward pass, and so does its input gradient; backward computes
    only those that something asks for. With ``TORCH`` the result equals torch 2.15's FlopCounterMode: it counts the
    input gradient of a fixed filter, and the weight gradient of a grouped convolution ``groups`` times.
    """
    backward = backward_calls(graph)
    steps: dict[int, int] = {}
    for position, node in enumerate(graph.nodes):
        call = Call(node.kind, node, "")
        rules = convention.rules(call)
        if not rules:
            continue
        forward = sum(rule(call) for rule in rules)
        forward *= 1 if convention.unit == "FLOP" else 2
        steps[position] = forward
        if position in backward:
            gradients = backward[position]
            times = node.op.groups if convention is TORCH and isinstance(node.op, Conv2d) else 1
            steps[position] += forward * (times * gradients.of_weight + _factors(node, len(gradients.inputs)))
    return steps


def _factors(node: Node, inputs: int) -> int:
    """How many factors of its products get a gradient: one next to a learned weight, else at most the two of each."""
    return min(inputs, 2 if node.macs_without_weights else 1)
