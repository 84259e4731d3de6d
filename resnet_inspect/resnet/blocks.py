"""Residual blocks: each function writes one into the graph."""

from collections.abc import Callable

from resnet_inspect.graph import Builder
from resnet_inspect.graph.ops.pointwise import Add
from resnet_inspect.graph.ops.pool import AvgPool2d
from resnet_inspect.graph.ops.reshape import Pad
from resnet_inspect.resnet.layers import (
    ALPHA,
    ATTENTION_GAIN,
    BlockConfig,
    activation,
    antialias,
    attend,
    conv,
    new_channels,
    norm,
    projects,
    reshapes,
    scale,
    shortcut,
    spatial_conv,
    split_conv,
)
from resnet_inspect.resnet.spec import ResNetSpec


def bottleneck(b: Builder, spec: ResNetSpec, c: BlockConfig) -> int:
    """1×1 reduce, 3×3, 1×1 expand; torchvision strides in the 3×3 (v1.5), the paper in the first 1×1 (v1)."""
    x = b.last
    first_stride, stride = (c.stride, 1) if spec.stride_on == "1x1" else (1, c.stride)
    reduced = c.width // 2 if spec.block == "senet" else c.width
    conv(b, spec, "conv1", c.in_channels, reduced, 1, first_stride)
    norm(b, spec, "bn1")
    activation(b, spec)
    if spec.split:
        split_conv(b, spec, spec.split, c)
    else:
        spatial_conv(b, spec, "conv2", reduced, c.width, stride, c.first_dilation, c.groups)
        norm(b, spec, "bn2")
        activation(b, spec)
        antialias(b, spec, c, stride)
    attend(b, spec, c, "3x3")
    conv(b, spec, "conv3", c.width, c.out_channels, 1)
    norm(b, spec, "bn3")
    return _join(b, spec, c, x)


def basic(b: Builder, spec: ResNetSpec, c: BlockConfig) -> int:
    """3×3, 3×3."""
    x = b.last
    if spec.split:
        split_conv(b, spec, spec.split, c)
    else:
        spatial_conv(b, spec, "conv1", c.in_channels, c.width, c.stride, c.first_dilation)
        norm(b, spec, "bn1")
        activation(b, spec)
        antialias(b, spec, c, c.stride)
    spatial_conv(b, spec, "conv2", c.width, c.out_channels, 1, c.dilation)
    norm(b, spec, "bn2")
    return _join(b, spec, c, x)


def _join(b: Builder, spec: ResNetSpec, c: BlockConfig, x: int) -> int:
    """Attention on the residual, sum with the shortcut, ReLU."""
    residual = attend(b, spec, c, "residual")
    y = b.call("add", Add(), residual, shortcut(b, spec, c, x))
    return activation(b, spec) if c.activates else y


def preact_bottleneck(b: Builder, spec: ResNetSpec, c: BlockConfig) -> int:
    """The bottleneck with norm and ReLU before each convolution (He et al. 2016, arXiv:1603.05027, figure 4e)."""
    x = b.last
    first_stride, stride = (c.stride, 1) if spec.stride_on == "1x1" else (1, c.stride)
    norm(b, spec, "bn1")
    activated = scale(b, spec, "beta", c.beta, activation(b, spec))
    conv(b, spec, "conv1", c.in_channels, c.width, 1, first_stride)
    norm(b, spec, "bn2")
    activation(b, spec)
    spatial_conv(b, spec, "conv2", c.width, c.width, stride, c.first_dilation, c.groups)
    norm(b, spec, "bn3")
    activation(b, spec)
    antialias(b, spec, c, stride)
    attend(b, spec, c, "3x3")
    conv(b, spec, "conv3", c.width, c.out_channels, 1)
    return _join_preact(b, spec, c, x, activated)


