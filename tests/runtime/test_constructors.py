"""Nets of the zoo against those that torchvision constructs under the same names, on the meta device."""

from typing import Any

import pytest
import their_nets
import torch
from torch import nn
from torchvision import models
from torchvision.models.regnet import BlockParams

from resnet_inspect import sources
from resnet_inspect.resnet import zoo
from resnet_inspect.runtime.build import build
from resnet_inspect.runtime.trace import trace

REGNETS = [name for name in models.list_models(module=models) if name.startswith("regnet")]

# One net or more with each block, attention and place of it that only some nets have.
BUILT = (
    "regnet_x_400mf", "regnet_y_400mf", "seresnet33ts", "eca_resnext26ts", "gcresnext26ts", "res2net50_26w_4s",
    "resnest14d", "resnest50d_1s4x24d", "skresnet18", "skresnext50_32x4d", "nf_seresnet26",
    "pytorchcv:pyramidnet110_a48_cifar10", "pytorchcv:pyramidnet164_a270_bn_cifar10",
    "pytorchcv:diaresnet34", "pytorchcv:diapreresnet20_cifar10",
    "pytorchcv:ror3_56_cifar10", "pytorchcv:drnd22", "cspresnet50", "cspresnext50", "resnet51q", "resnet50_mlp",
)  # fmt: skip


@pytest.fixture
def regnets_on_meta(monkeypatch: pytest.MonkeyPatch) -> None:
    """RegNet computes its widths with tensors, which meta cannot read."""
    compute = BlockParams.from_init_params

    def on_cpu(**kwargs: Any) -> BlockParams:
        with torch.device("cpu"):
            return compute(**kwargs)

    monkeypatch.setattr(BlockParams, "from_init_params", on_cpu)


def stages(net: nn.Module) -> dict[str, nn.Module]:
    return {f"layer{i}": stage for i, stage in enumerate(net.trunk_output, start=1)}


def test_the_zoo_has_every_regnet_of_torchvision() -> None:
    assert set(REGNETS) <= {variant.name for variant in zoo.variants()}
    assert len(REGNETS) == 15


@pytest.mark.parametrize("size", [(1, 3, 224, 224), (2, 3, 203, 171)], ids=str)
@pytest.mark.parametrize("name", REGNETS)
@pytest.mark.usefixtures("regnets_on_meta")
def test_a_regnet_is_torchvisions(name: str, size: tuple[int, int, int, int]) -> None:
    with torch.device("meta"):
        net = models.get_model(name).eval()
    graph = sources.graph_of(sources.find(name), size)
    assert their_nets.tensors_of_graph(graph) == their_nets.tensors(net)
    assert their_nets.of_graph(graph) == their_nets.run(net, stages(net), size)


@pytest.mark.parametrize("name", BUILT)
def test_what_is_built_is_traced_back(name: str) -> None:
    graph = sources.graph_of(sources.find(name))
    traced = trace(build(graph, device="meta"), graph.input.shape, name)
    assert [(n.kind, n.op.params(), n.inputs, n.out, n.module) for n in traced.nodes] == [
        (n.kind, n.op.params(), n.inputs, n.out, n.module) for n in graph.nodes
    ]
