"""The batch of images that ``--input`` and ``--batch-size`` describe."""

from collections.abc import Iterable, Sequence

from resnet_inspect.errors import RequestError

Image = tuple[int, int, int]  # C, H, W
Batch = tuple[int, int, int, int]  # N, C, H, W
Input = str | Sequence[int] | None


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


def read_input(input: str | Iterable[int]) -> Batch:
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
