"""Operations that move elements without arithmetic."""

from dataclasses import dataclass
from math import prod

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.ops.base import Op, View, Window, image_shape, no_extra_bytes
from resnet_inspect.graph.types import TensorType


@dataclass(frozen=True, slots=True)
class Flatten(View):
    """(N, C, H, W) to (N, C·H·W)."""

    passes_gradient = True

    def infer(self, *ins: TensorType) -> TensorType:
        n, *rest = ins[0].shape
        return TensorType((n, prod(rest)), ins[0].dtype)


@dataclass(frozen=True, slots=True)
class Pad(Op):
    """Zero padding: ``channels`` (first, last), ``right`` columns, ``bottom`` rows, ``before`` on the left and top."""

    is_view = is_view_in_training = inplace = saves_input = saves_output = passes_gradient = False
    fusion = "map"
    extra_bytes = no_extra_bytes

    channels: tuple[int, int] = (0, 0)
    right: int = 0
    bottom: int = 0
    before: int = 0

    def infer(self, *ins: TensorType) -> TensorType:
        n, c, h, w = image_shape(ins)
        size = h + self.before + self.bottom, w + self.before + self.right
        return TensorType((n, c + sum(self.channels), *size), ins[0].dtype)

    @property
    def window(self) -> Window:
        return 1, 1, self.before


@dataclass(frozen=True, slots=True)
class Slice(View):
    """Channels ``start`` to ``stop``, a view."""

    passes_gradient = False

    start: int
    stop: int

    def infer(self, *ins: TensorType) -> TensorType:
        n, c, *image = ins[0].shape
        if not 0 <= self.start < self.stop <= c:
            raise ShapeError(f"cannot take channels {self.start} to {self.stop} of {c}")
        return TensorType((n, self.stop - self.start, *image), ins[0].dtype)

    @property
    def detail(self) -> str:
        return f"channels {self.start} to {self.stop}"


@dataclass(frozen=True, slots=True)
class Subsample(View):
    """Every ``stride``-th row and column, for the paper's parameter-free shortcut A."""

    passes_gradient = False

    stride: int

    def infer(self, *ins: TensorType) -> TensorType:
        n, c, h, w = image_shape(ins)
        return TensorType((n, c, -(h // -self.stride), -(w // -self.stride)), ins[0].dtype)

    @property
    def window(self) -> Window:
        return 1, self.stride, 0
