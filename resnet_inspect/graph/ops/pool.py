"""Operations that shrink the image: pools, global pools, the blur filter."""

from collections.abc import Mapping
from dataclasses import dataclass

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.ops.base import (
    OwnPass,
    Shape,
    Types,
    Window,
    conv_extent,
    image_shape,
    no_extra_bytes,
    require_fit,
)
from resnet_inspect.graph.types import TensorType

INDEX_BYTES = 8  # torch keeps the index of each maximum as an int64


def pool_extent(size: int, kernel: int, stride: int, padding: int, ceil_mode: bool) -> int:
    """Output extent of a pool, as torch.nn.MaxPool2d: in ceil mode no window may start in the right padding."""
    if not ceil_mode:
        return require_fit(conv_extent(size, kernel, stride, padding), size, kernel, "window")
    out = -((size + 2 * padding - kernel) // -stride) + 1
    out -= (out - 1) * stride >= size + padding
    return require_fit(out, size, kernel, "window")


@dataclass(frozen=True, slots=True)
class MaxPool2d(OwnPass):
    """Maximum over a window; padding counts as minus infinity."""

    saves_input, saves_output = True, False

    kernel_size: int
    stride: int
    padding: int = 0
    ceil_mode: bool = False

    def infer(self, *ins: TensorType) -> TensorType:
        n, c, h, w = image_shape(ins)
        k, s, p, ceil = self.kernel_size, self.stride, self.padding, self.ceil_mode
        return TensorType((n, c, pool_extent(h, k, s, p, ceil), pool_extent(w, k, s, p, ceil)), ins[0].dtype)

    def elementwise(self, ins: Types, out: TensorType) -> int:
        return ins[0].numel

    def extra_bytes(self, ins: Types, out: TensorType, element_bytes: int, train: bool) -> int:
        """The index of each maximum, which torch makes in inference too."""
        return INDEX_BYTES * out.numel

    @property
    def window(self) -> Window:
        return self.kernel_size, self.stride, self.padding

    @property
    def detail(self) -> str:
        return f"{self.kernel_size}×{self.kernel_size}, stride {self.stride}"


@dataclass(frozen=True, slots=True)
class AvgPool2d(OwnPass):
    """Mean of a window's elements that lie inside the image."""

    saves_input, saves_output = True, False
    extra_bytes = no_extra_bytes

    kernel_size: int
    stride: int
    ceil_mode: bool = False
    padding: int = 0

    def infer(self, *ins: TensorType) -> TensorType:
        n, c, h, w = image_shape(ins)
        k, s, p, ceil = self.kernel_size, self.stride, self.padding, self.ceil_mode
        return TensorType((n, c, pool_extent(h, k, s, p, ceil), pool_extent(w, k, s, p, ceil)), ins[0].dtype)

    def elementwise(self, ins: Types, out: TensorType) -> int:
        return ins[0].numel

    @property
    def window(self) -> Window:
        return self.kernel_size, self.stride, self.padding

    @property
    def detail(self) -> str:
        return f"{self.kernel_size}×{self.kernel_size}, stride {self.stride}"


class GlobalPool(OwnPass):
    """One value a channel, as an image of 1×1."""

    __slots__ = ()

    def infer(self, *ins: TensorType) -> TensorType:
        n, c, _, _ = image_shape(ins)
        return TensorType((n, c, 1, 1), ins[0].dtype)

    def elementwise(self, ins: Types, out: TensorType) -> int:
        return ins[0].numel

    @property
    def window(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class AdaptiveAvgPool2d(GlobalPool):
    """Mean over the whole image."""

    saves_input, saves_output = False, False
    extra_bytes = no_extra_bytes


@dataclass(frozen=True, slots=True)
class BlurPool2d(OwnPass):
    """Fixed binomial 3×3 filter on the reflect-padded image, then subsampling (Zhang 2019, arXiv:1904.11486).

    Its weights are not learned, so this package counts no MACs for it.
    """

    saves_input, saves_output = True, False

    channels: int
    stride: int = 2

    def infer(self, *ins: TensorType) -> TensorType:
        n, c, h, w = image_shape(ins)
        if min(h, w) < 2:
            raise ShapeError(
                f"reflect padding needs an image of 2×2 or more, got {h}×{w}", hint="give a larger --input"
            )
        return TensorType((n, c, conv_extent(h, 3, self.stride, 1), conv_extent(w, 3, self.stride, 1)), ins[0].dtype)

    def elementwise(self, ins: Types, out: TensorType) -> int:
        return ins[0].numel

    def macs_without_weights(self, ins: Types, out: TensorType) -> int:
        return 3 * 3 * out.numel

    def extra_bytes(self, ins: Types, out: TensorType, element_bytes: int, train: bool) -> int:
        """The padded input."""
        n, c, h, w = ins[0].shape
        return element_bytes * n * c * (h + 2) * (w + 2)

    def buffers(self) -> Mapping[str, Shape]:
        return {"filter": (self.channels, 1, 3, 3)}

    @property
    def window(self) -> Window:
        return 3, self.stride, 1
