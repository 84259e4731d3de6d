"""A graph for Google's Model Explorer, and node data to colour it by (github.com/google-ai-edge/model-explorer).

Keys are those of ``graph_builder.py`` and ``node_data_builder.py`` of its package ai-edge-model-explorer 0.1.34.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from resnet_inspect.errors import RequestError
from resnet_inspect.escape import json_text
from resnet_inspect.exchange import Quantity
from resnet_inspect.graph import Graph, Node
from resnet_inspect.units import exact
from resnet_inspect.vocabulary import ELEMENT_BYTES

if TYPE_CHECKING:
    from resnet_inspect.benchmark.record import Record

TITLES: dict[Quantity, str] = {"macs": "MACs", "bytes": "output bytes, fp32", "ms": "measured ms"}
# From the least to the most.
GRADIENT = ({"stop": 0, "bgColor": "#ffffff"}, {"stop": 1, "bgColor": "#f28b82"})


def write_graph(graph: Graph, ms: Mapping[str, float]) -> str:
    """The calls, in the layers of their modules, with their costs; ``ms`` are measured times by call."""
    nodes = [_node(graph, node, ms) for node in graph.nodes]
    return _dump({"label": graph.name, "graphs": [{"id": graph.name, "nodes": nodes}]})


def write_node_data(graph: Graph, quantity: Quantity, ms: Mapping[str, float]) -> str:
    """One quantity of each call, as the file that Model Explorer adds to a graph on the screen."""
    values = {node.name: _quantities(node, ms).get(quantity) for node in graph.nodes[1:]}
    results = {name: {"value": value} for name, value in values.items() if value is not None}
    return _dump({graph.name: {"name": TITLES[quantity], "results": results, "gradient": GRADIENT}})


def read_layer_times(record: "Record", graph: Graph) -> dict[str, float]:
    """The mean milliseconds of each call, from the first case that measured this net's layers at this input.

    Raises:
        RequestError: no case of the Record did.
    """
    names = {node.name for node in graph.nodes}
    for result in record.results:
        measured = result.case.model == graph.name and tuple(result.case.input) == graph.input.shape
        if measured and result.layers and {row.name for row in result.layers.rows} <= names:
            return {row.name: row.ms for row in result.layers.rows}
    raise RequestError(
        f"the Record has no times of the layers of {graph.name} at {graph.input}",
        hint=f"measure them with bench {graph.name} --input {','.join(map(str, graph.input.shape))} --per layer",
    )


def _node(graph: Graph, node: Node, ms: Mapping[str, float]) -> dict[str, Any]:
    scope, _, last = node.name.rpartition(".")
    return {
        "id": node.name,
        "label": f"{last} ({node.kind})",
        "namespace": scope.replace(".", "/"),
        "attrs": [{"key": key, "value": value} for key, value in _attributes(node, ms)],
        "incomingEdges": [
            {"sourceNodeId": graph.nodes[i].name, "targetNodeInputId": str(place)}
            for place, i in enumerate(node.inputs)
        ],
        "outputsMetadata": [
            {"id": "0", "attrs": [{"key": "shape", "value": str(node.out)}, {"key": "dtype", "value": node.out.dtype}]}
        ],
    }


def _attributes(node: Node, ms: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    if node.op.detail:
        yield "attributes", node.op.detail
    if node.params:
        yield "parameters", exact(node.params, "count")
    for quantity, value in _quantities(node, ms).items():
        yield TITLES[quantity], exact(value, "count") if quantity == "macs" else exact(value, quantity)


def _quantities(node: Node, ms: Mapping[str, float]) -> dict[Quantity, int | float]:
    values: dict[Quantity, int | float] = {"bytes": ELEMENT_BYTES["fp32"] * node.out.numel}
    if node.macs:
        values["macs"] = node.macs
    if node.name in ms:
        values["ms"] = ms[node.name]
    return values


def _dump(document: Any) -> str:  # JSON values
    return json_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)) + "\n"
