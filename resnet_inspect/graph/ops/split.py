"""The operation that only blocks with a split 3×3 use."""

from dataclasses import dataclass

from resnet_inspect.graph.ops.base import ONE_PIXEL, Window
from resnet_inspect.graph.ops.gate import Reduction


@dataclass(frozen=True, slots=True)
class Sum(Reduction):
    """Sum over dimensions."""

    saves_input, saves_output = False, False
    passes_gradient = True

    @property
    def window(self) -> Window | None:
        return ONE_PIXEL if self.dims == (1,) else None  # a sum of channels stays where it is
