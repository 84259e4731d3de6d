"""The protocol of every operation, with the answers of an operation without weights."""

from collections.abc import Mapping
from typing import Literal

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.types import TensorType

Shape = tuple[int, ...]
Types = tuple[TensorType, ...]
Window = tuple[int, int, int]
Fusion = Literal["map", "join"]

ONE_PIXEL: Window = (1, 1, 0)


class Op:
    """One kind of operation and its attributes; subclasses are frozen dataclasses named as torch names them.

    Each subclass declares its traits, from ``is_view`` to ``extra_bytes``: no default answers for a new operation.
    """

    __slots__ = ()

    @property
    def kind(self) -> str:
        """What a table calls it: the name of torch's class."""
        return type(self).__name__

    def infer(self, *ins: TensorType) -> TensorType:
        """The output type for these input types.

        Raises:
            ShapeError: the operation cannot take them.
        """
        raise NotImplementedError

    @property
    def is_view(self) -> bool:
        """Whether its output is its input's memory, in inference."""
        raise NotImplementedError

    @property
    def is_view_in_training(self) -> bool:
        """Whether its output is its input's memory in a training step."""
        raise NotImplementedError

    @property
    def inplace(self) -> bool:
        """Whether it may write its output over its first input."""
        raise NotImplementedError

    @property
    def saves_input(self) -> bool:
        """Whether its backward reads its inputs."""
        raise NotImplementedError

    @property
    def saves_output(self) -> bool:
        """Whether its backward reads its output."""
        raise NotImplementedError

    @property
    def passes_gradient(self) -> bool:
        """Whether its inputs' gradients are its output's, or parts of it, not copied."""
        raise NotImplementedError

    @property
    def fusion(self) -> Fusion | None:
        """How a fusing compiler does it within another call's pass over memory; None: it needs a pass of its own.

        A ``map`` changes values on their way; a ``join`` also reads a second input there.
        """
        raise NotImplementedError

    def extra_bytes(self, ins: Types, out: TensorType, element_bytes: int, train: bool) -> int:
        """Bytes that it allocates in addition to its output; a training step keeps them until its backward."""
        raise NotImplementedError

    def params(self) -> Mapping[str, Shape]:
        """Learned tensors: state_dict suffix -> shape."""
        return {}

    def buffers(self) -> Mapping[str, Shape]:
        """Tensors that no optimizer learns, in the state_dict or not: name in the module -> shape."""
        return {}

    def macs(self, ins: Types, out: TensorType) -> int:
        """Multiply-accumulates with learned weights; 0 for everything but convolutions and linear layers."""
        return 0

    def macs_without_weights(self, ins: Types, out: TensorType) -> int:
        """Multiply-accumulates without a learned factor, as attention's products and fixed filters."""
        return 0

    def elementwise(self, ins: Types, out: TensorType) -> int:
        """Elements that normalising, activating, pooling or adding touches; 0 for an operation with MACs."""
        return 0

    @property
    def window(self) -> Window | None:
        """Extent, stride and padding of the window that slides over the image; None where it covers the whole image.

        A stride of -2 makes two values of each.
        """
        return ONE_PIXEL

    @property
    def windows(self) -> tuple[Window, Window] | None:
        """The window along rows and along columns, where they may differ."""
        return (self.window, self.window) if self.window else None

    @property
    def detail(self) -> str:
        """The attributes that distinguish two operations of one kind, for a reader."""
        return ""


def no_extra_bytes(op: Op, ins: Types, out: TensorType, element_bytes: int, train: bool) -> int:
    """The ``extra_bytes`` of an operation that allocates nothing but its output."""
    return 0


class OwnPass(Op):
    """An operation that writes a new tensor in a pass of its own over memory."""

    __slots__ = ()

    is_view = is_view_in_training = inplace = passes_gradient = False
    fusion = None


class View(Op):
    """An operation that gives its input's memory another shape."""

    __slots__ = ()

    is_view = is_view_in_training = True
    inplace = saves_input = saves_output = False
    fusion = "map"
    extra_bytes = no_extra_bytes


def conv_extent(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Output extent of a sliding window, by the formula in torch.nn.Conv2d's documentation."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def image_shape(ins: Types) -> tuple[int, int, int, int]:
    """N, C, H, W of the single input of an operation on image batches.

    Raises:
        ShapeError: the input has another number of dimensions.
    """
    shape = ins[0].shape
    if len(shape) != 4:
        raise ShapeError(f"needs an input of 4 dimensions N,C,H,W, got {ins[0]}")
    return shape


def require_fit(out: int, size: int, kernel: int, what: str) -> int:
    """``out``, the output extent of a window, if it is at least 1.

    Raises:
        ShapeError: the window does not fit the input.
    """
    if out < 1:
        raise ShapeError(
            f"{what} {kernel} does not fit an input of extent {size}",
            hint="give a larger --input, or a net with less downsampling",
        )
    return out
