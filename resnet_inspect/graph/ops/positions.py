"""Operations that only attention over the positions of a map uses, on batches of rows (N, L, C)."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.ops.base import OwnPass, Shape, Types, View, no_extra_bytes
from resnet_inspect.graph.ops.pointwise import STATISTIC_BYTES, SameShape
from resnet_inspect.graph.types import TensorType


@dataclass(frozen=True, slots=True)
class Transpose(View):
    """Two dimensions in exchanged places, a view."""

    passes_gradient = True

    first: int
    second: int

    def infer(self, *ins: TensorType) -> TensorType:
        shape = [*ins[0].shape]
        shape[self.first], shape[self.second] = shape[self.second], shape[self.first]
        return TensorType(tuple(shape), ins[0].dtype)


@dataclass(frozen=True, slots=True)
class PositionEmbedding(SameShape):
    """Sum with a learned row of ``channels`` for each of ``positions``."""

    inplace = saves_input = saves_output = False
    passes_gradient = True
    fusion = "map"
    extra_bytes = no_extra_bytes

    positions: int
    channels: int

    def infer(self, *ins: TensorType) -> TensorType:
        if ins[0].shape[1:] != (self.positions, self.channels):
            raise ShapeError(
                f"has {self.positions} positions of {self.channels} channels, got {ins[0]}",
                hint="--set input_size=SIZE gives the head the positions of images of that size",
            )
        return ins[0]

    def params(self) -> Mapping[str, Shape]:
        return {"pos_embed": (self.positions, self.channels)}


@dataclass(frozen=True, slots=True)
class ScaledDotProductAttention(OwnPass):
    """softmax(q·kᵀ / √d)·v for q, k and v of (N, heads, L, d), in a fused kernel (arXiv:1706.03762, equation 1)."""

    saves_input, saves_output = True, True

    def infer(self, *ins: TensorType) -> TensorType:
        q, k, v = (each.shape for each in ins)
        if q[-1] != k[-1] or k[:-1] != v[:-1] or q[:-2] != k[:-2]:
            raise ShapeError(f"{ins[0]}, {ins[1]} and {ins[2]} are no queries, keys and values")
        return TensorType((*q[:-1], v[-1]), ins[0].dtype)

    def macs_without_weights(self, ins: Types, out: TensorType) -> int:
        """The products of each query with each key, and of each weight with each value."""
        (*_, queries, d), (*_, keys, _) = ins[0].shape, ins[1].shape
        return prod(out.shape[:-2]) * queries * keys * (d + out.shape[-1])

    def extra_bytes(self, ins: Types, out: TensorType, element_bytes: int, train: bool) -> int:
        """The logarithm of each softmax's sum."""
        return STATISTIC_BYTES * prod(out.shape[:-1])

    @property
    def window(self) -> None:
        return None
