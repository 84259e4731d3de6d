"""What the fields of a spec may be."""

from dataclasses import dataclass
from typing import Literal, get_args

from resnet_inspect.errors import SpecError

Block = Literal["bottleneck", "basic", "senet"]
StrideOn = Literal["3x3", "1x1"]
Order = Literal["post", "pre", "pyramid"]
Shortcut = Literal["A", "B", "C", "D"]
StemPool = Literal["max3", "max3ceil", "conv3", "none"]
DilatedFrom = Literal["second", "first"]
Levels = Literal["blocks", "stages"]
Conv = Literal["plain", "standardized", "scaled"]
Norm = Literal["bn", "gn", "none"]
ConvBias = Literal["none", "blocks", "all"]
Head = Literal["fc", "conv", "mlp", "attention"]
Antialias = Literal["avg", "blur"]
AttentionKind = Literal["se", "eca", "cbam", "gc", "dia"]
SplitKind = Literal["res2net", "resnest", "sk"]
AttentionOn = Literal["residual", "3x3"]
Act = Literal["relu", "silu", "gelu", "leaky_relu"]
ACTIVATIONS = {"silu": "SiLU", "gelu": "GELU", "leaky_relu": "LeakyReLU"}  # torch's names of the activations but ReLU
Widths = tuple[int | tuple[int, ...], ...]
PerStage = int | tuple[int, ...]  # one for all stages, or one each
MAX_PARTS = 64
HEAD_CHANNELS = 64  # of each head of CLIP's attention
MAX_DIVISOR = 1_000_000  # more than any layer has channels


def is_natural(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def are_naturals(value: object) -> bool:
    return isinstance(value, tuple) and len(value) > 0 and all(map(is_natural, value))


@dataclass(frozen=True, slots=True)
class Attention:
    """A module that reweights a block's residual before the sum, or its 3×3's output.

    ``se``: squeeze-and-excitation (arXiv:1709.01507), ``ratio`` of hidden to outer channels, rounded to a multiple of
    ``divisor``; ``of_input``: ratio to the channels that the block reads, rounded to a whole number (RegNet).
    ``eca``: one 1-D convolution across channels (arXiv:1910.03151). ``cbam``: a channel gate of that ``ratio``, then a
    spatial one (arXiv:1807.06521). ``gc``: a gate of that ``ratio`` on the global context (arXiv:1904.11492).
    ``dia``: one LSTM for all blocks of a stage, whose state goes from block to block (arXiv:1905.10671).
    """

    kind: AttentionKind
    ratio: float = 1 / 16
    divisor: int = 8
    of_input: bool = False

    def __post_init__(self) -> None:
        if self.of_input and (self.kind, self.divisor) != ("se", 8):
            raise SpecError("of_input needs attention se and no divisor", hint="write attention=se:0.25:input")
        if self.kind not in get_args(AttentionKind):
            raise SpecError(f"attention {self.kind!r} is not one of {', '.join(get_args(AttentionKind))}")
        if not (0 < self.ratio <= 1 and is_natural(self.divisor) and self.divisor <= MAX_DIVISOR):
            raise SpecError(
                f"attention {self.kind} cannot have ratio {self.ratio} and divisor {self.divisor}",
                hint=f"give a ratio of hidden to outer channels above 0 to 1, and a divisor from 1 to {MAX_DIVISOR:,}",
            )


@dataclass(frozen=True, slots=True)
class Split:
    """What stands in for a block's 3×3, on parts of its channels.

    ``res2net``: ``parts`` that each read the one before (arXiv:1904.01169). ``resnest``: split attention over a
    radix of ``parts``, with a pool in place of each stride, before the 3×3 if ``early`` (arXiv:2004.08955). ``sk``:
    selective kernels; ``ratio`` and ``divisor`` are those of its attention, and if ``whole`` each kernel reads all
    channels (arXiv:1903.06586).
    """

    kind: SplitKind
    parts: int = 2
    ratio: float = 1 / 16
    divisor: int = 8
    early: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(SplitKind):
            raise SpecError(f"split {self.kind!r} is not one of {', '.join(get_args(SplitKind))}")
        least = 1 if self.kind == "resnest" else 2
        if not (is_natural(self.parts) and least <= self.parts <= MAX_PARTS):
            raise SpecError(
                f"split {self.kind} cannot have {self.parts} parts", hint=f"give a number from {least} to {MAX_PARTS}"
            )
        if not (0 < self.ratio <= 1 and is_natural(self.divisor) and self.divisor <= MAX_DIVISOR):
            raise SpecError(
                f"split {self.kind} cannot have ratio {self.ratio} and divisor {self.divisor}",
                hint=f"give a ratio of hidden to outer channels above 0 to 1, and a divisor from 1 to {MAX_DIVISOR:,}",
            )


CHOICES: dict[str, tuple[object, ...]] = {
    "block": get_args(Block),
    "stride_on": get_args(StrideOn),
    "order": get_args(Order),
    "shortcut": get_args(Shortcut),
    "output_stride": (None, 8, 16, 32),
    "dilated_from": get_args(DilatedFrom),
    "levels": get_args(Levels),
    "stem_pool": get_args(StemPool),
    "norm": get_args(Norm),
    "conv": get_args(Conv),
    "conv_bias": get_args(ConvBias),
    "head": get_args(Head),
    "act": get_args(Act),
    "attention_on": get_args(AttentionOn),
    "antialias": (None, *get_args(Antialias)),
    "stem_norm_act": (None, True, False),
    "stem_act": (True, False),
    "final_norm": (None, True, False),
}
