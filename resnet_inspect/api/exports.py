"""The verb that writes a network for other programs."""

from typing import TYPE_CHECKING

from resnet_inspect.api.answer import one_of
from resnet_inspect.api.network import lower
from resnet_inspect.api.records import Recorded, as_record
from resnet_inspect.errors import RequestError
from resnet_inspect.sources import Input, Kwargs, Model, Settings

if TYPE_CHECKING:
    from resnet_inspect.exchange import Format, Quantity
    from resnet_inspect.vocabulary import Depth


def export(
    model: Model = "resnet50",
    format: "Format" = "json",
    input: Input = None,
    batch_size: int | None = None,
    settings: Settings = (),
    kwargs: Kwargs = (),
    depth: "Depth" = "stage",
    record: Recorded | None = None,
    node_data: "Quantity | None" = None,
) -> str | bytes:
    """The network's graph as the content of a file; ``depth`` says what is a box of a diagram.

    A file net.json or net.onnx with it is a model for every verb that needs no spec. ONNX is bytes, without weights.
    For model-explorer, ``record`` adds its times of layers, and ``node_data`` gives one quantity of each call as the
    file that colours the graph.

    Raises:
        RequestError: there is no such model or format, or ``record`` has no times of this network's layers.
        MachineError: the package onnx is missing.
    """
    from resnet_inspect.exchange import FORMATS, NO_TIMES, QUANTITIES, write
    from resnet_inspect.vocabulary import DEPTHS

    format, depth = one_of("format", format, FORMATS), one_of("depth", depth, DEPTHS)
    if format != "model-explorer" and (record, node_data) != (None, None):
        raise RequestError(f"--record and --node-data are not for {format}", hint="give --format model-explorer")
    if node_data == "ms" and record is None:
        raise RequestError("--node-data ms needs a Record", hint="as --record run.json, of bench --per layer")
    graph = lower(model, input, batch_size, settings, kwargs)
    if format != "model-explorer":
        return write(graph, format, depth)
    from resnet_inspect.exchange.model_explorer import read_layer_times, write_node_data

    ms = NO_TIMES if record is None else read_layer_times(as_record(record), graph)
    if node_data is None:
        return write(graph, format, depth, ms)
    return write_node_data(graph, one_of("node_data", node_data, QUANTITIES), ms)
