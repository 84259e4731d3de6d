"""A Graph as a file that other programs show or run, and back: one module a format, imported on first use."""

from typing import Literal, get_args

from resnet_inspect.graph import Graph
from resnet_inspect.vocabulary import Depth

Format = Literal["json", "mermaid", "dot"]
FORMATS: tuple[Format, ...] = get_args(Format)


def write(graph: Graph, format: Format, depth: Depth = "stage") -> str:
    """``graph`` in the format; ``depth`` is a diagram's."""
    match format:
        case "json":
            from resnet_inspect.exchange import graph_json

            return graph_json.to_json(graph)
        case "mermaid":
            from resnet_inspect.exchange import diagram, mermaid

            return mermaid.write(diagram.draw(graph, depth))
        case "dot":
            from resnet_inspect.exchange import diagram, dot

            return dot.write(diagram.draw(graph, depth))
