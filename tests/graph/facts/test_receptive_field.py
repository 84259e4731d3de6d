"""Receptive fields against published numbers, and against gradients: a value sees the pixels that change it."""

import json
from dataclasses import replace

import pytest
import torch
from torch import nn

import resnet_inspect as api
from resnet_inspect.graph.facts.receptive_field import View, by_stage, views
from resnet_inspect.resnet.choices import Attention
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
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


WHOLE = {kind: {"attention": Attention(kind)} for kind in ("se", "eca", "cbam")} | {
    "GroupNorm": {"norm": "gn", "widths": (32, 32), "stem": ((3, 1, 32),)}
}


@pytest.mark.parametrize("kind", WHOLE)
def test_the_whole_image_changes_a_value_exactly_where_this_is_said(kind: str) -> None:
    size = 96
    graph = lower(ResNetSpec(**{**SMALL, **WHOLE[kind]}), "small", (1, 3, size, size))
    net = positive(build(graph))
    seen = {
        node.name: view
        for node, view in zip(graph.nodes, views(graph), strict=True)
        if view and node.kind == "Conv2d" and ".se." not in node.name
    }
    seen |= {stage: view for stage, view in by_stage(graph) if view and stage.startswith("layer")}
    outputs: dict[str, torch.Tensor] = {}
    for name in seen:
        net.get_submodule(name).register_forward_hook(lambda _, __, y, name=name: outputs.__setitem__(name, y))
    image = torch.rand(1, 3, size, size, dtype=torch.float64, requires_grad=True)
    net(image)
    for name, view in seen.items():
        y = outputs[name]
        middle = y.shape[2] // 2
        first, last = rows_that_change(y[0, 0, middle, middle], image)
        square = middle * view.jump - view.padding, middle * view.jump - view.padding + view.field - 1
        assert (first, last) == ((0, size - 1) if view.whole_through else square), name
    assert {view.whole_through for view in seen.values()} == {"", "GroupNorm" if kind == "GroupNorm" else "gate"}


@pytest.mark.parametrize("kind", ["se", "eca", "cbam"])
def test_an_attention_gate_does_not_widen_the_field_of_convolutions_and_pools(kind: str) -> None:
    plain, gated = (lower(ResNetSpec(attention=a), "net", (1, 3, 224, 224)) for a in (None, Attention(kind)))
    without_gates = {stage: view and replace(view, whole_through="") for stage, view in by_stage(gated)}
    assert without_gates == dict(by_stage(plain))


@pytest.mark.parametrize("model", ["seresnet50", "resnet50_gn"])
def test_what_the_field_leaves_out_is_said_where_it_stands(model: str) -> None:
    what, first = ("a gate", "layer1") if model == "seresnet50" else ("GroupNorm", "stem")
    left_out = f"through convolutions and pools alone; from {first} on, {what} sees the whole image"
    assert left_out in " ".join(str(api.summary(model)).split())
    assert left_out.replace(";", ":") in " ".join(str(api.explain(model)).split())
    for answer in api.summary(model), api.explain(model):
        rows = json.loads(answer.to_json())["tables"]["stages"]
        assert [row["whole_image_through"] for row in rows if row["stage"] == "layer3"] == [what.removeprefix("a ")]


def test_a_flattened_map_is_no_map() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 6 * 6, 5))
    assert views(api.lower(net, input=(1, 3, 8, 8)))[-1] is None


def test_behind_the_global_pool_there_is_no_view() -> None:
    assert dict(by_stage(api.lower("resnet18")))["head"] is None
