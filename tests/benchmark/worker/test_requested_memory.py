"""Predicted memory against what torch's allocator is really asked for."""

import json

import pytest
import torch
from allocator import measured, resident
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from storages import peak_of_storages
from strategies import specs
from torch import nn
from torchvision import models

import resnet_inspect as ri
from resnet_inspect.benchmark.worker.requested_memory import requested_on_cpu
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.facts.liveness import peak
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.graph.fold import fold
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.runtime.build import build
from resnet_inspect.runtime.code import make
from resnet_inspect.units import text


def predicted(name: str, **options: object) -> int:
    return int(json.loads(ri.memory(name, **options).to_json())["facts"]["peak_bytes"])


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnext50_32x4d"])
@pytest.mark.parametrize(("batch", "side"), [(8, 224), (32, 96)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=["contiguous", "channels_last"])
def test_inference_asks_for_what_was_predicted(name: str, batch: int, side: int, layout: torch.memory_format) -> None:
    x = torch.randn(batch, 3, side, side).to(memory_format=layout)
    for net in (ri.build(name), models.get_model(name)):
        truth = measured(net.to(memory_format=layout), x)
        assert predicted(name, input=(batch, 3, side, side)) == pytest.approx(truth, rel=0.001)


def followed(net: nn.Module, x: torch.Tensor) -> int:
    """As ``measured`` in inference, by the second instrument."""

    @torch.no_grad()
    def call() -> None:
        net.eval()(x)

    return resident(net) + x.nbytes + peak_of_storages(call, [*net.parameters(), *net.buffers(), x])


@pytest.mark.parametrize(
    ("name", "batch", "precision"),
    [
        ("torchvision:resnet18", 16, "bf16"),
        ("timm:resnetblur18", 8, "fp32"),
        ("torchvision:squeezenet1_1", 8, "fp32"),
        ("timm:densenet121", 2, "fp32"),
        ("timm:ese_vovnet19b_dw", 2, "fp32"),
        ("seresnet50", 2, "fp32"),
    ],
)
def test_two_instruments_and_the_prediction_agree_on_inference(name: str, batch: int, precision: str) -> None:
    net = make(name) if ":" in name else ri.build(name)
    x = torch.randn(batch, 3, 96, 96)
    if precision == "bf16":
        net, x = net.bfloat16(), x.bfloat16()
    expected = predicted(name, input=(batch, 3, 96, 96), precision=precision)
    assert measured(net, x) == pytest.approx(expected, rel=0.001)
    assert followed(net, x) == pytest.approx(expected, rel=0.001)


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1"])
def test_two_instruments_agree_on_a_training_step(name: str) -> None:
    net = models.get_model(name).eval()  # a dropout would draw other masks
    x = torch.randn(4, 3, 96, 96)

    def call() -> None:
        net(x).sum().backward()

    first = requested_on_cpu(call).peak_bytes
    net.zero_grad(set_to_none=True)
    # While a mode holds a weight's gradient, autograd copies it: the second instrument adds one weight at the most.
    assert peak_of_storages(call, [*net.parameters(), *net.buffers(), x]) == pytest.approx(first, rel=0.01)


def test_adams_step_of_all_weights_at_once_is_told_where_it_is_the_peak() -> None:
    net = models.resnet18()
    x, adam = torch.randn(2, 3, 64, 64), torch.optim.Adam(net.parameters(), foreach=True)
    note = ri.memory("resnet18", input="2,3,64,64", task="train", optimizer="adam").notes[-1]
    assert note.endswith(f"its step requests {text(measured(net, x, adam), 'bytes')}")
    assert len(ri.memory("resnet18", batch_size=32, task="train", optimizer="adam").notes) == 1
    assert len(ri.memory("resnet18", input="2,3,64,64", task="train").notes) == 1


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnext50_32x4d"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_asks_for_what_was_predicted(name: str, optimizer: str) -> None:
    x = torch.randn(8, 3, 160, 160)
    net = ri.build(name)
    steps = {"sgd": torch.optim.SGD(net.parameters(), 1e-3, momentum=0.9), "adam": torch.optim.Adam(net.parameters())}
    truth = measured(net, x, steps[optimizer])
    assert predicted(name, input=(8, 3, 160, 160), task="train", optimizer=optimizer) == pytest.approx(truth, rel=0.001)


def test_a_tiny_batch_peaks_in_the_optimizers_step() -> None:
    x = torch.randn(2, 3, 64, 64)
    net = ri.build("resnet18")
    truth = measured(net, x, torch.optim.Adam(net.parameters()))
    answer = ri.memory("resnet18", input="2,3,64,64", task="train", optimizer="adam")
    facts = {fact.key: fact.value for fact in answer.facts}
    assert facts["peak_phase"] == "optimizer"
    assert facts["peak_bytes"] == pytest.approx(truth, rel=0.005)


def test_bfloat16_asks_for_half() -> None:
    x = torch.randn(4, 3, 96, 96, dtype=torch.bfloat16)
    truth = measured(ri.build("resnet50").bfloat16(), x)
    assert predicted("resnet50", input="4,3,96,96", precision="bf16") == pytest.approx(truth, rel=0.01)


@settings(deadline=None, max_examples=24, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(specs(), st.integers(40, 64), st.booleans())
def test_any_nets_inference_asks_for_what_was_predicted(spec: ResNetSpec, size: int, folded: bool) -> None:
    try:
        graph = lower(spec, "random", (4, spec.in_channels, size, size))
    except ShapeError:
        assume(False)
    if folded:
        graph = fold(graph)
    net = build(graph)
    x = torch.randn(graph.input.shape)
    truth = measured(net, x) - resident(net) - x.nbytes
    assert peak(graph, False).alive.total == pytest.approx(truth, rel=0.02)
    assert followed(net, x) - resident(net) - x.nbytes == pytest.approx(truth, rel=0.02)


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnetv2_50", "resnet50d", "seresnet50"])
def test_a_folded_nets_inference_asks_for_what_was_predicted(name: str) -> None:
    graph = fold(ri.lower(name, input=(4, 3, 96, 96)))
    assert peak_bytes(graph) == pytest.approx(measured(build(graph), torch.randn(graph.input.shape)), rel=0.001)


def test_the_prediction_names_its_peak_and_what_is_alive_there() -> None:
    document = json.loads(ri.memory("resnet50", batch_size=8).to_json())
    facts, tables = document["facts"], document["tables"]
    assert facts["peak_node"] == "layer1.0.downsample.1"
    assert sum(row["bytes"] for row in tables["rows"]) == facts["peak_bytes"]
    assert [row["tensor"] for row in tables["alive"]][:3] == [
        "layer1.0.bn3",
        "layer1.0.downsample.0",
        "layer1.0.downsample.1",
    ]
    assert sum(row["bytes"] for row in tables["alive"]) == facts["activation_bytes"] + facts["gradient_bytes"]


def test_memory_without_momentum_keeps_no_state() -> None:
    with_state, without = (predicted("resnet18", batch_size=8, task="train", momentum=m) for m in (0.9, 0.0))
    assert with_state - without == 4 * 11_689_512
