"""Operations with which few blocks weigh the parts of a map against each other."""

from dataclasses import dataclass

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.ops.base import ONE_PIXEL, OwnPass, Types, Window, no_extra_bytes
from resnet_inspect.graph.ops.gate import Reduction
from resnet_inspect.graph.types import TensorType


@dataclass(frozen=True, slots=True)
class Sum(Reduction):
    """Sum over dimensions."""

    saves_input, saves_output = False, False
    passes_gradient = True

    @property
    def window(self) -> Window | None:
        return ONE_PIXEL if self.dims == (1,) else None  # a sum of channels stays where it is


@dataclass(frozen=True, slots=True)
class MatMul(OwnPass):
    """Product of two computed matrices, (…, a, b) by (…, b, c): no weights, so its products count as no MACs."""

    saves_input, saves_output = True, False
    extra_bytes = no_extra_bytes

    def infer(self, *ins: TensorType) -> TensorType:
        left, right = (each.shape for each in ins)
        if left[:-2] != right[:-2] or left[-1] != right[-2]:
            raise ShapeError(f"{ins[0]} and {ins[1]} are no factors of a product")
        return TensorType((*left[:-1], right[-1]), ins[0].dtype)

    def macs_without_weights(self, ins: Types, out: TensorType) -> int:
        """b for each element of the output."""
        return out.numel * ins[0].shape[-1]

    @property
    def window(self) -> None:
        return None
