"""The protocol every operation follows, with the answers of one that has no weights."""

from collections.abc import Mapping

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.types import TensorType

Shape = tuple[int, ...]
Types = tuple[TensorType, ...]
Window = tuple[int, int, int]

ONE_PIXEL: Window = (1, 1, 0)


class Op:
    """One kind of operation and its attributes; subclasses are frozen dataclasses named as torch names them."""

    __slots__ = ()

    def infer(self, *ins: TensorType) -> TensorType:
        """The output type for these input types.

        Raises:
            ShapeError: the operation cannot take them.
        """
        raise NotImplementedError

    def params(self) -> Mapping[str, Shape]:
        """Learned tensors: state_dict suffix -> shape."""
        return {}

    def buffers(self) -> Mapping[str, Shape]:
        """Tensors that are saved with the weights but not learned: state_dict suffix -> shape."""
        return {}

    def macs(self, ins: Types, out: TensorType) -> int:
        """Multiply-accumulates with learned weights; 0 for everything but convolutions and linear layers."""
        return 0

    def elementwise(self, ins: Types, out: TensorType) -> int:
        """Elements touched by work that is not a MAC (normalising, activating, pooling, adding); 0 for a MAC op."""
        return 0

    @property
    def window(self) -> Window | None:
        """Extent, stride and padding of what slides over the image; None where one output sees all of it."""
        return ONE_PIXEL

    @property
    def detail(self) -> str:
        """The attributes that tell two operations of one kind apart, for a reader."""
        return ""


def conv_extent(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Output extent of a sliding window, by the formula in torch.nn.Conv2d's documentation."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def image(ins: Types) -> tuple[int, int, int, int]:
    """The one input of an operation on image batches, as N, C, H, W."""
    shape = ins[0].shape
    if len(shape) != 4:
        raise ShapeError(f"needs an input of 4 dimensions N,C,H,W, got {ins[0]}")
    return shape


def positive(out: int, size: int, kernel: int, what: str) -> int:
    """``out`` if the window fits at least once."""
    if out < 1:
        raise ShapeError(
            f"{what} {kernel} does not fit an input of extent {size}",
            hint="give a larger --input, or a net with less downsampling",
        )
    return out
