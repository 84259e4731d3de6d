"""The input, and operations that keep its shape: normalisation, activation, sum of two branches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

from resnet_inspect.errors import BranchError, ShapeError
from resnet_inspect.graph.ops.base import Op, Shape, Types, View, no_extra_bytes
from resnet_inspect.graph.types import TensorType
from resnet_inspect.units import counted

STATISTIC_BYTES = 4  # norms keep their statistics in fp32


class SameShape(Op):
    """Elementwise work that writes a new tensor of the first input's type."""

    __slots__ = ()

    is_view = is_view_in_training = False

    def infer(self, *ins: TensorType) -> TensorType:
        return ins[0]

    def elementwise(self, ins: Types, out: TensorType) -> int:
        return out.numel


@dataclass(frozen=True, slots=True)
class Input(Op):
    """The batch of images; the only node without inputs."""

    is_view = is_view_in_training = inplace = saves_input = saves_output = passes_gradient = False
    fusion = None
    extra_bytes = no_extra_bytes

    type: TensorType

    def infer(self, *ins: TensorType) -> TensorType:
        return self.type


@dataclass(frozen=True, slots=True)
class BatchNorm2d(SameShape):
    """Batch normalisation over N, H, W with a learned scale and shift a channel."""

    inplace = saves_output = passes_gradient = False
    saves_input = True
    fusion = "map"

    num_features: int

    def infer(self, *ins: TensorType) -> TensorType:
        if ins[0].shape[1] != self.num_features:
            raise ShapeError(f"expects {counted(self.num_features, 'channel')}, got {ins[0].shape[1]}")
        return ins[0]

    def params(self) -> Mapping[str, Shape]:
        return {"weight": (self.num_features,), "bias": (self.num_features,)}

    def buffers(self) -> Mapping[str, Shape]:
        c = (self.num_features,)
        return {"running_mean": c, "running_var": c, "num_batches_tracked": ()}

    def extra_bytes(self, ins: Types, out: TensorType, element_bytes: int, train: bool) -> int:
        """Mean and inverse deviation of each channel."""
        return 2 * STATISTIC_BYTES * self.num_features if train else 0


@dataclass(frozen=True, slots=True)
class GroupNorm(SameShape):
    """Normalisation over groups of channels of one image, with a learned scale and shift a channel."""

    inplace = saves_output = passes_gradient = False
    saves_input = True
    fusion = None

    num_groups: int
    num_channels: int

    def infer(self, *ins: TensorType) -> TensorType:
        if self.num_channels % self.num_groups:
            raise ShapeError(
                f"{self.num_groups} groups cannot split {self.num_channels} channels", hint="--set norm=bn"
            )
        if ins[0].numel == self.num_groups:  # torch refuses it, in eval mode too
            raise ShapeError("a group of one value cannot be normalised", hint="give a larger --input")
        return ins[0]

    def params(self) -> Mapping[str, Shape]:
        return {"weight": (self.num_channels,), "bias": (self.num_channels,)}

    def extra_bytes(self, ins: Types, out: TensorType, element_bytes: int, train: bool) -> int:
        """Mean and inverse deviation of each group of each image."""
        return 2 * STATISTIC_BYTES * self.num_groups * out.shape[0] if train else 0


@dataclass(frozen=True, slots=True)
class ReLU(SameShape):
    """max(x, 0); ``inplace``: over its input, where ``graph.inplace`` allows it."""

    saves_input = passes_gradient = False
    saves_output = True
    fusion = "map"
    extra_bytes = no_extra_bytes

    inplace: bool = True


@dataclass(frozen=True, slots=True)
class Activation(SameShape):
    """Any other function without weights that keeps the shape, by the name of torch's module, as SiLU."""

    passes_gradient = False
    fusion = "map"
    extra_bytes = no_extra_bytes

    function: str
    inplace: bool = False

    @property
    def detail(self) -> str:
        return self.function

    @property
    def saves_input(self) -> bool:
        return not self.saves_output

    @property
    def saves_output(self) -> bool:
        return self.function in ("Softmax", "LogSoftmax", "Tanh") or (self.function == "LeakyReLU" and self.inplace)


@dataclass(frozen=True, slots=True)
class Scale(SameShape):
    """Times a number, or plus a number; ``factor`` is for ``build``, and a trace does not read it."""

    saves_input = saves_output = passes_gradient = False
    fusion = "map"
    extra_bytes = no_extra_bytes

    inplace: bool = False
    factor: float = field(default=1.0, compare=False)


@dataclass(frozen=True, slots=True)
class Clone(SameShape):
    """A copy."""

    inplace = saves_input = saves_output = False
    passes_gradient = True
    fusion = "map"
    extra_bytes = no_extra_bytes

    def elementwise(self, ins: Types, out: TensorType) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Identity(View):
    """Nothing; it holds a place in a Sequential, so that the next module keeps its name."""

    passes_gradient = True

    def infer(self, *ins: TensorType) -> TensorType:
        return ins[0]


@dataclass(frozen=True, slots=True)
class Dropout(Identity):
    """Nothing in inference; in training a random mask zeroes elements, or whole ``channels``."""

    is_view_in_training = passes_gradient = False

    channels: bool = False

    def extra_bytes(self, ins: Types, out: TensorType, element_bytes: int, train: bool) -> int:
        """The mask."""
        if not train:
            return 0
        return element_bytes * (prod(out.shape[:2]) if self.channels else out.numel)


@dataclass(frozen=True, slots=True)
class Add(SameShape):
    """Sum of two branches of the same shape, never broadcast: the residual connection."""

    saves_input = saves_output = False
    passes_gradient = True
    fusion = "join"
    extra_bytes = no_extra_bytes

    inplace: bool = True

    def infer(self, *ins: TensorType) -> TensorType:
        left, right = ins
        if left.shape != right.shape:
            raise BranchError(
                f"the two branches differ: {left} from the residual, {right} from the shortcut",
                hint="give an --input that the net's strides divide; the branches round other sizes differently",
            )
        return left
