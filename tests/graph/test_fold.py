"""Folding against torch's own: the same parameters by name and shape, the same output."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import law, lowered, specs
from torch import nn
from torch.fx.experimental.optimization import fuse
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision import models

import resnet_inspect as api
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.graph.fold import fold
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.runtime.build import build


def trained(net: nn.Module) -> nn.Module:
    """``net`` in eval mode, with norms as training leaves them, not the identity of a new BatchNorm."""
    torch.manual_seed(0)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 1.5)
    return net.eval()


def same(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    """Whether the outputs agree to 1e-4 of the largest."""
    return torch.allclose(ours, theirs, rtol=0, atol=1e-4 * float(theirs.abs().max()))


def shapes(net: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}


def norms(graph: Graph) -> int:
    return sum(node.kind == "BatchNorm2d" for node in graph.nodes)


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnext50_32x4d"])
def test_a_folded_net_is_what_torch_fuses_torchvisions_own_to(name: str) -> None:
    net = trained(models.get_model(name))
    fused, folded = fuse(net), fold(api.lower(name))
    ours = build(folded)
    assert shapes(ours) == shapes(fused)
    assert work_of(folded).params == sum(weight.numel() for weight in fused.parameters())
    assert work_of(folded).buffers == 0
    ours.load_state_dict(fused.state_dict())
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        assert same(ours.eval()(x), net(x))


@law(25)
@given(specs(), st.integers(40, 64))
def test_any_net_folds_where_torch_folds_it(spec: ResNetSpec, size: int) -> None:
    graph = lowered(spec, 2, size)
    net = trained(build(graph))
    fused, folded = fuse(net), fold(graph)
    assert fold(folded) == folded
    assert folded.output == graph.output
    ours = build(folded)
    # Blocks of a stage share a DIA module, and the copy that torch's `fuse` makes keeps the first name alone.
    once = dict(ours.named_parameters()).keys() | dict(ours.named_buffers()).keys()
    own = {name: shape for name, shape in shapes(ours).items() if name in once}
    assert own == {name: shape for name, shape in shapes(fused).items() if not name.endswith("filter")}
    ours.load_state_dict({name: value for name, value in fused.state_dict().items() if name in own}, strict=False)
    x = torch.randn(graph.input.shape)
    with torch.inference_mode():
        assert same(ours.eval()(x), net(x))


def test_one_convolution_gains_the_bias_that_torchs_own_function_gives_it() -> None:
    net = trained(build(api.lower("resnet18")))
    fused = fuse_conv_bn_eval(net.layer1[0].conv1, net.layer1[0].bn1)
    (node,) = [node for node in fold(api.lower("resnet18")).nodes if node.name == "layer1.0.conv1"]
    assert dict(node.op.params()) == {name: tuple(weight.shape) for name, weight in fused.named_parameters()}


def test_a_norm_behind_a_sum_a_relu_or_a_pool_stays() -> None:
    preact = api.lower("resnetv2_50")
    folded = fold(preact)
    left = [node.name for node in folded.nodes if node.kind == "BatchNorm2d"]
    assert left == [f"layer{i}.{j}.bn1" for i, n in enumerate((3, 4, 6, 3), 1) for j in range(n)] + ["norm"]
    assert len(preact.nodes) - len(folded.nodes) == 2 * 16


def test_a_convolution_that_something_else_reads_keeps_its_norm() -> None:
    """Without projection or pool, the first pre-activation block's shortcut reads the stem's convolution too."""
    spec = ResNetSpec(block="basic", order="pre", depths=(1,), stem=((3, 1, 64),), stem_pool="none")
    folded = fold(lower(spec, "net", (1, 3, 32, 32)))
    assert "layer1.0.bn1" in {node.name for node in folded.nodes}
    assert norms(folded) == 2


@pytest.mark.parametrize("norm", ["gn", "none"])
def test_a_net_without_batchnorm_is_left_alone(norm: str) -> None:
    graph = api.lower("resnet50", settings=[f"norm={norm}"])
    assert fold(graph) == graph


def test_the_multiply_accumulates_do_not_change() -> None:
    graph = api.lower("resnet50")
    before, after = work_of(graph), work_of(fold(graph))
    assert (after.macs, after.activations) == (before.macs, before.activations)
    channels = 26_560  # of all convolutions; a norm has four values a channel and a counter, a bias has one
    assert (before.params - after.params, before.buffers) == (channels, 2 * channels + 53)
