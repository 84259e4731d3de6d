"""What stands in for a block's 3×3 where its channels are split: each function writes one, under timm's names.

It begins on the map that the 3×3 would read and ends after the activation that would follow it.
"""

from collections.abc import Callable
from functools import partial

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph import Builder
from resnet_inspect.graph.ops.gate import Cat, Mean, Mul, Reshape, Sigmoid
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import Activation, Add
from resnet_inspect.graph.ops.pool import AvgPool2d
from resnet_inspect.graph.ops.reshape import Slice
from resnet_inspect.graph.ops.weighing import Sum
from resnet_inspect.resnet.attention import divisible
from resnet_inspect.resnet.choices import Split
from resnet_inspect.resnet.layers import BlockConfig, activation, convolution, norm, reshapes
from resnet_inspect.resnet.spec import ResNetSpec

LEAST_HIDDEN = 32  # channels between ResNeSt's two 1×1


def hierarchical(b: Builder, spec: ResNetSpec, split: Split, c: BlockConfig) -> int:
    """Each part but the last goes through a 3×3, summed with the part before (Gao et al. 2019, arXiv:1904.01169).

    A block that changes the shape does not sum the parts, and pools the last one.
    """
    x, width = b.last, c.width // split.parts
    parts = [b.call(f"split_{i}", Slice(i * width, (i + 1) * width), x) for i in range(split.parts)]
    done: list[int] = []
    for i, part in enumerate(parts[:-1]):
        if i and not reshapes(c):
            part = b.call(f"add_{i}", Add(inplace=False), done[-1], part)
        conv = convolution(spec, width, width, 3, c.stride, c.first_dilation, c.groups, bias=spec.conv_bias != "none")
        b.module(f"convs_{i}", conv, part)
        norm(b, spec, f"bns_{i}")
        done.append(activation(b, spec))
    last = b.module("pool", AvgPool2d(3, c.stride, padding=1), parts[-1]) if reshapes(c) else parts[-1]
    return b.call("cat", Cat(), *done, last)


def split_attention(b: Builder, spec: ResNetSpec, split: Split, c: BlockConfig) -> int:
    """``parts`` 3×3 on all channels, weighed against each other (Zhang et al. 2020, arXiv:2004.08955).

    A 3×3 pool takes the stride, before or after them.
    """
    pool = AvgPool2d(3, c.stride, padding=1)
    if c.stride > 1 and split.early:
        b.module("avd_first", pool)
    b.within("conv2", "SplitAttn", partial(_split_attention, b, spec, split, c))
    if c.stride > 1 and not split.early:
        b.module("avd_last", pool)
    return b.last


def _split_attention(b: Builder, spec: ResNetSpec, split: Split, c: BlockConfig) -> int:
    radix, bias = split.parts, spec.conv_bias != "none"
    conv = convolution(spec, c.width, radix * c.width, 3, 1, c.first_dilation, radix * c.groups, bias=bias)
    b.module("conv", conv)
    norm(b, spec, "bn0")
    x = activation(b, spec, "act0")
    if radix > 1:
        x = _apart(b, radix, "parts")
        _together(b, "sum")
    b.call("mean", Mean((2, 3)))
    hidden = max(LEAST_HIDDEN, divisible(radix * c.width / 4, 8))
    b.module("fc1", Conv2d(c.width, hidden, 1, groups=c.groups, bias=True))
    norm(b, spec, "bn1")
    activation(b, spec, "act1")
    b.module("fc2", Conv2d(hidden, radix * c.width, 1, groups=c.groups, bias=True))
    return _weigh(b, radix, x) if radix > 1 else b.call("mul", Mul(), x, b.module("rsoftmax", Sigmoid()))


def selective_kernel(b: Builder, spec: ResNetSpec, split: Split, c: BlockConfig) -> int:
    """A 3×3 and a dilated 3×3, weighed against each other (Li et al. 2019, arXiv:1903.06586).

    Each reads its half of the channels, as timm's, or ``whole``: all of them, as the paper's.
    """
    return b.within(
        "conv2" if spec.block == "bottleneck" else "conv1",
        "SelectiveKernel",
        partial(_selective_kernel, b, spec, split, c),
    )


def _selective_kernel(b: Builder, spec: ResNetSpec, split: Split, c: BlockConfig) -> int:
    x, cin, bias = b.last, b.type(b.last).shape[1], spec.conv_bias != "none"
    half = cin // 2
    if cin % 2 and not split.whole:
        raise ShapeError(f"{b.scope}split: {cin} channels have no halves", hint="--set split=sk:0.0625:8:whole")
    parts = [x, x] if split.whole else [b.call(f"split_{i}", Slice(i * half, (i + 1) * half), x) for i in range(2)]
    paths = []
    for i, part in enumerate(parts):
        reach = c.first_dilation * (i + 1)
        conv = convolution(spec, b.type(part).shape[1], c.width, 3, c.stride, reach, c.groups, bias=bias)
        b.module(f"paths_{i}_conv", conv, part)
        norm(b, spec, f"paths_{i}_bn")
        paths.append(activation(b, spec, f"paths_{i}_act"))
    b.call("stack", Cat(), *paths)
    x = _apart(b, 2, "parts")
    _together(b, "sum")
    b.call("mean", Mean((2, 3)))
    hidden = divisible(c.width * split.ratio, split.divisor)
    b.module("fc_reduce", Conv2d(c.width, hidden, 1))
    norm(b, spec, "bn")
    activation(b, spec, "act")
    b.module("fc_select", Conv2d(hidden, 2 * c.width, 1))
    return _weigh(b, 2, x)


def _apart(b: Builder, parts: int, name: str) -> int:
    """N, parts·C, H, W -> N, parts, C, H, W."""
    _, c, h, w = b.type(b.last).shape
    return b.call(name, Reshape((parts, c // parts, h, w)))


def _together(b: Builder, name: str) -> int:
    """N, parts, C, H, W -> N, C, H, W: the sum of the parts."""
    b.call(name, Sum((1,)))
    return b.call(f"{name}_flat", Reshape(b.type(b.last).shape[2:]))


def _weigh(b: Builder, parts: int, x: int) -> int:
    """The sum of the parts of ``x``, each channel by its softmax over the parts of the newest node."""
    channels = b.type(b.last).shape[1] // parts
    b.call("gates", Reshape((parts, channels, 1, 1)))
    gates = b.call("softmax", Activation("Softmax"))
    b.call("mul", Mul(), x, gates)
    return _together(b, "weighted")


# Split.kind -> function that writes what stands in for the 3×3
SPLITS: dict[str, Callable[[Builder, ResNetSpec, Split, BlockConfig], int]] = {
    "res2net": hierarchical,
    "resnest": split_attention,
    "sk": selective_kernel,
}
