"""A graph for Google's Model Explorer, and node data to colour it by (github.com/google-ai-edge/model-explorer).

Keys are those of ``graph_builder.py`` and ``node_data_builder.py`` of its package ai-edge-model-explorer 0.1.34.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from resnet_inspect.escape import json_text
from resnet_inspect.exchange import Quantity
from resnet_inspect.exchange.times import Basis, Times
from resnet_inspect.graph import Graph, Node
from resnet_inspect.units import Unit, exact
from resnet_inspect.vocabulary import ELEMENT_BYTES

TITLES: dict[Quantity, str] = {
    "params": "parameters",
    "macs": "MACs",
    "bytes": "output bytes, fp32",
    "ms": "measured ms",
    "predicted_ms": "predicted ms",
    "least_ms": "least ms, each call alone",
}
QUANTITY_OF: dict[Basis, Quantity] = {"measured": "ms", "predicted": "predicted_ms", "floor": "least_ms"}
# From the least to the most.
GRADIENT = ({"stop": 0, "bgColor": "#ffffff"}, {"stop": 1, "bgColor": "#f28b82"})


def write_graph(graph: Graph, times: Sequence[Times]) -> str:
    """The calls, in the layers of their modules, with their costs and times."""
    nodes = [_node(graph, node, times) for node in graph.nodes]
    return _dump({"label": graph.name, "graphs": [{"id": graph.name, "nodes": nodes}]})


def write_node_data(graph: Graph, quantity: Quantity, times: Sequence[Times]) -> str:
    """One quantity of each call, as the file that Model Explorer adds to a graph on the screen."""
    values = {node.name: _quantities(node, times).get(quantity) for node in graph.nodes[1:]}
    results = {name: {"value": value} for name, value in values.items() if value is not None}
    return _dump({graph.name: {"name": TITLES[quantity], "results": results, "gradient": GRADIENT}})


def _node(graph: Graph, node: Node, times: Sequence[Times]) -> dict[str, Any]:
    scope, _, last = node.name.rpartition(".")
    return {
        "id": node.name,
        "label": f"{last} ({node.kind})",
        "namespace": scope.replace(".", "/"),
        "attrs": [{"key": key, "value": value} for key, value in _attributes(node, times)],
        "incomingEdges": [
            {"sourceNodeId": graph.nodes[i].name, "targetNodeInputId": str(place)}
            for place, i in enumerate(node.inputs)
        ],
        "outputsMetadata": [
            {"id": "0", "attrs": [{"key": "shape", "value": str(node.out)}, {"key": "dtype", "value": node.out.dtype}]}
        ],
    }


def _attributes(node: Node, times: Sequence[Times]) -> Iterator[tuple[str, str]]:
    if node.op.detail:
        yield "attributes", node.op.detail
    for quantity, value in _quantities(node, times).items():
        unit: Unit = "bytes" if quantity == "bytes" else "count" if quantity in ("params", "macs") else "ms"
        yield TITLES[quantity], exact(value, unit)


def _quantities(node: Node, times: Sequence[Times]) -> dict[Quantity, int | float]:
    values: dict[Quantity, int | float] = {}
    if node.params:
        values["params"] = node.params
    if node.macs:
        values["macs"] = node.macs
    values["bytes"] = ELEMENT_BYTES["fp32"] * node.out.numel
    for each in times:
        if node.name in each.forward_ms:
            values[QUANTITY_OF[each.basis]] = each.forward_ms[node.name] + each.backward_ms.get(node.name, 0.0)
    return values


def _dump(document: Any) -> str:  # JSON values
    return json_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)) + "\n"
