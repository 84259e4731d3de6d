"""Which calls of a training step have a backward, and what each keeps for it."""

from collections.abc import Mapping
from math import prod

from resnet_inspect.graph import Backward, Graph, Node


def recorded_calls(graph: Graph) -> Mapping[int, Backward]:
    """The backward of each call that autograd records, by position: calls with weights in them or before them."""
    if graph.recorded is not None:
        return graph.recorded
    recorded: dict[int, Backward] = {}
    for position, node in enumerate(graph.nodes):
        backward = Backward(frozenset(i for i in node.inputs if i in recorded), frozenset(node.op.params()))
        if backward.inputs or backward.params:
            recorded[position] = backward
    return recorded


def backward_calls(graph: Graph) -> dict[int, Backward]:
    """The recorded calls that backward reaches from the net's output, in the order of backward."""
    recorded = recorded_calls(graph)
    asked = {*graph.returned}
    reached: dict[int, Backward] = {}
    for position in range(len(graph.nodes) - 1, 0, -1):
        if position in asked and position in recorded:
            reached[position] = recorded[position]
            asked |= recorded[position].inputs
    return reached


def trained_parameters(graph: Graph) -> dict[str, int]:
    """Elements of each parameter that gets a gradient, by its name in the state_dict."""
    elements: dict[str, int] = {}
    for position, backward in backward_calls(graph).items():
        node = graph.nodes[position]
        for suffix, (name, shape) in zip(node.op.params(), node.weights().items(), strict=True):
            if suffix in backward.params:
                elements[name] = prod(shape)
    return elements


def saved_inputs(node: Node, gradients: Backward) -> set[int]:
    """Positions of the inputs that a recorded call keeps for its backward.

    A linear layer keeps its input for the weight's gradient, a product each factor for the other's; any other call that
    keeps its input does so whatever gradient is asked for (torch's ``derivatives.yaml``).
    """
    if gradients.saved is not None:
        return {*gradients.saved.inputs}
    if node.kind in ("Mul", "MatMul"):
        first, second = node.inputs
        return {kept for kept, other in ((first, second), (second, first)) if other in gradients.inputs}
    if node.kind == "Linear" and not gradients.of_weight:
        return set()
    return set(node.inputs) if node.op.saves_input else set()
