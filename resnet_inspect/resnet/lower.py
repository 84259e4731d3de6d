"""Spec -> Graph in torchvision's module tree; parts that torchvision lacks have timm's names."""

from dataclasses import replace
from functools import partial
from math import prod

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph import Builder, Graph, TensorType
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pool import AvgPool2d, BlurPool2d, MaxPool2d
from resnet_inspect.resnet.blocks import BLOCKS
from resnet_inspect.resnet.heads import HEADS
from resnet_inspect.resnet.layers import ALPHA, BlockConfig, activation, convolution, norm
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.stages import around, around_stage, cross_stage
from resnet_inspect.units import counted


def lower(spec: ResNetSpec, name: str, image: tuple[int, int, int, int]) -> Graph:
    """The graph of ``spec`` applied to a batch of images N, C, H, W.

    Raises:
        ShapeError: an operation cannot take its input; the message names the node.
    """
    b = Builder()
    b.containers[""] = "ResNet"
    b.input(TensorType(image))
    if image[1] != spec.in_channels:
        raise ShapeError(
            f"the input has {counted(image[1], 'channel')}, {name} takes {spec.in_channels}",
            hint=f"--input {image[0]},{spec.in_channels},{image[2]},{image[3]}, or --set in_channels={image[1]}",
        )
    b.stage = "stem"
    channels = _stem(b, spec)
    stem = b.last
    for stage, configs in enumerate(block_configs(spec, channels), start=1):
        b.stage = f"layer{stage}"
        write = partial(_stage, b, spec, configs)
        if spec.levels == "stages":
            write = partial(around_stage, b, spec, next(iter(spec.stage_strides[stage:]), None), write)
        elif spec.cross_stage:
            out = configs[-1].out_channels * spec.cross_stage
            write = partial(cross_stage, b, spec, spec.stage_strides[stage - 1], configs[0], out, write)
        b.within(b.stage, spec.stage_class, write)
    if spec.levels == "stages":
        around(b, spec, stem, b.last, prod(spec.stage_strides))
        activation(b, spec)
    b.stage = "head"
    _head(b, spec)
    return Graph(name, tuple(b.nodes), b.containers)


def _stem(b: Builder, spec: ResNetSpec) -> int:
    """Write the convolutions and the pool before the first stage; return the number of output channels."""
    bias = spec.conv_bias == "all"
    convs = []
    channels = spec.in_channels
    for kernel, stride, out in spec.stem:
        convs.append(convolution(spec, channels, out, kernel, stride, bias=bias))
        channels = out
    if len(convs) == 1:
        b.module("conv1", convs[0])
    else:
        b.within("conv1", "Sequential", partial(_deep_stem, b, spec, convs))
    if spec.has_stem_norm_act:
        norm(b, spec, "bn1")
        if spec.stem_act:
            activation(b, spec)
    _stem_pool(b, spec, channels)
    return channels


def _deep_stem(b: Builder, spec: ResNetSpec, convs: list[Conv2d]) -> int:
    """Conv, norm, ReLU, ..., conv with timm's numbers; the last norm is bn1 of the net itself."""
    for i, conv in enumerate(convs[:-1]):
        b.module(f"{3 * i}", conv)
        if i >= spec.stem_bare:
            norm(b, spec, f"{3 * i + 1}")
            activation(b, spec, f"{3 * i + 2}")
    return b.module(f"{3 * len(convs) - 3}", convs[-1])


def _stem_pool(b: Builder, spec: ResNetSpec, channels: int) -> None:
    match spec.stem_pool, spec.antialias:
        case "none", _:
            pass
        case "conv3", _:
            b.within("maxpool", "Sequential", partial(_pool_by_convolution, b, spec, channels))
        case _, "avg":
            b.module("maxpool", AvgPool2d(2, 2))
        case _, "blur":
            b.within("maxpool", "Sequential", partial(_blurred_max_pool, b, channels))
        case "max3ceil", _:
            b.module("maxpool", MaxPool2d(3, 2, ceil_mode=True))
        case _:
            b.module("maxpool", MaxPool2d(3, 2, padding=1))


