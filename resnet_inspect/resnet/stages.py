"""Stages that do more than run their blocks one after the other."""

from collections.abc import Callable
from functools import partial

from resnet_inspect.graph import Builder
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import Add
from resnet_inspect.graph.ops.pool import MaxPool2d
from resnet_inspect.graph.ops.reshape import Slice
from resnet_inspect.resnet.layers import BlockConfig, activation, convolution, norm
from resnet_inspect.resnet.spec import ResNetSpec


def around_stage(b: Builder, spec: ResNetSpec, stride: int | None, blocks: Callable[[], int]) -> int:
    """The stage, its shortcut, and a max pool of the next stage's ``stride``; None: no stage follows.

    RoR-3 (Zhang et al. 2016, arXiv:1608.02908) has a shortcut around each stage and one around all of them.
    The activation of the last stage comes after the sum around all stages.
    """
    x = b.last
    around(b, spec, x, blocks(), 1)
    if stride is None:
        return b.last
    y = activation(b, spec)
    return b.module("pool", MaxPool2d(stride, stride)) if stride > 1 else y


def around(b: Builder, spec: ResNetSpec, x: int, residual: int, stride: int) -> int:
    """The sum of ``residual`` and the projected ``x``."""
    write = partial(_projection, b, spec, x, b.type(residual).shape[1], stride)
    return b.call("add", Add(), residual, b.within("shortcut", "Sequential", write))


def cross_stage(b: Builder, spec: ResNetSpec, stride: int, c: BlockConfig, out: int, blocks: Callable[[], int]) -> int:
    """Half of the channels goes through the blocks, half past them (CSPNet, Wang et al. 2019, arXiv:1911.11929).

    A 3×3 takes the stride, ``c`` are the sizes of the blocks, and ``out`` are the channels of the stage's output.
    """
    from resnet_inspect.graph.ops.gate import Cat  # slow to define, as attention's

    channels = c.in_channels
    if stride > 1:
        before = b.type(b.last).shape[1]
        _unit(b, spec, "down", convolution(spec, before, before, 3, stride, groups=c.groups, bias=_has_bias(spec)))
        activation(b, spec, "down_act")
    x = _unit(b, spec, "expand", _pointwise(b, spec, 2 * channels))
    past = b.call("past", Slice(0, channels), x)
    b.call("through", Slice(channels, 2 * channels), x)
    blocks()
    _unit(b, spec, "transition_b", _pointwise(b, spec, channels))
    b.call("cat", Cat(), past, activation(b, spec, "transition_b_act"))
    _unit(b, spec, "transition", _pointwise(b, spec, out))
    return activation(b, spec, "transition_act")


def _unit(b: Builder, spec: ResNetSpec, name: str, conv: Conv2d) -> int:
    b.module(name, conv)
    return norm(b, spec, f"{name}_bn")


def _pointwise(b: Builder, spec: ResNetSpec, channels: int) -> Conv2d:
    return convolution(spec, b.type(b.last).shape[1], channels, 1, bias=_has_bias(spec))


def _has_bias(spec: ResNetSpec) -> bool:
    return spec.conv_bias != "none"


def _projection(b: Builder, spec: ResNetSpec, x: int, channels: int, stride: int) -> int:
    b.module("0", convolution(spec, b.type(x).shape[1], channels, 1, stride, bias=_has_bias(spec)), x)
    return norm(b, spec, "1")
