"""The batch of images that ``--input`` and ``--batch-size`` describe, or the inputs of other kinds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from resnet_inspect.errors import RequestError
from resnet_inspect.graph.types import ITEM_BYTES, TensorType

Image = tuple[int, ...]  # C, H, W
Batch = tuple[int, ...]  # N, C, H, W
Inputs = Mapping[int | str, TensorType]  # what code takes, by position or by keyword
Input = str | Sequence[Any] | Mapping[str, Any] | None  # sizes, several such, or example tensors


def read_batch(input: Input, batch_size: int | None, image: Image, usual: int = 1) -> Batch:
    """N, C, H, W: ``input``, or ``batch_size`` images like ``image``, by default the ``usual`` number.

    Raises:
        RequestError: these are no sizes of a batch, or the two disagree on N.
    """
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise RequestError(f"--batch-size {batch_size}: a batch has at least one image", hint="as --batch-size 1")
    if input is None:
        return batch_size or usual, *image
    batch = read_input(input)
    if batch_size not in (None, batch[0]):
        raise RequestError(
            f"--input has a batch of {batch[0]}, --batch-size says {batch_size}", hint="give one of the two"
        )
    return batch


def read_inputs(input: Input) -> Inputs | None:
    """The inputs where ``input`` is anything but one batch of images N, C, H, W; else None.

    Raises:
        RequestError: a part gives no sizes, or names no type of torch's.
    """
    parts: Mapping[Any, Any]
    if isinstance(input, Mapping):
        parts = input
    elif isinstance(input, str):
        parts = dict(enumerate(input.split(";")))
    elif hasattr(input, "dtype"):  # a tensor
        parts = {0: input}
    elif isinstance(input, Sequence) and any(not isinstance(part, int) for part in input):
        parts = dict(enumerate(input))
    else:
        parts = {0: input}
    if len(parts) == 1 and isinstance(input, str) and not _gives_sizes(input):
        return None  # which is then refused as a batch
    types = {place: _read_type(part) for place, part in parts.items()}
    is_a_batch = [*types] == [0] and types[0].dtype == "float32" and len(types[0].shape) == 4
    return None if is_a_batch else types


def _gives_sizes(text: str) -> bool:
    sizes = text.partition(":")[0].split(",")
    return len(sizes) > 1 and all(size.strip().isdecimal() for size in sizes)


def _read_type(part: Any) -> TensorType:
    """A tensor's type, or that of sizes such as (1, 3, 224, 224), "1,3,224,224" or "1,10:int64"."""
    if hasattr(part, "dtype") and hasattr(part, "shape"):
        return TensorType(tuple(part.shape), str(part.dtype).removeprefix("torch."))
    text = part if isinstance(part, str) else ",".join(map(str, part)) if isinstance(part, Iterable) else str(part)
    sizes, _, dtype = text.partition(":")
    try:
        shape = tuple(int(size) for size in sizes.split(","))
    except ValueError:
        raise RequestError(
            f"--input {text} gives no sizes", hint="as --input 1,3,224,224 or --input 1,10:int64"
        ) from None
    if min(shape) < 1:
        raise RequestError(f"--input {text}: every size is at least 1", hint="as --input 1,3,224,224")
    if dtype and dtype not in ITEM_BYTES:
        raise RequestError(f"--input {text}: {dtype!r} is no type of torch's", hint=f"one of {', '.join(ITEM_BYTES)}")
    return TensorType(shape, dtype or "float32")


def read_input(input: Input) -> tuple[int, int, int, int]:
    """N, C, H, W from text such as 1,3,224,224 or from four numbers.

    Raises:
        RequestError: these are not four sizes of at least 1.
    """
    sizes = ",".join(map(str, input)) if isinstance(input, Iterable) and not isinstance(input, str) else str(input)
    try:
        n, c, h, w = (int(size) for size in sizes.split(","))
    except ValueError:
        side = sizes if sizes.isdecimal() else 224
        raise RequestError(
            f"--input {sizes} is not N,C,H,W", hint=f"give four whole numbers, as --input 1,3,{side},{side}"
        ) from None
    if min(n, c, h, w) < 1:
        raise RequestError(f"--input {sizes}: every size is at least 1", hint="as --input 1,3,224,224")
    return n, c, h, w
