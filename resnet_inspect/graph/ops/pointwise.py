"""The input, and operations that keep its shape: normalisation, activation, the sum of two branches."""

from collections.abc import Mapping
from dataclasses import dataclass

from resnet_inspect.errors import BranchError, ShapeError
from resnet_inspect.graph.ops.base import Op, Shape, Types
from resnet_inspect.graph.types import TensorType


class SameShape(Op):
    """Elementwise work: the output has the type of the first input."""

    __slots__ = ()

    def infer(self, *ins: TensorType) -> TensorType:
        return ins[0]

    def elementwise(self, ins: Types, out: TensorType) -> int:
        return out.numel


@dataclass(frozen=True, slots=True)
class Input(Op):
    """The batch of images; the only node without inputs."""

    type: TensorType

    def infer(self, *ins: TensorType) -> TensorType:
        return self.type


@dataclass(frozen=True, slots=True)
class BatchNorm2d(SameShape):
    """Batch normalisation over N, H, W with a learned scale and shift a channel."""

    num_features: int

    def infer(self, *ins: TensorType) -> TensorType:
        if ins[0].shape[1] != self.num_features:
            raise ShapeError(f"expects {self.num_features} channels, got {ins[0].shape[1]}")
        return ins[0]

    def params(self) -> Mapping[str, Shape]:
        return {"weight": (self.num_features,), "bias": (self.num_features,)}

    def buffers(self) -> Mapping[str, Shape]:
        c = (self.num_features,)
        return {"running_mean": c, "running_var": c, "num_batches_tracked": ()}


@dataclass(frozen=True, slots=True)
class GroupNorm(SameShape):
    """Normalisation over groups of channels of one image, with a learned scale and shift a channel."""

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


@dataclass(frozen=True, slots=True)
class ReLU(SameShape):
    """max(x, 0); ``inplace``: over its input, wherever that is allowed."""

    inplace: bool = True


@dataclass(frozen=True, slots=True)
class Activation(SameShape):
    """Any other function of values without weights that keeps the shape, by torch's name of its module, as SiLU."""

    function: str
    inplace: bool = False

    @property
    def detail(self) -> str:
        return self.function

    @property
    def keeps_output(self) -> bool:
        """Whether backward reads what it gave, not what it was given."""
        return self.function in ("Softmax", "LogSoftmax", "Tanh") or (self.function == "LeakyReLU" and self.inplace)


@dataclass(frozen=True, slots=True)
class Scale(SameShape):
    """Times a number, or plus one."""

    inplace: bool = False


@dataclass(frozen=True, slots=True)
class Clone(SameShape):
    """A copy."""

    def elementwise(self, ins: Types, out: TensorType) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Identity(SameShape):
    """Nothing: keeps the place of a module in a Sequential, so that the next one keeps its name."""

    def elementwise(self, ins: Types, out: TensorType) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Dropout(Identity):
    """Nothing in inference; in training it zeroes elements or ``channels`` at random, by a mask that it keeps."""

    channels: bool = False


@dataclass(frozen=True, slots=True)
class Add(SameShape):
    """Sum of two branches of one shape. The residual connection: a mismatch is an error, never broadcast."""

    inplace: bool = True

    def infer(self, *ins: TensorType) -> TensorType:
        left, right = ins
        if left.shape != right.shape:
            raise BranchError(
                f"the two branches differ: {left} from the residual, {right} from the shortcut",
                hint="give an --input that the net's strides divide: one branch rounds up where the other rounds down",
            )
        return left
