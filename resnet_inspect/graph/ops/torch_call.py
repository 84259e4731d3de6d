"""Whatever torch runs and no other operation names, by what torch itself tells of the call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from resnet_inspect.graph.ops.base import ONE_PIXEL, Fusion, Op, Shape, Types, Window, no_extra_bytes
from resnet_inspect.graph.ops.linear import Learned
from resnet_inspect.graph.types import TensorType

UNUSED = "unused"  # the name of the node that holds the tensors that no call reads
Kept = tuple[tuple[str, TensorType], ...]


class _Told(Op):
    """An operation that torch describes: its output's type, the net's tensors that it reads, and its products."""

    __slots__ = ()

    saves_input = saves_output = False
    extra_bytes = no_extra_bytes

    type: TensorType
    learned: Learned
    kept: Kept
    multiplies: int
    weighs: bool

    @property
    def is_view_in_training(self) -> bool:
        return self.is_view

    def infer(self, *ins: TensorType) -> TensorType:
        return self.type

    def macs(self, ins: Types, out: TensorType) -> int:
        return self.multiplies if self.weighs else 0

    def macs_without_weights(self, ins: Types, out: TensorType) -> int:
        return 0 if self.weighs else self.multiplies

    def params(self) -> Mapping[str, Shape]:
        return dict(self.learned)

    def buffers(self) -> Mapping[str, Shape]:
        return {name: kept.shape for name, kept in self.kept}


@dataclass(frozen=True, slots=True)
class TorchCall(_Told):
    """A call of torch's function or module ``function``, as ``permute`` or ``LayerNorm``.

    What its backward keeps stands in ``Graph.recorded``, which a trace reads off autograd.

    Attributes:
        type: its output's type, as the run gave it.
        learned: names and shapes of the learned tensors that it reads.
        kept: names and types of the buffers that it reads.
        multiplies: multiply-accumulates; ``weighs`` tells whether a learned weight is a factor of each.
        windows: of a window that slides over rows and over columns; None where a value sees the whole image.
    """

    function: str
    type: TensorType
    learned: Learned = ()
    kept: Kept = ()
    multiplies: int = 0
    weighs: bool = False
    is_view: bool = False
    inplace: bool = False
    passes_gradient: bool = False
    windows: tuple[Window, Window] | None = (ONE_PIXEL, ONE_PIXEL)
    detail: str = ""

    @property
    def kind(self) -> str:
        return self.function

    @property
    def fusion(self) -> Fusion | None:
        """A floor may assume no pass that a compiler can save: every call without products runs within another's."""
        return None if self.multiplies else "join"

    @property
    def window(self) -> Window | None:
        return max(self.windows) if self.windows else None

    def elementwise(self, ins: Types, out: TensorType) -> int:
        return 0 if self.multiplies or self.is_view else out.numel


@dataclass(frozen=True, slots=True)
class Constant(_Told):
    """A tensor that code computes in its forward from learned tensors and numbers alone, as a mask or a bias table.

    Fields as in ``TorchCall``; ``is_view``: it is the memory of one that the network keeps.
    """

    inplace = passes_gradient = False
    fusion = None

    type: TensorType
    learned: Learned = ()
    kept: Kept = ()
    multiplies: int = 0
    weighs: bool = False
    is_view: bool = False


@dataclass(frozen=True, slots=True)
class OtherOutput(Op):
    """One more output of the call that it reads; ``is_view``: in the memory that this call shares with its input."""

    saves_input = saves_output = inplace = False
    passes_gradient = True
    fusion: ClassVar[Fusion] = "map"
    extra_bytes = no_extra_bytes

    type: TensorType
    is_view: bool = False

    @property
    def is_view_in_training(self) -> bool:
        return self.is_view

    def infer(self, *ins: TensorType) -> TensorType:
        return self.type
