"""What every answer about a training step says."""

from collections.abc import Iterator

from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.gradients import trained_parameters


def training_notes(graph: Graph) -> Iterator[str]:
    """How many parameters get a gradient, unless all do."""
    trained, total = sum(trained_parameters(graph).values()), sum(node.params for node in graph.weight_owners())
    if trained < total:
        yield f"{trained:,} of {total:,} parameters get a gradient"