def _pool_by_convolution(b: Builder, spec: ResNetSpec, channels: int) -> int:
    """A strided convolution in place of the max pool, as in ResNet-RS (arXiv:2103.07579)."""
    b.module("0", convolution(spec, channels, channels, 3, 2, bias=spec.conv_bias == "all"))
    norm(b, spec, "1")
    return activation(b, spec, "2")


def _blurred_max_pool(b: Builder, channels: int) -> int:
    b.module("0", MaxPool2d(3, 1, padding=1))
    return b.module("1", BlurPool2d(channels))


def block_configs(spec: ResNetSpec, channels: int) -> list[list[BlockConfig]]:
    """What each block of each stage is made of, given the channels that leave the stem."""
    stages = []
    total_stride = 1 if spec.stem_pool == "none" else 2
    for _, stride, _ in spec.stem:
        total_stride *= stride
    dilation = 1
    variance = 1.0
    sizes = zip(spec.planes, spec.stage_strides, spec.expansions, spec.group_widths, strict=True)
    for planes, stride, expansion, group_width in sizes:
        previous = dilation
        if spec.levels == "stages" or spec.cross_stage:
            stride = 1  # the stage itself strides
        if spec.cross_stage:
            channels = planes[0] * expansion
        if spec.output_stride and total_stride >= spec.output_stride:
            dilation, stride = dilation * stride, 1
        total_stride *= stride
        configs = []
        for i, plane in enumerate(planes):
            first = i == 0
            width = plane * spec.base_width // 64 * spec.groups
            parts = spec.split.parts if spec.split and spec.split.kind == "res2net" else 1
            configs.append(
                BlockConfig(
                    in_channels=channels,
                    width=width * parts,
                    groups=width // group_width if group_width else spec.groups,
                    out_channels=plane * expansion,
                    stride=stride if first else 1,
                    # A dilated stage's first block still reads the undilated grid of the stage before.
                    first_dilation=previous if first and spec.dilated_from == "second" else dilation,
                    dilation=dilation,
                    beta=variance**-0.5 if spec.conv == "scaled" else 1.0,
                )
            )
            # Each residual adds its variance; a stage's first block starts anew from its projection.
            variance = (1.0 if first else variance) + ALPHA**2
            channels = plane * expansion
        stages.append(configs)
    return stages


def _stage(b: Builder, spec: ResNetSpec, configs: list[BlockConfig]) -> int:
    class_name, write = BLOCKS[spec.block, spec.order, spec.split.kind if spec.split else None]
    for i, config in enumerate(configs):
        if spec.levels == "stages" and i == len(configs) - 1:
            config = replace(config, activates=False)
        if i and spec.is_recurrent:
            config = replace(config, previous=f"{b.scope}{i - 1}")
        b.repeat(str(i), class_name, config, partial(write, b, spec, config))
    return b.last


def _head(b: Builder, spec: ResNetSpec) -> None:
    if spec.has_final_norm:
        norm(b, spec, "norm")
        activation(b, spec)
    for i, (kernel, dilation, out) in enumerate(spec.neck):
        channels = b.type(b.last).shape[1]
        bias = spec.conv_bias != "none"
        b.module(f"neck{i}_conv", convolution(spec, channels, out, kernel, dilation=dilation, bias=bias))
        norm(b, spec, f"neck{i}_bn")
        activation(b, spec, f"neck{i}_act")
    if spec.num_features:
        channels = b.type(b.last).shape[1]
        b.module("final_conv", convolution(spec, channels, spec.num_features, 1, bias=spec.conv_bias != "none"))
        norm(b, spec, "final_bn")
        activation(b, spec)
    HEADS[spec.head](b, spec, b.type(b.last).shape[1])
