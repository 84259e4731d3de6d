"""What flows along an edge of a graph: a shape and an element type, no data."""

from dataclasses import dataclass
from math import prod

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "float64": 8}


@dataclass(frozen=True, slots=True)
class TensorType:
    """The type of a dense tensor; an image batch is ``(N, C, H, W)``."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    @property
    def numel(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * BYTES[self.dtype]

    def __str__(self) -> str:
        return "×".join(map(str, self.shape))
