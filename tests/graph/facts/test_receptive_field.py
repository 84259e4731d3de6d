"""Receptive fields against published numbers, and against gradients: a value sees the pixels that change it."""

import pytest
import torch
from torch import nn

import resnet_inspect as api
from resnet_inspect.graph.facts.receptive_field import View, by_stage, views
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import Attention, ResNetSpec
from resnet_inspect.runtime.build import build

SMALL = {"depths": (1, 2), "widths": (8, 8), "stem": ((3, 1, 4),), "stem_pool": "none", "num_classes": 0}
NETS = {
    "bottleneck": {},
    "basic": {"block": "basic"},
    "strides in the 1×1": {"stride_on": "1x1"},
    "ResNet-D": {"shortcut": "D", "stem": ((3, 2, 4), (3, 1, 4), (3, 1, 4)), "stem_pool": "max3"},
    "shortcut A": {"block": "basic", "shortcut": "A"},
    "pre-activation": {"order": "pre"},
    "three stages": {"depths": (1, 2, 1), "widths": (8, 8, 8), "strides": (2, 2, 2), "stem_pool": "max3"},
    "dilated to output stride 8": {
        "depths": (1, 1, 2, 1),
        "widths": (8,) * 4,
        "output_stride": 8,
        "stem": ((3, 2, 4),),
        "stem_pool": "max3ceil",
    },
    "antialiased by average": {"antialias": "avg", "stem_pool": "max3"},
    "antialiased by blur": {"antialias": "blur", "stem_pool": "max3"},
    "ResNet-RS": {"stem_pool": "conv3", "stem": ((7, 2, 4),)},
}


@pytest.mark.parametrize(("name", "field"), [("resnet50_v1", 483), ("resnet101_v1", 1027), ("resnet152_v1", 1507)])
def test_receptive_fields_are_those_published(name: str, field: int) -> None:
    """Araujo et al. 2019, Distill, table of ResNet-v1 nets."""
    seen = [view for _, view in by_stage(api.lower(name)) if view is not None]
    assert seen[-1].field == field
    assert seen[-1].jump == 32


def positive(net: nn.Module) -> nn.Module:
    """``net`` with positive weights, and means for maxima: no gradient cancels or is cut off."""
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):
                pool = nn.AvgPool2d(child.kernel_size, child.stride, child.padding, child.ceil_mode)
                setattr(module, name, pool)
    for weight in net.parameters():
        nn.init.uniform_(weight, 0.5, 1)
        weight.data /= max(1, weight[0].numel())
    return net.double().eval()


def rows_that_change(value: torch.Tensor, image: torch.Tensor) -> tuple[int, int]:
    """First and last row of the image with an influence on ``value``."""
    (gradient,) = torch.autograd.grad(value, image, retain_graph=True)
    rows = gradient.abs().sum((0, 1, 3)).nonzero()
    return int(rows[0]), int(rows[-1])


@pytest.mark.parametrize("fields", NETS.values(), ids=NETS)
def test_a_value_is_changed_by_the_square_that_it_is_said_to_see(fields: dict[str, object]) -> None:
    size = 192
    graph = lower(ResNetSpec(**{**SMALL, **fields}), "small", (1, 3, size, size))
    net = positive(build(graph))
    seen = {node.name: view for node, view in zip(graph.nodes, views(graph), strict=True) if node.kind == "Conv2d"}
    seen |= {stage: view for stage, view in by_stage(graph) if stage.startswith("layer")}
    outputs: dict[str, torch.Tensor] = {}
    for name in seen:
        net.get_submodule(name).register_forward_hook(lambda _, __, y, name=name: outputs.__setitem__(name, y))
    image = torch.rand(1, 3, size, size, dtype=torch.float64, requires_grad=True)
    net(image)
    for name, view in seen.items():
        y = outputs[name]
        middle = y.shape[2] // 2
        for i in (middle, middle + 1):
            first, last = rows_that_change(y[0, 0, i, middle], image)
            assert last - first + 1 == view.field, name
            assert first == i * view.jump - view.padding, name


def test_padding_is_how_far_the_first_value_reaches_beyond_the_border() -> None:
    """ResNet-50's stem by hand: 7×7/2 padded by 3, then 3×3/2 padded by 1 in steps of 2."""
    stages = dict(by_stage(api.lower("resnet50")))
    assert stages["stem"] == View(field=7 + 2 * 2, jump=4, padding=3 + 1 * 2)


@pytest.mark.parametrize("kind", ["se", "eca", "cbam"])
def test_an_attention_gate_does_not_widen_what_a_value_is_said_to_see(kind: str) -> None:
    plain, gated = (lower(ResNetSpec(attention=a), "net", (1, 3, 224, 224)) for a in (None, Attention(kind)))
    assert dict(by_stage(gated)) == dict(by_stage(plain))


def test_behind_the_global_pool_there_is_no_view() -> None:
    assert dict(by_stage(api.lower("resnet18")))["head"] is None
