"""The layers of a residual block and its shortcut: each function writes one into the graph."""

from dataclasses import dataclass, replace
from functools import partial

from resnet_inspect.errors import BranchError
from resnet_inspect.graph import Builder
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import Activation, BatchNorm2d, GroupNorm, Identity, ReLU, Scale
from resnet_inspect.graph.ops.pool import AvgPool2d, BlurPool2d
from resnet_inspect.graph.ops.reshape import Pad, Subsample
from resnet_inspect.resnet.choices import ACTIVATIONS, AttentionOn, Split
from resnet_inspect.resnet.spec import ResNetSpec

# What NF-ResNet multiplies the residual by, and its attention (arXiv:2101.08692, section 4; timm's attn_gain).
ALPHA = 0.2
ATTENTION_GAIN = 2.0


@dataclass(frozen=True, slots=True)
class BlockConfig:
    """The sizes of a block in its net; two blocks of a spec with equal configs are equal.

    ``width`` are the channels between the first and the last convolution, ``groups`` those of a bottleneck's 3×3.
    ``beta`` divides what the block reads by its expected deviation, in a net of scaled convolutions. ``previous`` is
    the path of the block before in its stage, if the block's attention reads that one's state. ``activates``: an
    activation follows the sum.
    """

    in_channels: int
    width: int
    groups: int
    out_channels: int
    stride: int
    first_dilation: int
    dilation: int
    beta: float = 1.0
    previous: str = ""
    activates: bool = True


def norm(b: Builder, spec: ResNetSpec, name: str) -> int:
    """Append the spec's normalisation of the newest node, if it has one."""
    channels = b.type(b.last).shape[1]
    match spec.norm:
        case "bn":
            return b.module(name, BatchNorm2d(channels))
        case "gn":
            return b.module(name, GroupNorm(32, channels))
        case _:
            return b.last


def activation(b: Builder, spec: ResNetSpec, name: str = "") -> int:
    """Append the spec's activation, by default under the name that a block's own has."""
    if spec.act == "relu":
        return b.module(name or "relu", ReLU())
    return b.module(name or "act", Activation(ACTIVATIONS[spec.act]))


def scale(b: Builder, spec: ResNetSpec, name: str, factor: float, x: int) -> int:
    """``x`` times a number, in a net of scaled convolutions."""
    return b.call(name, Scale(factor=factor), x) if spec.conv == "scaled" else x


def convolution(
    spec: ResNetSpec, cin: int, cout: int, kernel: int, stride: int = 1, dilation: int = 1, groups: int = 1,
    *, bias: bool,
) -> Conv2d:  # fmt: skip
    """The spec's kind of convolution, padded by half of what the kernel reaches."""
    conv = Conv2d(cin, cout, kernel, stride, dilation * (kernel - 1) // 2, dilation, groups, bias)
    if spec.conv == "plain":
        return conv
    if spec.conv == "standardized":
        return replace(conv, standardized=True)
    learned = {**conv.params(), "gain": (cout, 1, 1, 1)}
    return replace(conv, standardized=True, learned=tuple(sorted(learned.items())))


def conv(b: Builder, spec: ResNetSpec, name: str, cin: int, cout: int, kernel: int, stride: int = 1) -> int:
    return b.module(name, convolution(spec, cin, cout, kernel, stride, bias=spec.conv_bias != "none"))


def spatial_conv(
    b: Builder, spec: ResNetSpec, name: str, cin: int, cout: int, stride: int, dilation: int, groups: int = 1
) -> int:
    """A 3×3 convolution padded to keep the extent; with ``antialias`` the following pool strides instead."""
    if spec.antialias:
        stride = 1
    return b.module(name, convolution(spec, cin, cout, 3, stride, dilation, groups, bias=spec.conv_bias != "none"))


def antialias(b: Builder, spec: ResNetSpec, c: BlockConfig, stride: int) -> int:
    """The pool after a strided 3×3. As timm's, it also runs where dilation stands in for the stride, with stride 1."""
    if not spec.antialias or (stride == 1 and c.first_dilation == c.dilation):
        return b.last
    channels = b.type(b.last).shape[1]
    return b.module("aa", AvgPool2d(stride, stride) if spec.antialias == "avg" else BlurPool2d(channels, stride))


def split_conv(b: Builder, spec: ResNetSpec, split: Split, c: BlockConfig) -> int:
    from resnet_inspect.resnet.splits import SPLITS  # as attention's

    return SPLITS[split.kind](b, spec, split, c)


def attend(b: Builder, spec: ResNetSpec, c: BlockConfig, on: AttentionOn) -> int:
    """Append the spec's attention, if it has one there."""
    if spec.attention is None or spec.attention_on != on:
        return b.last
    from resnet_inspect.resnet.attention import ATTENTION  # few nets need its operations, which are slow to define

    class_name, write = ATTENTION[spec.attention.kind]
    channels = b.type(b.last).shape[1]
    return b.within("se", class_name, partial(write, b, spec.attention, channels, c))


def reshapes(c: BlockConfig) -> bool:
    return c.stride != 1 or c.in_channels != c.out_channels


def projects(spec: ResNetSpec, c: BlockConfig) -> bool:
    return spec.shortcut == "C" or (reshapes(c) and spec.shortcut != "A")


def shortcut(b: Builder, spec: ResNetSpec, c: BlockConfig, x: int) -> int:
    if projects(spec, c):
        if spec.shortcut == "D" and c.dilation > 1:
            x = b.call("pad", Pad(right=1, bottom=1), x)
        return b.within("downsample", "Sequential", partial(_projection, b, spec, c, x))
    return _zero_padded(b, c, x) if reshapes(c) else x


def _projection(b: Builder, spec: ResNetSpec, c: BlockConfig, x: int) -> int:
    """A 1×1 convolution; D averages first, so a stride of 2 reads every value (arXiv:1812.01187)."""
    index, stride = 0, c.stride
    if spec.shortcut == "D":
        x = b.module("0", _average(c), x)
        index, stride = 1, 1
    bias = spec.conv_bias != "none"
    kernel = 3 if spec.block == "senet" and stride != 1 else 1
    y = b.module(f"{index}", convolution(spec, c.in_channels, c.out_channels, kernel, stride, bias=bias), x)
    return norm(b, spec, f"{index + 1}") if spec.order == "post" else y


def _average(c: BlockConfig) -> Op:
    if c.stride == 1 and c.dilation == 1:
        return Identity()
    return AvgPool2d(2, c.stride, ceil_mode=True)


def _zero_padded(b: Builder, c: BlockConfig, x: int) -> int:
    """Shortcut A of the paper's CIFAR nets: subsample, then fill new channels with zeros."""
    new = new_channels(b, c)
    if c.stride != 1:
        x = b.call("subsample", Subsample(c.stride), x)
    return b.call("pad", Pad(channels=(new // 2, new - new // 2)), x) if new else x


def new_channels(b: Builder, c: BlockConfig) -> int:
    if c.out_channels < c.in_channels:
        raise BranchError(
            f"{b.scope}shortcut: zero padding cannot reduce {c.in_channels} channels to {c.out_channels}",
            hint="--set shortcut=B",
        )
    return c.out_channels - c.in_channels
