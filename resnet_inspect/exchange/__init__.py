"""A Graph as a file that other programs show or run, and back: one module a format, imported on first use."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from resnet_inspect.errors import MachineError
from resnet_inspect.graph import Graph
from resnet_inspect.vocabulary import Depth, Optimizer, Task

if TYPE_CHECKING:
    from resnet_inspect.exchange.times import Times
    from resnet_inspect.vocabulary import Precision

Format = Literal["json", "onnx", "mermaid", "dot", "model-explorer", "chrome-trace", "memory-snapshot"]
FORMATS: tuple[Format, ...] = get_args(Format)
BINARY: tuple[Format, ...] = ("onnx", "memory-snapshot")
Quantity = Literal["params", "macs", "bytes", "ms", "predicted_ms", "least_ms"]  # of a call, for model-explorer
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)


def write(
    graph: Graph,
    format: Format,
    depth: Depth = "stage",
    times: Sequence["Times"] = (),
    task: Task = "infer",
    precision: "Precision" = "fp32",
    optimizer: Optimizer = "sgd",
) -> str | bytes:
    """``graph`` in the format.

    ``depth`` is a diagram's; ``times`` are for model-explorer, and a Chrome trace plays the first. The bytes of a
    trace or a memory snapshot are those of ``task`` in ``precision``.

    Raises:
        MachineError: the format needs a package that is not installed.
        RequestError, ShapeError: the memory of a training step cannot be predicted.
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

            return model_explorer.write_graph(graph, times)
        case "chrome-trace":
            from resnet_inspect.exchange import chrome_trace

            return chrome_trace.write(graph, times[0], task, precision)
        case "memory-snapshot":
            from resnet_inspect.exchange import memory_snapshot

            return memory_snapshot.write(graph, task, precision, optimizer)


def require_onnx() -> None:
    """Raise MachineError where the package onnx is missing."""
    from importlib.util import find_spec

    if find_spec("onnx") is None:
        raise MachineError("ONNX needs the package onnx", hint="pip install 'resnet-inspect[onnx]'")
