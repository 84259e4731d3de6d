"""What Model Explorer reads: every call under its modules, every edge, and the costs of each."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from raw_results import ENVIRONMENT, PLAN, raw, result

import resnet_inspect as ri
from resnet_inspect.benchmark.breakdown import Breakdown, PartTime
from resnet_inspect.benchmark.record import Record
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.hardware.floor import floors_ms


@pytest.mark.parametrize("model", ["resnet50", "cbam_resnet18", "preresnet110_cifar"])
def test_every_call_and_every_edge_is_there(model: str) -> None:
    (drawn,) = json.loads(ri.export(model, "model-explorer"))["graphs"]
    graph = ri.lower(model)
    nodes = {node["id"]: node for node in drawn["nodes"]}
    assert [*nodes] == [node.name for node in graph.nodes]
    for node in graph.nodes:
        path = [*filter(None, nodes[node.name]["namespace"].split("/")), nodes[node.name]["label"].split(" (")[0]]
        assert ".".join(path) == node.name
        sources = [edge["sourceNodeId"] for edge in nodes[node.name]["incomingEdges"]]
        assert sources == [graph.nodes[i].name for i in node.inputs]


def test_node_data_adds_up_to_the_net() -> None:
    (macs,) = json.loads(ri.export("resnet50", "model-explorer", node_data="macs")).values()
    assert sum(each["value"] for each in macs["results"].values()) == 4_089_184_256
    assert {gradient["stop"] for gradient in macs["gradient"]} == {0, 1}


def measured() -> Record:
    """A Record of resnet18 in which the n-th call takes n microseconds."""
    graph = ri.lower("resnet18", (1, 3, 64, 64))
    rows = [PartTime(name=node.name, ms=i / 1000, share=0.0, macs=node.macs) for i, node in enumerate(graph.nodes) if i]
    breakdown = Breakdown(rows=tuple(rows), total_ms=1.0, plain_ms=1.0, closure=1.0, instrumentation=0.0, iterations=9)
    timed = result(raw())
    case = replace(timed.case, model="resnet18", batch_size=1, input=(1, 3, 64, 64))
    return Record(("bench",), ENVIRONMENT, PLAN, 1, (replace(timed, case=case, layers=breakdown),))


def test_the_times_of_a_record_are_node_data_and_attributes() -> None:
    at = {"input": (1, 3, 64, 64), "record": measured()}
    (times,) = json.loads(ri.export("resnet18", "model-explorer", node_data="ms", **at)).values()
    assert times["results"]["conv1"] == {"value": 0.001}
    assert len(times["results"]) == len(ri.lower("resnet18").nodes) - 1
    (drawn,) = json.loads(ri.export("resnet18", "model-explorer", **at))["graphs"]
    assert {"key": "measured ms", "value": "0.00100 ms"} in drawn["nodes"][1]["attrs"]


def test_least_times_are_node_data_and_add_up_to_the_floor_without_fusion() -> None:
    on = {"device": "t4", "precision": "fp16"}
    (least,) = json.loads(ri.export("resnet18", "model-explorer", node_data="least_ms", **on)).values()
    values = [each["value"] for each in least["results"].values()]
    assert sum(values) == pytest.approx(floors_ms(ri.lower("resnet18"), find_device("t4"), "fp16")[1])
    (both,) = json.loads(ri.export("resnet18", "model-explorer", (1, 3, 64, 64), record=measured(), device="t4"))[
        "graphs"
    ]
    keys = [each["key"] for each in both["nodes"][1]["attrs"]]
    assert keys[-2:] == ["measured ms", "least ms, each call alone"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda: ri.export("resnet18", "model-explorer", node_data="least_ms"),
        lambda: ri.export("resnet18", "model-explorer", node_data="predicted_ms", device="t4"),
        lambda: ri.export("resnet18", "model-explorer", node_data="params", task="infer"),
        lambda: ri.export("resnet18", "model-explorer", record=measured()),  # at 224×224
        lambda: ri.export("resnet34", "model-explorer", input=(1, 3, 64, 64), record=measured()),
        lambda: ri.export("resnet18", "model-explorer", node_data="ms"),
        lambda: ri.export("resnet18", "model-explorer", node_data="joules"),
        lambda: ri.export("resnet18", "dot", node_data="macs"),
    ],
)
def test_what_cannot_be_shown_is_refused(ask: Callable[[], str]) -> None:
    with pytest.raises(RequestError):
        ask()
