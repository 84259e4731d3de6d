"""Attention modules of a block: each function writes one into the graph, under timm's names."""

from collections.abc import Callable
from math import log2

from resnet_inspect.graph import Builder
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.gate import AdaptiveMaxPool2d, Cat, Conv1d, Max, Mean, Mul, Reshape, Sigmoid
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import Activation, Add, BatchNorm2d, GroupNorm, ReLU, Scale
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d
from resnet_inspect.graph.ops.reshape import Flatten, Slice
from resnet_inspect.graph.ops.weighing import MatMul
from resnet_inspect.resnet.choices import Attention
from resnet_inspect.resnet.layers import BlockConfig


def squeeze_excite(b: Builder, attention: Attention, channels: int, c: BlockConfig) -> int:
    """Pool, reduce, ReLU, expand, sigmoid (Hu et al. 2017, arXiv:1709.01507)."""
    x = b.last
    if attention.of_input:
        hidden = max(1, round(c.in_channels * attention.ratio))
    else:
        hidden = divisible(channels * attention.ratio, attention.divisor)
    b.call("mean", Mean((2, 3)))
    b.module("fc1", Conv2d(channels, hidden, 1, bias=True))
    b.module("act", ReLU())
    b.module("fc2", Conv2d(hidden, channels, 1, bias=True))
    gate = b.module("gate", Sigmoid())
    return b.call("mul", Mul(), x, gate)


def efficient_channel(b: Builder, attention: Attention, channels: int, c: BlockConfig) -> int:
    """Pool, one convolution across channels, sigmoid (Wang et al. 2019, arXiv:1910.03151)."""
    x = b.last
    b.call("mean", Mean((2, 3)))
    b.call("view", Reshape((1, channels)))
    b.module("conv", Conv1d(1, 1, eca_kernel(channels)))
    b.module("gate", Sigmoid())
    gate = b.call("view_1", Reshape((channels, 1, 1)))
    return b.call("mul", Mul(), x, gate)


def convolutional_block(b: Builder, attention: Attention, channels: int, c: BlockConfig) -> int:
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


def global_context(b: Builder, attention: Attention, channels: int, c: BlockConfig) -> int:
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


def dense_and_implicit(b: Builder, attention: Attention, channels: int, c: BlockConfig) -> int:
    """A gate from an LSTM over the blocks of a stage, which share its weights (Huang et al. 2019, arXiv:1905.10671).

    Its two products go through a fourth of the channels. The state before a stage's first block is zero.
    """
    x, before = b.last, f"{c.previous}.se."

    def shared(name: str, op: Op, *inputs: int) -> int:
        return b.again(name, b.position(before + name), *inputs) if c.previous else b.module(name, op, *inputs)

    b.call("mean", Mean((2, 3)))
    pooled = b.call("flatten", Flatten())
    if c.previous:
        hidden, cell = b.position(f"{before}hidden"), b.position(f"{before}cell")
    else:
        hidden = cell = b.call("zeros", Scale(factor=0.0))
    products = []
    for name, read in (("x", pooled), ("h", hidden)):
        shared(f"{name}_fc1", Linear(channels, channels // 4), read)
        shared(f"{name}_act", ReLU())
        products.append(shared(f"{name}_fc2", Linear(channels // 4, 4 * channels)))
    gates = b.call("gates", Add(inplace=False), *products)
    parts = [b.call(f"gates_{i}", Slice(i * channels, (i + 1) * channels), gates) for i in range(4)]
    takes, keeps = b.module("input", Sigmoid(), parts[0]), b.module("forget", Sigmoid(), parts[1])
    new, gives = b.module("candidate", Activation("Tanh"), parts[2]), b.module("output", Sigmoid(), parts[3])
    kept, taken = b.call("kept", Mul(), keeps, cell), b.call("taken", Mul(), takes, new)
    b.call("cell", Add(inplace=False), kept, taken)
    squashed = b.module("squashed", Sigmoid())
    b.call("hidden", Mul(), gives, squashed)
    gate = b.call("view", Reshape((channels, 1, 1)))
    return b.call("mul", Mul(), x, gate)


def divisible(channels: float, divisor: int) -> int:
    """``channels`` rounded to a multiple of the divisor, at least the divisor (timm's make_divisible)."""
    return max(divisor, int(channels + divisor / 2) // divisor * divisor)


def eca_kernel(channels: int) -> int:
    """Odd kernel nearest to (log2(C) + 1) / 2, at least 3: equation 12 of the paper with gamma 2 and b 1."""
    nearest = int(abs(log2(channels) + 1) / 2)
    return max(nearest if nearest % 2 else nearest + 1, 3)


# Attention.kind -> (class name, function that writes the module); the function gets the channels that the module
# reweights, and the sizes of its block
ATTENTION: dict[str, tuple[str, Callable[[Builder, Attention, int, BlockConfig], int]]] = {
    "se": ("SEModule", squeeze_excite),
    "eca": ("EcaModule", efficient_channel),
    "cbam": ("CbamModule", convolutional_block),
    "gc": ("GlobalContext", global_context),
    "dia": ("DIAAttention", dense_and_implicit),
}
