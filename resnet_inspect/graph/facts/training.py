"""Whether a training step of a net can be answered."""

from resnet_inspect.errors import RequestError, ShapeError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.ops.pointwise import BatchNorm2d


def refuse_to_train(graph: Graph) -> None:
    """A step needs two values a channel for batch statistics, or torch raises; and calls that tell what it does.

    Raises:
        RequestError: of the latter. ShapeError: of the former.
    """
    if graph.untrainable:
        raise RequestError(
            f"a training step of {graph.name} is not known: {graph.untrainable}", hint="ask for --task infer"
        )
    for node in graph.nodes:
        if isinstance(node.op, BatchNorm2d) and node.out.numel == node.op.num_features:
            raise ShapeError(
                f"{node.name}: BatchNorm cannot train on one value a channel, the output is {node.out}",
                hint="give a larger --batch-size or --input",
            )
