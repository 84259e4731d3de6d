"""The built module against torchvision's own."""

import copy
import pickle

import pytest
import torch
from torchvision import models
from torchvision.models.segmentation import fcn_resnet50

import resnet_inspect as ri
from resnet_inspect import sources
from resnet_inspect.graph import Graph
from resnet_inspect.runtime.build import build

TORCHVISION = [name for name in models.list_models(module=models) if name.removeprefix("wide_").startswith("resne")]


def graph(name: str, *settings: str) -> Graph:
    return sources.graph_of(sources.find(name, settings))


def test_torchvision_has_ten_resnets() -> None:
    assert len(TORCHVISION) == 10


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_weights_load_and_outputs_are_bit_equal(name: str) -> None:
    torch.manual_seed(1)
    theirs, ours = models.get_model(name), build(graph(name), device="meta").to_empty(device="cpu")
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 64, 96)
    for mode in (True, False):
        assert torch.equal(ours.train(mode)(x), theirs.train(mode)(x))
    assert all(torch.equal(a, b) for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True))


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
@pytest.mark.parametrize("zero_init_residual", [False, True])
def test_one_seed_draws_torchvisions_weights(name: str, zero_init_residual: bool) -> None:
    torch.manual_seed(7)
    ours = build(graph(name), zero_init_residual=zero_init_residual)
    torch.manual_seed(7)
    theirs = models.get_model(name, zero_init_residual=zero_init_residual)
    assert all(torch.equal(a, b) for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True))


def test_a_dilated_net_is_the_backbone_of_torchvisions_segmentation() -> None:
    theirs = fcn_resnet50(weights=None, weights_backbone=None).backbone.eval()
    ours = build(graph("resnet50", "output_stride=8", "num_classes=0")).eval()
    ours.load_state_dict(theirs.state_dict())
    features = {}
    ours.layer4.register_forward_hook(lambda _module, _input, out: features.update(out=out))
    x = torch.randn(1, 3, 64, 64)
    ours(x)
    assert torch.equal(features["out"], theirs(x)["out"])


def test_an_optimizers_state_loads_by_parameter_order() -> None:
    theirs, ours = models.resnet18(), build(graph("resnet18"))
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    theirs(torch.randn(2, 3, 64, 64)).sum().backward()
    optimizer.step()
    resumed = torch.optim.SGD(ours.parameters(), lr=0.1, momentum=0.9)
    resumed.load_state_dict(optimizer.state_dict())
    for group in resumed.param_groups:
        for p in group["params"]:
            assert resumed.state[p]["momentum_buffer"].shape == p.shape


def test_stages_and_blocks_can_be_indexed_and_hooked() -> None:
    net = build(graph("resnet50"))
    seen = []
    for module in (net.layer4, net.layer4[-1], net.layer4[0].downsample, net.layer1[0].relu):
        module.register_forward_hook(lambda module, _input, out: seen.append(tuple(out.shape)))
    net(torch.randn(2, 3, 64, 64))
    assert seen.count((2, 2048, 2, 2)) == 3
    assert len(net.layer3) == 6
    assert type(net.layer4[0].conv2) is torch.nn.Conv2d


def test_a_block_copies_and_pickles() -> None:
    net = build(graph("resnet18")).eval()
    x = torch.randn(1, 3, 64, 64)
    for copied in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(copied(x), net(x))


def test_compile_takes_the_net_whole() -> None:
    net = build(graph("seresnet50")).eval()
    explanation = torch._dynamo.explain(net)(torch.randn(1, 3, 64, 64))
    assert explanation.graph_count == 1
    assert explanation.graph_break_count == 0


def test_the_api_builds_a_model_on_the_meta_device() -> None:
    net = ri.build("wide_resnet101_2", device="meta")
    assert sum(p.numel() for p in net.parameters()) == 126_886_696
    assert {p.device.type for p in net.parameters()} == {"meta"}


def test_cbam_gates_channels_and_then_places() -> None:
    """Woo et al. 2018, equations 2 and 3, written out."""
    net = build(graph("cbam_resnet18")).eval()
    gate = net.layer1[0].se
    x = torch.randn(2, 64, 7, 7)

    def hidden(pooled: torch.Tensor) -> torch.Tensor:
        return gate.fc2(torch.relu(gate.fc1(pooled)))

    channels = torch.sigmoid(hidden(x.mean((2, 3))) + hidden(x.amax((2, 3))))
    y = x * channels[:, :, None, None]
    places = torch.sigmoid(gate.bn(gate.conv(torch.cat([y.amax(1, True), y.mean(1, True)], 1))))
    torch.testing.assert_close(gate(x), y * places)


def test_shortcut_a_subsamples_and_pads_with_zeros() -> None:
    net = build(graph("resnet20_cifar")).eval()
    for name in ("conv1", "conv2"):
        torch.nn.init.zeros_(getattr(net.layer2[0], name).weight)
    x = torch.rand(1, 16, 8, 8)
    out = net.layer2[0](x)
    assert torch.equal(out[:, 8:24], x[:, :, ::2, ::2])
    assert not out[:, :8].any()
    assert not out[:, 24:].any()


@pytest.mark.cuda
def test_the_net_is_built_and_runs_on_cuda() -> None:
    theirs, ours = models.resnet18().cuda().eval(), build(graph("resnet18"), device="cuda").eval()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 64, 64, device="cuda")
    assert torch.equal(ours(x), theirs(x))
