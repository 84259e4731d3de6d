"""A Graph as a file that other programs show or run, and back: one module a format, imported on first use."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

from resnet_inspect.errors import MachineError
from resnet_inspect.graph import Graph
from resnet_inspect.vocabulary import Depth

Format = Literal["json", "onnx", "mermaid", "dot", "model-explorer"]
FORMATS: tuple[Format, ...] = get_args(Format)
Quantity = Literal["macs", "bytes", "ms"]  # of a call, as node data of model-explorer
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)
NO_TIMES: Mapping[str, float] = MappingProxyType({})


def write(graph: Graph, format: Format, depth: Depth = "stage", ms: Mapping[str, float] = NO_TIMES) -> str | bytes:
    """``graph`` in the format; ``depth`` is a diagram's, ``ms`` are measured times by call for model-explorer.

    Raises:
        MachineError: the format needs a package that is not installed.
    """
    match format:
        case "json":
            from resnet_inspect.exchange import graph_json

            return graph_json.to_json(graph)
        case "onnx":
            require_onnx()
            from resnet_inspect.exchange import to_onnx

            content: bytes = to_onnx.to_onnx(graph).SerializeToString(deterministic=True)
            return content
        case "mermaid":
            from resnet_inspect.exchange import diagram, mermaid

            return mermaid.write(diagram.draw(graph, depth))
        case "dot":
            from resnet_inspect.exchange import diagram, dot

            return dot.write(diagram.draw(graph, depth))
        case "model-explorer":
            from resnet_inspect.exchange import model_explorer

            return model_explorer.write_graph(graph, ms)


def require_onnx() -> None:
    """Raise MachineError where the package onnx is missing."""
    from importlib.util import find_spec

    if find_spec("onnx") is None:
        raise MachineError("ONNX needs the package onnx", hint="pip install 'resnet-inspect[onnx]'")
