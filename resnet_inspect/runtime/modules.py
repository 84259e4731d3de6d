"""Each operation in torch: a module, or a function with its arguments."""

import math
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.gate import AdaptiveMaxPool2d, Cat, Conv1d, Max, Mean, Mul, Reshape, Sigmoid
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import Activation, Add, BatchNorm2d, GroupNorm, Identity, ReLU, Scale
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d, AvgPool2d, BlurPool2d, MaxPool2d
from resnet_inspect.graph.ops.positions import PositionEmbedding, ScaledDotProductAttention, Transpose
from resnet_inspect.graph.ops.reshape import Flatten, Pad, Slice, Subsample
from resnet_inspect.graph.ops.weighing import MatMul, Sum


class Blur(nn.Module):
    """The binomial 3×3 filter on each channel of the reflect-padded image, then subsampling (arXiv:1904.11486)."""

    filter: Tensor

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.channels = channels
        self.stride = stride
        row = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("filter", torch.outer(row, row).repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
        return F.conv2d(padded, self.filter, stride=self.stride, groups=self.channels)


class LearnedPositions(nn.Module):
    """The sum with a learned row for each position."""

    def __init__(self, positions: int, channels: int) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(nn.init.normal_(torch.empty(positions, channels), std=channels**-0.5))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.pos_embed


class StandardizedConv2d(nn.Conv2d):
    """A convolution by the weight with mean 0 and variance 1 in each output channel (arXiv:1903.10520)."""

    eps = 1e-8  # timm's, for BiT

    def forward(self, x: Tensor) -> Tensor:
        each = self.weight.reshape(1, self.out_channels, -1)
        weight = F.batch_norm(each, None, None, self.gains(), training=True, eps=self.eps).reshape_as(self.weight)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def gains(self) -> Tensor | None:
        """What multiplies the standardized weight of each output channel."""
        return None


class ScaledConv2d(StandardizedConv2d):
    """A convolution by the standardized weight times a learned gain (arXiv:2101.08692, equation 4).

    The scale keeps the variance of what a ReLU lets through.
    """

    eps = 1e-6

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.gain = nn.Parameter(torch.ones(self.out_channels, 1, 1, 1))
        self.scale = math.sqrt(2 / (1 - 1 / math.pi) / self.weight[0].numel())

    def gains(self) -> Tensor:
        return (self.gain * self.scale).flatten()


def module(op: Op, inplace: bool) -> nn.Module:
    """A new module that performs ``op``; ``inplace`` lets it overwrite its input.

    Raises:
        NotImplementedError: a function performs ``op``.
    """
    match op:
        case Conv2d(cin, cout, kernel, stride, padding, dilation, groups, bias, standardized, learned):
            make = (ScaledConv2d if learned else StandardizedConv2d) if standardized else nn.Conv2d
            return make(cin, cout, kernel, stride, padding, dilation, groups, bias)
        case Conv1d(cin, cout, kernel):
            return nn.Conv1d(cin, cout, kernel, padding=kernel // 2, bias=False)
        case Linear(cin, cout, bias):
            return nn.Linear(cin, cout, bias)
        case BatchNorm2d(channels):
            return nn.BatchNorm2d(channels)
        case GroupNorm(groups, channels):
            return nn.GroupNorm(groups, channels)
        case ReLU():
            return nn.ReLU(inplace)
        case Activation(name):
            return getattr(nn, name)()  # type: ignore[no-any-return]  # a module of torch.nn
        case Sigmoid():
            return nn.Sigmoid()
        case Identity():
            return nn.Identity()
        case MaxPool2d(kernel, stride, padding, ceil_mode):
            return nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil_mode)
        case AvgPool2d(kernel, stride, ceil_mode, padding):
            return nn.AvgPool2d(kernel, stride, padding, ceil_mode, count_include_pad=False)
        case AdaptiveAvgPool2d():
            return nn.AdaptiveAvgPool2d((1, 1))
        case AdaptiveMaxPool2d():
            return nn.AdaptiveMaxPool2d((1, 1))
        case BlurPool2d(channels, stride):
            return Blur(channels, stride)
        case PositionEmbedding(positions, channels):
            return LearnedPositions(positions, channels)
    raise NotImplementedError(f"torch has no module for {type(op).__name__}")


FUNCTIONS = (
    Add, Mul, Scale, Flatten, Reshape, Transpose, Max, Mean, MatMul, ScaledDotProductAttention, Sum, Cat, Pad, Slice,
    Subsample,
)  # fmt: skip


def function(op: Op, inplace: bool) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function that performs ``op`` on its inputs, and the arguments after them.

    Raises:
        NotImplementedError: a module performs ``op``.
    """
    match op:
        case Add():
            return (operator.iadd if inplace else operator.add), ()
        case Mul():
            return operator.mul, ()
        case Flatten():
            return torch.flatten, (1,)
        case Reshape(shape):
            return torch.reshape, ((-1, *shape),)
        case Max(dims):
            return torch.amax, (dims, True)
        case Mean(dims):
            return torch.mean, (dims, True)
        case Scale(factor=factor):
            return (operator.imul if inplace else operator.mul), (factor,)
        case MatMul():
            return torch.matmul, ()
        case Transpose(first, second):
            return torch.transpose, (first, second)
        case ScaledDotProductAttention():
            return F.scaled_dot_product_attention, ()
        case Sum(dims):
            return torch.sum, (dims, True)
        case Activation("Softmax"):
            return torch.softmax, (1,)
        case Cat():
            return _cat, ()
        case Pad(channels, right, bottom, before):
            return F.pad, ((before, right, before, bottom, *channels),)
        case Slice(start, stop):
            return operator.getitem, ((slice(None), slice(start, stop)),)
        case Subsample(stride):
            return operator.getitem, ((slice(None), slice(None), slice(None, None, stride), slice(None, None, stride)),)
    raise NotImplementedError(f"torch has no function for {type(op).__name__}")


def _cat(*inputs: Tensor) -> Tensor:
    return torch.cat(inputs, 1)
