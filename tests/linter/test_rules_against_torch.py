"""What the linter says of a net, held against what torch does with it."""

from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from strategies import specs
from torch import nn

import resnet_inspect as ri
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import BatchNorm2d
from resnet_inspect.linter import windows, wiring
from resnet_inspect.linter.rule import Subject
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.runtime.build import build

BIASED = {
    "tutorial_resnet18_biased": ["depths=1,1,1,1"],
    "resnet18": ["conv_bias=all", "depths=1,2"],
    "resnet50": ["conv_bias=all", "depths=1,1", "shortcut=D", "antialias=blur", "attention=se"],
    # A pre-activation net carries a bias along its identities to the last norm.
    "resnetv2_50": ["conv_bias=all", "depths=2,2"],
    # Without that norm, what joins the sum after the last block's own norms is not cancelled.
    "preactresnet18_kuangliu": ["conv_bias=all", "depths=1,2"],
    "resnet50_gn": ["conv_bias=all", "depths=1,1"],
}


def cancelled(graph: Graph) -> set[str]:
    """The biases that RI001 reports."""
    shifts = wiring.find_cancelled_shifts(graph)
    pairs = zip(graph.nodes, shifts, strict=True)
    return {f"{node.name}.bias" for node, idle in pairs if idle and isinstance(node.op, Conv2d) and node.op.bias}


def biased(name: str) -> tuple[Graph, nn.Module, torch.Tensor]:
    """The net in double precision with random biases, in training mode, and a batch for it."""
    torch.manual_seed(0)
    graph = ri.lower(name, settings=BIASED[name], input=(4, 3, 48, 48))
    net = build(graph).double().train()
    for key, parameter in net.named_parameters():
        if key.endswith("bias"):
            nn.init.normal_(parameter)
    return graph, net, torch.randn(4, 3, 48, 48, dtype=torch.float64)


@pytest.mark.parametrize("name", BIASED)
def test_the_biases_of_convolutions_without_a_gradient_are_those_that_batchnorm_cancels(name: str) -> None:
    """Exactly those, to rounding: others have a gradient a million times as large."""
    graph, net, x = biased(name)
    out = net(x)
    (out * torch.randn_like(out)).sum().backward()
    ours = {node.name for node in graph.nodes if isinstance(node.op, Conv2d)}
    size = {
        key: parameter.grad.abs().max().item()
        for key, parameter in net.named_parameters()
        if parameter.grad is not None and key.endswith(".bias") and key.removesuffix(".bias") in ours
    }
    largest = max(parameter.grad.abs().max().item() for parameter in net.parameters() if parameter.grad is not None)
    assert {key for key, gradient in size.items() if gradient < 1e-12 * largest} == cancelled(graph)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(specs())
def test_a_cancelled_bias_has_no_gradient_in_any_net(spec: ResNetSpec) -> None:
    spec = replace(spec, norm="bn", conv="plain", conv_bias="all")
    try:
        graph = lower(spec, "random", (2, spec.in_channels, 24, 24))
    except ShapeError:
        assume(False)
    assume(all(not isinstance(n.op, BatchNorm2d) or n.out.numel > n.out.shape[1] for n in graph.nodes))
    torch.manual_seed(0)
    net = build(graph).double().train()
    net(torch.randn(graph.input.shape, dtype=torch.float64)).square().sum().backward()
    parameters = dict(net.named_parameters())
    largest = max(p.grad.abs().max().item() for p in parameters.values() if p.grad is not None)
    idle = cancelled(graph)
    assert idle
    # A channel of two equal values has variance 0, and 1 / sqrt(eps) = 316 in every such norm enlarges the rounding.
    assert all(parameters[key].grad.abs().max().item() <= 1e-9 * largest for key in idle)


def test_cancelled_biases_do_not_change_the_output_while_training() -> None:
    graph, net, x = biased("tutorial_resnet18_biased")
    before = net(x)
    with torch.no_grad():
        for key, parameter in net.named_parameters():
            if key in cancelled(graph):
                parameter.normal_(std=3)
    torch.testing.assert_close(net(x), before, rtol=1e-9, atol=1e-9)


def test_in_eval_mode_a_cancelled_bias_is_the_running_means() -> None:
    """Another bias alone changes the output; with the mean that it brings about, and without both, nothing changes."""
    graph, net, x = biased("tutorial_resnet18_biased")
    net(x)  # running statistics that have seen the biases
    net.eval()
    before = net(x)
    state = net.state_dict()
    reads = {node.inputs[0]: node.name for node in graph.nodes if isinstance(node.op, BatchNorm2d)}
    norm_of = {graph.nodes[i].name: norm for i, norm in reads.items()}
    for key in cancelled(graph):
        state[key].add_(1)
    assert not torch.allclose(net(x), before, rtol=1e-3)
    for key in cancelled(graph):
        state[f"{norm_of[key.removesuffix('.bias')]}.running_mean"].add_(1)
    torch.testing.assert_close(net(x), before, rtol=1e-9, atol=1e-9)
    for key in cancelled(graph):
        state[f"{norm_of[key.removesuffix('.bias')]}.running_mean"].sub_(state[key])
        state[key].zero_()
    torch.testing.assert_close(net(x), before, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("setting", "unread"), [("stride_on=1x1", 0.75), ("stride_on=3x3", 0)])
