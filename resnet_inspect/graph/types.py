"""The type of a value in a graph: shape and element type, no data."""

from dataclasses import dataclass
from math import prod


@dataclass(frozen=True, slots=True)
class TensorType:
    """The type of a dense tensor; an image batch is ``(N, C, H, W)``."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    @property
    def numel(self) -> int:
        return prod(self.shape)

    def __str__(self) -> str:
        return "×".join(map(str, self.shape))
