"""The type of a value in a graph: shape and element type, no data."""

from dataclasses import dataclass
from math import prod

# Bytes of an element, by the name of torch's type.
ITEM_BYTES = {
    **dict.fromkeys(("bool", "uint8", "int8", "float8_e4m3fn", "float8_e5m2"), 1),
    **dict.fromkeys(("int16", "uint16", "float16", "bfloat16"), 2),
    **dict.fromkeys(("int32", "uint32", "float32", "complex32"), 4),
    **dict.fromkeys(("int64", "uint64", "float64", "complex64"), 8),
    "complex128": 16,
}


@dataclass(frozen=True, slots=True)
class TensorType:
    """The type of a dense tensor; an image batch is ``(N, C, H, W)``."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    @property
    def numel(self) -> int:
        return prod(self.shape)

    def nbytes(self, element_bytes: int = 4) -> int:
        """Bytes of its data; ``element_bytes`` is of the precision in which a float32 tensor runs."""
        size = element_bytes if self.dtype == "float32" else ITEM_BYTES[self.dtype]
        return size * prod(self.shape)

    def __str__(self) -> str:
        return "×".join(map(str, self.shape))
