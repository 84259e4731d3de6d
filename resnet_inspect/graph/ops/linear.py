"""Operations with learned multiply-accumulates: convolution and the fully connected layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.ops.base import (
    OwnPass,
    Shape,
    Types,
    Window,
    conv_extent,
    image_shape,
    require_fit,
)
from resnet_inspect.graph.types import TensorType
from resnet_inspect.units import counted

Learned = tuple[tuple[str, Shape], ...]


@dataclass(frozen=True, slots=True)
class Conv2d(OwnPass):
    """Square 2-D convolution; padding is symmetric, in elements.

    ``standardized``: each call first computes its weight from the learned one, as weight standardisation does.
    ``learned``: names and shapes of the learned tensors, where these are not ``weight`` and ``bias``.
    """

    saves_input, saves_output = True, False

    in_channels: int
    out_channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1
    bias: bool = False
    standardized: bool = False
    learned: Learned = ()

    def infer(self, *ins: TensorType) -> TensorType:
        n, c, h, w = image_shape(ins)
        if c != self.in_channels:
            raise ShapeError(f"expects {counted(self.in_channels, 'channel')}, got {c}")
        if c % self.groups or self.out_channels % self.groups:
            raise ShapeError(f"{self.groups} groups cannot split {c} channels to {self.out_channels}")
        k, s, p, d = self.kernel_size, self.stride, self.padding, self.dilation
        height = require_fit(conv_extent(h, k, s, p, d), h, k, "kernel")
        width = height if h == w else require_fit(conv_extent(w, k, s, p, d), w, k, "kernel")
        return TensorType((n, self.out_channels, height, width), ins[0].dtype)

    @property
    def weight(self) -> Shape:
        return self.out_channels, self.in_channels // self.groups, self.kernel_size, self.kernel_size

    def params(self) -> Mapping[str, Shape]:
        if self.learned:
            return dict(self.learned)
        return {"weight": self.weight, "bias": (self.out_channels,)} if self.bias else {"weight": self.weight}

    def macs(self, ins: Types, out: TensorType) -> int:
        """N·Hout·Wout·Cout·(Cin/g)·k·k."""
        return prod(out.shape) * (self.in_channels // self.groups) * self.kernel_size * self.kernel_size

    def extra_bytes(self, ins: Types, out: TensorType, element_bytes: int, train: bool) -> int:
        return element_bytes * prod(self.weight) if self.standardized else 0

    @property
    def window(self) -> Window:
        return self.dilation * (self.kernel_size - 1) + 1, self.stride, self.padding

    @property
    def detail(self) -> str:
        k = self.kernel_size
        parts = [f"{k}×{k}", f"{self.in_channels}→{self.out_channels}"]
        parts += [f"stride {self.stride}"] if self.stride != 1 else []
        parts += [f"dilation {self.dilation}"] if self.dilation != 1 else []
        parts += [f"groups {self.groups}"] if self.groups != 1 else []
        return ", ".join(parts + (["bias"] if self.bias else []))


@dataclass(frozen=True, slots=True)
class Linear(OwnPass):
    """Fully connected layer over the last dimension; ``standardized`` and ``learned`` as in ``Conv2d``."""

    saves_input, saves_output = True, False

    in_features: int
    out_features: int
    bias: bool = True
    standardized: bool = False
    learned: Learned = ()

    def infer(self, *ins: TensorType) -> TensorType:
        *lead, features = ins[0].shape
        if features != self.in_features:
            raise ShapeError(f"expects {counted(self.in_features, 'feature')}, got {features}")
        return TensorType((*lead, self.out_features), ins[0].dtype)

    @property
    def weight(self) -> Shape:
        return self.out_features, self.in_features

    def params(self) -> Mapping[str, Shape]:
        if self.learned:
            return dict(self.learned)
        return {"weight": self.weight, "bias": (self.out_features,)} if self.bias else {"weight": self.weight}

    def extra_bytes(self, ins: Types, out: TensorType, element_bytes: int, train: bool) -> int:
        return element_bytes * prod(self.weight) if self.standardized else 0

    def macs(self, ins: Types, out: TensorType) -> int:
        """N·Cin·Cout."""
        return prod(out.shape) * self.in_features

    @property
    def window(self) -> None:
        return None

    @property
    def detail(self) -> str:
        return f"{self.in_features}→{self.out_features}" + (", bias" if self.bias else "")
