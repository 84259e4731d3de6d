"""Whether a training step of a graph can be predicted."""

from resnet_inspect.errors import RequestError, ShapeError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.ops.pointwise import BatchNorm2d


def refuse_to_train(graph: Graph) -> None:
    """Raise an error unless a training step of ``graph`` can run and be predicted.

    Raises:
        RequestError: the calls do not tell what a step does, as with a backward of its own.
        ShapeError: a BatchNorm sees one value a channel, which torch refuses.
    """
    if graph.untrainable:
        raise RequestError(
            f"cannot predict a training step of {graph.name}: {graph.untrainable}", hint="use --task infer"
        )
    for node in graph.nodes:
        if isinstance(node.op, BatchNorm2d) and node.out.numel == node.op.num_features:
            raise ShapeError(
                f"{node.name}: BatchNorm cannot train on one value a channel, the output is {node.out}",
                hint="give a larger --batch-size or --input",
            )
