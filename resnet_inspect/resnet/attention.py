"""Attention modules of a block: each function writes one into the graph, under timm's names."""

from collections.abc import Callable
from math import log2

from resnet_inspect.graph import Builder
from resnet_inspect.graph.ops.gate import AdaptiveMaxPool2d, Cat, Conv1d, Max, Mean, Mul, Reshape, Sigmoid
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import Activation, Add, BatchNorm2d, GroupNorm, ReLU
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d
from resnet_inspect.graph.ops.reshape import Flatten
from resnet_inspect.graph.ops.weighing import MatMul
from resnet_inspect.resnet.choices import Attention


def squeeze_excite(b: Builder, attention: Attention, channels: int, read: int) -> int:
    """Pool, reduce, ReLU, expand, sigmoid (Hu et al. 2017, arXiv:1709.01507)."""
    x = b.last
    if attention.of_input:
        hidden = max(1, round(read * attention.ratio))
    else:
        hidden = divisible(channels * attention.ratio, attention.divisor)
    b.call("mean", Mean((2, 3)))
    b.module("fc1", Conv2d(channels, hidden, 1, bias=True))
    b.module("act", ReLU())
    b.module("fc2", Conv2d(hidden, channels, 1, bias=True))
    gate = b.module("gate", Sigmoid())
    return b.call("mul", Mul(), x, gate)


def efficient_channel(b: Builder, attention: Attention, channels: int, read: int) -> int:
    """Pool, one convolution across channels, sigmoid (Wang et al. 2019, arXiv:1910.03151)."""
    x = b.last
    b.call("mean", Mean((2, 3)))
    b.call("view", Reshape((1, channels)))
    b.module("conv", Conv1d(1, 1, eca_kernel(channels)))
    b.module("gate", Sigmoid())
    gate = b.call("view_1", Reshape((channels, 1, 1)))
    return b.call("mul", Mul(), x, gate)


def convolutional_block(b: Builder, attention: Attention, channels: int, read: int) -> int:
    """A channel gate from both global pools, then a spatial gate (Woo et al. 2018, arXiv:1807.06521)."""
    x = b.last
    hidden = max(1, int(channels * attention.ratio))
    pooled = []
    for pool, op in (("avg_pool", AdaptiveAvgPool2d()), ("max_pool", AdaptiveMaxPool2d())):
        b.module(pool, op, x)
        b.call(f"{pool}_flat", Flatten())
        b.module("fc1", Linear(channels, hidden))
        b.module("act", ReLU())
        pooled.append(b.module("fc2", Linear(hidden, channels)))
    b.call("add", Add(inplace=False), *pooled)
    b.module("channel_gate", Sigmoid())
    gate = b.call("view", Reshape((channels, 1, 1)))
    x = b.call("mul", Mul(), x, gate)
    largest, mean = b.call("max", Max((1,)), x), b.call("mean", Mean((1,)), x)
    b.call("cat", Cat(), largest, mean)
    b.module("conv", Conv2d(2, 1, 7, padding=3))
    b.module("bn", BatchNorm2d(1))
    gate = b.module("spatial_gate", Sigmoid())
    return b.call("mul_1", Mul(), x, gate)


def global_context(b: Builder, attention: Attention, channels: int, read: int) -> int:
    """A weighted mean of the positions, reduce, norm, ReLU, expand, sigmoid (Cao et al. 2019, arXiv:1904.11492).

    The norm is over the channels of one position: group norm with one group.
    """
    x = b.last
    _, _, height, width = b.type(x).shape
    hidden = max(1, int(channels * attention.ratio + 1 / 2))
    b.module("conv_attn", Conv2d(channels, 1, 1, bias=True))
    b.call("flatten", Flatten())
    b.call("softmax", Activation("Softmax"))
    weights = b.call("weights", Reshape((height * width, 1)))
    b.call("context", MatMul(), b.call("positions", Reshape((channels, height * width)), x), weights)
    b.call("view", Reshape((channels, 1, 1)))
    b.module("fc1", Conv2d(channels, hidden, 1, bias=True))
    b.module("norm", GroupNorm(1, hidden))
    b.module("act", ReLU())
    b.module("fc2", Conv2d(hidden, channels, 1, bias=True))
    gate = b.module("gate", Sigmoid())
    return b.call("mul", Mul(), x, gate)


def divisible(channels: float, divisor: int) -> int:
    """``channels`` rounded to a multiple of the divisor, at least the divisor (timm's make_divisible)."""
    return max(divisor, int(channels + divisor / 2) // divisor * divisor)


def eca_kernel(channels: int) -> int:
    """Odd kernel nearest to (log2(C) + 1) / 2, at least 3: equation 12 of the paper with gamma 2 and b 1."""
    nearest = int(abs(log2(channels) + 1) / 2)
    return max(nearest if nearest % 2 else nearest + 1, 3)


# Attention.kind -> (class name, function that writes the module); the function gets the channels that the module
# reweights and those that the block reads
ATTENTION: dict[str, tuple[str, Callable[[Builder, Attention, int, int], int]]] = {
    "se": ("SEModule", squeeze_excite),
    "eca": ("EcaModule", efficient_channel),
    "cbam": ("CbamModule", convolutional_block),
    "gc": ("GlobalContext", global_context),
}
