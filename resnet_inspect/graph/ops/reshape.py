"""Operations that move or join elements without arithmetic."""

from dataclasses import dataclass
from math import prod

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.types import TensorType


@dataclass(frozen=True, slots=True)
class Flatten(Op):
    """(N, C, H, W) to (N, C·H·W)."""

    def infer(self, *ins: TensorType) -> TensorType:
        n, *rest = ins[0].shape
        return TensorType((n, prod(rest)), ins[0].dtype)


@dataclass(frozen=True, slots=True)
class Reshape(Op):
    """Another shape for the elements of one image; the batch dimension stays."""

    shape: tuple[int, ...]

    def infer(self, *ins: TensorType) -> TensorType:
        n, *rest = ins[0].shape
        if prod(rest) != prod(self.shape):
            raise ShapeError(f"{ins[0]} has not the elements of N×{'×'.join(map(str, self.shape))}")
        return TensorType((n, *self.shape), ins[0].dtype)


@dataclass(frozen=True, slots=True)
class Pad(Op):
    """Zeros around: ``channels`` (before, after) and ``right``/``bottom`` rows and columns."""

    channels: tuple[int, int] = (0, 0)
    right: int = 0
    bottom: int = 0

    def infer(self, *ins: TensorType) -> TensorType:
        n, c, h, w = ins[0].shape
        return TensorType((n, c + sum(self.channels), h + self.bottom, w + self.right), ins[0].dtype)


@dataclass(frozen=True, slots=True)
class Cat(Op):
    """Inputs joined along the channels."""

    def infer(self, *ins: TensorType) -> TensorType:
        n, _, *image = ins[0].shape
        return TensorType((n, sum(t.shape[1] for t in ins), *image), ins[0].dtype)