def test_v1_computes_three_quarters_of_a_stages_last_maps_for_nobody(setting: str, unread: float) -> None:
    """At inference, that is: while training, they are still in the batch statistics."""
    torch.manual_seed(0)
    net = build(ri.lower("resnet50", settings=[setting, "depths=2,1"], input=(2, 3, 64, 64))).eval()
    gradients: dict[str, torch.Tensor] = {}
    for name in ("layer1.1.conv1", "layer1.1.conv2", "layer1.1.conv3", "layer1"):
        net.get_submodule(name).register_full_backward_hook(
            lambda _m, _i, out, name=name: gradients.update({name: out[0]})
        )
    net(torch.randn(2, 3, 64, 64)).square().sum().backward()
    shares = {name: (gradient == 0).all(dim=(0, 1)).double().mean().item() for name, gradient in gradients.items()}
    assert shares == {"layer1.1.conv1": 0, **dict.fromkeys(("layer1.1.conv2", "layer1.1.conv3", "layer1"), unread)}


@pytest.mark.parametrize("side", [32, 96])
def test_weights_that_no_pixel_meets_have_no_gradient(side: int) -> None:
    graph = ri.lower("resnet18", input=(2, 3, side, side))
    torch.manual_seed(0)
    net = build(graph)
    net(torch.randn(graph.input.shape)).square().sum().backward()
    layers = dict(net.named_modules())
    for node in graph.nodes:
        if windows.is_window(Subject(None, graph), node):
            met = (layers[node.name].weight.grad != 0).any(dim=(0, 1))
            assert met.double().mean().item() == pytest.approx(windows.share_of_live_weights(node)), node.name


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"), [(3, 1, 1, 1), (3, 2, 1, 1), (3, 1, 2, 2), (7, 2, 3, 1)]
)
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 5), (8, 4)])
def test_the_share_of_padding_is_what_a_convolution_of_ones_adds_up_to(
    kernel: int, stride: int, padding: int, dilation: int, size: tuple[int, int]
) -> None:
    op = Conv2d(1, 1, kernel, stride, padding, dilation)
    node = ri.lower("resnet18", input=(1, 3, 64, 64)).nodes[1]
    x = torch.ones(1, 1, *size)
    y = nn.functional.conv2d(x, torch.ones(1, 1, kernel, kernel), None, stride, padding, dilation)
    type_of = type(node.out)
    node = replace(node, op=op, ins=(type_of(tuple(x.shape)),), out=type_of(tuple(y.shape)))
    assert windows.share_on_pixels(node) == pytest.approx(y.mean().item() / kernel**2)


def test_a_strided_convolution_reads_the_share_that_has_a_gradient() -> None:
    graph = ri.lower("resnet50_v1", input=(1, 3, 224, 176))
    for node in graph.nodes:
        if isinstance(node.op, Conv2d) and node.op.stride > node.op.kernel_size:
            x = torch.zeros(1, 1, *node.ins[0].shape[2:], requires_grad=True)
            nn.functional.conv2d(x, torch.ones(1, 1, 1, 1), stride=node.op.stride).sum().backward()
            assert windows.share_read(node) == pytest.approx(x.grad.mean().item())


def test_no_activation_means_that_nothing_but_the_pool_is_not_linear() -> None:
    """Without the pool the stem and the next convolution are one linear map, and with the ReLU they are not."""
    subject = Subject(ri.spec(), ri.lower(settings=["stem_act=false", "stem_pool=none"], input=(1, 3, 32, 32)))
    (hit,) = wiring.no_stem_activation(subject)
    for act, linear in (("false", True), ("true", False)):
        torch.manual_seed(0)
        graph = ri.lower(settings=[f"stem_act={act}", "stem_pool=none", "depths=1"], input=(1, 3, 32, 32))
        net = build(graph).double().eval()
        x, y = torch.randn(2, 1, 3, 32, 32, dtype=torch.float64)
        a, b, both, none = (_output_of(net, hit.values["next"], image) for image in (x, y, x + y, torch.zeros_like(x)))
        assert torch.allclose(both - none, (a - none) + (b - none), rtol=1e-9) == linear


def _output_of(net: nn.Module, module: str, x: torch.Tensor) -> torch.Tensor:
    seen: list[torch.Tensor] = []
    with net.get_submodule(module).register_forward_hook(lambda _m, _i, out: seen.append(out)):
        net(x)
    return seen[0]
