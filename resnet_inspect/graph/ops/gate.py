"""Operations that only attention modules use: they squeeze a feature map to weights and multiply it by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.ops.base import OwnPass, Shape, Types, View, Window, no_extra_bytes
from resnet_inspect.graph.ops.pointwise import SameShape
from resnet_inspect.graph.ops.pool import INDEX_BYTES, GlobalPool
from resnet_inspect.graph.types import TensorType
from resnet_inspect.units import counted


@dataclass(frozen=True, slots=True)
class Sigmoid(SameShape):
    """1 / (1 + exp(-x)): the gate of an attention module."""

    inplace = saves_input = passes_gradient = False
    saves_output = True
    fusion = "map"
    extra_bytes = no_extra_bytes


@dataclass(frozen=True, slots=True)
class Mul(SameShape):
    """Product of a feature map and a gate that broadcasts to it."""

    inplace = saves_output = passes_gradient = False
    saves_input = True
    fusion = "join"
    extra_bytes = no_extra_bytes

    def infer(self, *ins: TensorType) -> TensorType:
        x, gate = ins
        if any(g not in (1, s) for s, g in zip(x.shape, gate.shape, strict=True)):
            raise ShapeError(f"a gate of {gate} does not broadcast to {x}")
        return x


@dataclass(frozen=True, slots=True)
class AdaptiveMaxPool2d(GlobalPool):
    """Maximum over the whole image."""

    saves_input, saves_output = True, False

    def extra_bytes(self, ins: Types, out: TensorType, element_bytes: int, train: bool) -> int:
        """The index of each maximum, which torch makes in inference too."""
        return INDEX_BYTES * out.numel


@dataclass(frozen=True, slots=True)
class Reduction(OwnPass):
    """One value for all elements along ``dims``, which keep an extent of 1."""

    extra_bytes = no_extra_bytes

    dims: tuple[int, ...]

    def infer(self, *ins: TensorType) -> TensorType:
        return TensorType(tuple(1 if i in self.dims else s for i, s in enumerate(ins[0].shape)), ins[0].dtype)

    def elementwise(self, ins: Types, out: TensorType) -> int:
        return ins[0].numel

    @property
    def window(self) -> Window | None:
        return None


class Mean(Reduction):
    """Mean over dimensions."""

    __slots__ = ()

    saves_input, saves_output = False, False


class Max(Reduction):
    """Maximum over dimensions."""

    __slots__ = ()

    saves_input, saves_output = True, True


@dataclass(frozen=True, slots=True)
class Reshape(View):
    """Another shape for each image's elements; the batch dimension stays."""

    passes_gradient = True

    shape: tuple[int, ...]

    def infer(self, *ins: TensorType) -> TensorType:
        n, *rest = ins[0].shape
        if prod(rest) != prod(self.shape):
            raise ShapeError(f"cannot reshape {ins[0]} to N×{'×'.join(map(str, self.shape))}")
        return TensorType((n, *self.shape), ins[0].dtype)


@dataclass(frozen=True, slots=True)
class Cat(OwnPass):
    """Inputs concatenated along the channels; the gradients of the inputs are views of the output's."""

    saves_input, saves_output = False, False
    passes_gradient = True
    extra_bytes = no_extra_bytes

    def infer(self, *ins: TensorType) -> TensorType:
        n, _, *image = ins[0].shape
        return TensorType((n, sum(t.shape[1] for t in ins), *image), ins[0].dtype)


@dataclass(frozen=True, slots=True)
class Conv1d(OwnPass):
    """1-D convolution over (N, C, L) with stride 1 that keeps the length: ECA's convolution across channels."""

    saves_input, saves_output = True, False
    extra_bytes = no_extra_bytes

    in_channels: int
    out_channels: int
    kernel_size: int

    def infer(self, *ins: TensorType) -> TensorType:
        n, c, length = ins[0].shape
        if c != self.in_channels:
            raise ShapeError(f"expects {counted(self.in_channels, 'channel')}, got {c}")
        return TensorType((n, self.out_channels, length), ins[0].dtype)

    def params(self) -> Mapping[str, Shape]:
        return {"weight": (self.out_channels, self.in_channels, self.kernel_size)}

    def macs(self, ins: Types, out: TensorType) -> int:
        return prod(out.shape) * self.in_channels * self.kernel_size

    @property
    def detail(self) -> str:
        return f"{self.kernel_size}, {self.in_channels}→{self.out_channels}"