def preact_basic(b: Builder, spec: ResNetSpec, c: BlockConfig) -> int:
    """The basic block with norm and ReLU before each convolution."""
    x = b.last
    norm(b, spec, "bn1")
    activated = scale(b, spec, "beta", c.beta, activation(b, spec))
    spatial_conv(b, spec, "conv1", c.in_channels, c.width, c.stride, c.first_dilation)
    norm(b, spec, "bn2")
    activation(b, spec)
    antialias(b, spec, c, c.stride)
    spatial_conv(b, spec, "conv2", c.width, c.out_channels, 1, c.dilation)
    return _join_preact(b, spec, c, x, activated)


def _join_preact(b: Builder, spec: ResNetSpec, c: BlockConfig, x: int, activated: int) -> int:
    """Attention on the residual, sum with the shortcut: x itself, or a projection of the activated x."""
    residual = attend(b, spec, c, "residual")
    if spec.attention and spec.attention_on == "residual":
        residual = scale(b, spec, "gain", ATTENTION_GAIN, residual)
    residual = scale(b, spec, "alpha", ALPHA, residual)
    source = activated if projects(spec, c) or reshapes(c) else x
    return b.call("add", Add(), residual, shortcut(b, spec, c, source))


def pyramid_bottleneck(b: Builder, spec: ResNetSpec, c: BlockConfig) -> int:
    """The pre-activation bottleneck without its first ReLU, and with a norm before the sum (arXiv:1610.02915)."""
    x = b.last
    norm(b, spec, "bn1")
    conv(b, spec, "conv1", c.in_channels, c.width, 1)
    norm(b, spec, "bn2")
    activation(b, spec)
    spatial_conv(b, spec, "conv2", c.width, c.width, c.stride, c.first_dilation, c.groups)
    norm(b, spec, "bn3")
    activation(b, spec)
    attend(b, spec, c, "3x3")
    conv(b, spec, "conv3", c.width, c.out_channels, 1)
    norm(b, spec, "bn4")
    return _join_pyramid(b, spec, c, x)


def pyramid_basic(b: Builder, spec: ResNetSpec, c: BlockConfig) -> int:
    """The pre-activation basic block, changed likewise."""
    x = b.last
    norm(b, spec, "bn1")
    spatial_conv(b, spec, "conv1", c.in_channels, c.width, c.stride, c.first_dilation)
    norm(b, spec, "bn2")
    activation(b, spec)
    spatial_conv(b, spec, "conv2", c.width, c.out_channels, 1, c.dilation)
    norm(b, spec, "bn3")
    return _join_pyramid(b, spec, c, x)


def _join_pyramid(b: Builder, spec: ResNetSpec, c: BlockConfig, x: int) -> int:
    """Attention on the residual, sum with x: averaged where the block strides, then filled up with zero channels."""
    residual = attend(b, spec, c, "residual")
    if c.stride != 1:
        x = b.module("downsample", AvgPool2d(2, c.stride, ceil_mode=True), x)
    if c.out_channels != c.in_channels:
        x = b.call("pad", Pad(channels=(0, new_channels(b, c))), x)
    return b.call("add", Add(), residual, x)


# (spec.block, spec.order, kind of split) -> (class name, torchvision's or timm's; function that writes the block)
BLOCKS: dict[tuple[str, str, str | None], tuple[str, Callable[[Builder, ResNetSpec, BlockConfig], int]]] = {
    ("bottleneck", "post", None): ("Bottleneck", bottleneck),
    ("basic", "post", None): ("BasicBlock", basic),
    ("bottleneck", "pre", None): ("PreActBottleneck", preact_bottleneck),
    ("basic", "pre", None): ("PreActBasic", preact_basic),
    ("senet", "post", None): ("SENetBottleneck", bottleneck),
    ("bottleneck", "pyramid", None): ("PyramidBottleneck", pyramid_bottleneck),
    ("basic", "pyramid", None): ("PyramidBasic", pyramid_basic),
    ("bottleneck", "post", "res2net"): ("Bottle2neck", bottleneck),
    ("bottleneck", "post", "resnest"): ("ResNestBottleneck", bottleneck),
    ("bottleneck", "post", "sk"): ("SelectiveKernelBottleneck", bottleneck),
    ("basic", "post", "sk"): ("SelectiveKernelBasic", basic),
}
