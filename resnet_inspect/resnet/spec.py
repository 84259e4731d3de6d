"""A ResNet as data: each variant of the zoo is a value of ``ResNetSpec``."""

from dataclasses import dataclass
from typing import Literal, get_args

from resnet_inspect.errors import SpecError
from resnet_inspect.units import counted

Block = Literal["bottleneck", "basic"]
StrideOn = Literal["3x3", "1x1"]
Order = Literal["post", "pre"]
Shortcut = Literal["A", "B", "C", "D"]
StemPool = Literal["max3", "max3ceil", "conv3", "none"]
Norm = Literal["bn", "gn", "none"]
ConvBias = Literal["none", "blocks", "all"]
Head = Literal["fc", "conv"]
Antialias = Literal["avg", "blur"]
AttentionKind = Literal["se", "eca", "cbam"]
Widths = tuple[int | tuple[int, ...], ...]
MAX_DIVISOR = 1_000_000  # more than any layer has channels


@dataclass(frozen=True, slots=True)
class Attention:
    """A module that reweights a block's residual before the sum.

    ``se``: squeeze-and-excitation (arXiv:1709.01507), ``ratio`` of hidden to outer channels, rounded to a multiple of
    ``divisor``. ``eca``: one 1-D convolution across channels (arXiv:1910.03151). ``cbam``: a channel gate of that
    ``ratio``, then a spatial one (arXiv:1807.06521).
    """

    kind: AttentionKind
    ratio: float = 1 / 16
    divisor: int = 8

    def __post_init__(self) -> None:
        if self.kind not in get_args(AttentionKind):
            raise SpecError(f"attention {self.kind!r} is not one of {', '.join(get_args(AttentionKind))}")
        if not (0 < self.ratio <= 1 and _natural(self.divisor) and self.divisor <= MAX_DIVISOR):
            raise SpecError(
                f"attention {self.kind} cannot have ratio {self.ratio} and divisor {self.divisor}",
                hint=f"give a ratio of hidden to outer channels above 0 to 1, and a divisor from 1 to {MAX_DIVISOR:,}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResNetSpec:
    """The fields in which ResNets differ; the defaults are torchvision's resnet50.

    If ``widths``, ``strides``, ``stem_norm_act`` or ``final_norm`` is None, it follows from the other fields.

    Attributes:
        block: ``bottleneck`` (1×1, 3×3, 1×1, output 4 × planes) or ``basic`` (3×3, 3×3).
        depths: blocks per stage.
        widths: planes per stage, or a tuple of planes per block; None: 64, doubled each stage.
        groups, base_width: a bottleneck's 3×3 has ``groups`` groups of int(planes · base_width / 64) channels.
        stride_on: the bottleneck's convolution that downsamples; ``3x3`` is v1.5, ``1x1`` the paper's v1.
        order: ``post`` (conv, norm, ReLU) or ``pre`` (norm, ReLU, conv; arXiv:1603.05027).
        shortcut: where the shape changes, ``B`` projects by a 1×1 convolution, ``A`` subsamples and pads with zero
            channels, ``D`` averages 2×2 and then projects; ``C`` projects everywhere.
        strides: stride of each stage's first block; None: 1, then 2.
        output_stride: total stride after which further strides become dilation; None: no limit.
        stem: (kernel, stride, channels) of each convolution before the pool.
        stem_pool: ``max3``, ``max3ceil`` (Caffe's: unpadded, ceil mode), ``conv3`` (ResNet-RS) or ``none``.
        norm: ``bn``, ``gn`` (32 groups) or ``none``.
        conv_bias: convolutions with a bias: ``none``, ``blocks`` (all but the stem) or ``all``.
        head: ``fc``, or ``conv`` for a 1×1 convolution on the pooled map, as in timm's resnetv2.
        antialias: ``avg`` or ``blur``: a strided 3×3 runs at stride 1, and this pool then subsamples; None: no pool.
        num_classes: number of classes; 0: a backbone that ends in the pooled features.
        input_size: height and width that the variant's authors use.
        stem_norm_act: norm and ReLU follow the stem's last convolution; None: only if ``order`` is ``post``.
        stem_act: that norm has its ReLU.
        final_norm: norm and ReLU follow the last stage; None: only if ``order`` is ``pre``.
    """

    block: Block = "bottleneck"
    depths: tuple[int, ...] = (3, 4, 6, 3)
    widths: Widths | None = None
    groups: int = 1
    base_width: int = 64
    stride_on: StrideOn = "3x3"
    order: Order = "post"
    shortcut: Shortcut = "B"
    strides: tuple[int, ...] | None = None
    output_stride: int | None = None
    stem: tuple[tuple[int, int, int], ...] = ((7, 2, 64),)
    stem_pool: StemPool = "max3"
    norm: Norm = "bn"
    conv_bias: ConvBias = "none"
    head: Head = "fc"
    attention: Attention | None = None
    antialias: Antialias | None = None
    num_classes: int = 1000
    in_channels: int = 3
    input_size: int = 224
    stem_norm_act: bool | None = None
    stem_act: bool = True
    final_norm: bool | None = None

    def __post_init__(self) -> None:
        check(self)

    @property
    def expansion(self) -> int:
        return 4 if self.block == "bottleneck" else 1

    @property
    def planes(self) -> tuple[tuple[int, ...], ...]:
        """Planes of every block, stage by stage."""
        widths = self.widths or tuple(64 * 2**i for i in range(len(self.depths)))
        return tuple(w if isinstance(w, tuple) else (w,) * d for w, d in zip(widths, self.depths, strict=True))

    @property
    def stage_strides(self) -> tuple[int, ...]:
        return self.strides or (1,) + (2,) * (len(self.depths) - 1)

    @property
    def has_stem_norm_act(self) -> bool:
        return self.order == "post" if self.stem_norm_act is None else self.stem_norm_act

    @property
    def has_final_norm(self) -> bool:
        return self.order == "pre" if self.final_norm is None else self.final_norm


CHOICES: dict[str, tuple[object, ...]] = {
    "block": get_args(Block),
    "stride_on": get_args(StrideOn),
    "order": get_args(Order),
    "shortcut": get_args(Shortcut),
    "output_stride": (None, 8, 16, 32),
    "stem_pool": get_args(StemPool),
    "norm": get_args(Norm),
    "conv_bias": get_args(ConvBias),
    "head": get_args(Head),
    "antialias": (None, *get_args(Antialias)),
    "stem_norm_act": (None, True, False),
    "stem_act": (True, False),
    "final_norm": (None, True, False),
}
MAX_BLOCKS = 20_000


def check(spec: ResNetSpec) -> None:
    """Check that every value is possible and that the values fit together.

    Raises:
        SpecError: they are not; the message names the field.
    """
    for field, choices in CHOICES.items():
        value = getattr(spec, field)
        # 1 == True in Python, but a count is not a flag.
        if not any(value == choice and type(value) is type(choice) for choice in choices):
            raise _wrong(
                spec,
                field,
                "one of " + ", ".join(map(typed, choices)),
            )
    for field in ("groups", "base_width", "in_channels", "input_size"):
        if not _natural(getattr(spec, field)):
            raise _wrong(spec, field, "a whole number from 1")
    if spec.num_classes != 0 and not _natural(spec.num_classes):
        raise _wrong(spec, "num_classes", "a whole number from 0 (0 leaves out the head)")
    if not _naturals(spec.depths):
        raise _wrong(spec, "depths", "whole numbers from 1, one per stage, as 3,4,6,3")
    if sum(spec.depths) > MAX_BLOCKS:
        raise _wrong(spec, "depths", f"at most {MAX_BLOCKS:,} blocks in total")
    stages = len(spec.depths)
    if spec.strides is not None and not (_naturals(spec.strides) and len(spec.strides) == stages):
        raise _wrong(spec, "strides", f"{stages} whole numbers from 1, one per stage")
    if spec.widths is not None:
        _check_widths(spec, spec.widths)
    if not (
        isinstance(spec.stem, tuple) and spec.stem and all(_naturals(conv) and len(conv) == 3 for conv in spec.stem)
    ):
        raise _wrong(spec, "stem", "kernel:stride:channels for each convolution, as 3:2:32,3:1:64")
    if spec.attention is not None and not isinstance(spec.attention, Attention):
        raise _wrong(spec, "attention", "se, eca or cbam, as se:0.25")
    if spec.antialias and (spec.stem_pool == "max3ceil" or spec.stride_on == "1x1"):
        raise SpecError(
            f"antialias={spec.antialias} allows neither stem_pool=max3ceil nor stride_on=1x1",
            hint="keep stem_pool=max3 and stride_on=3x3",
        )
    _check_bottleneck(spec)
    _check_output_stride(spec)


def _check_output_stride(spec: ResNetSpec) -> None:
    """Strides become dilation once their product equals the output stride, so the product must not skip it."""
    total = 1 if spec.stem_pool == "none" else 2
    for _, stride, _ in spec.stem:
        total *= stride
    for stride in spec.stage_strides:
        if spec.output_stride and total < spec.output_stride:
            total *= stride
    if spec.output_stride and total > spec.output_stride:
        raise SpecError(
            f"output_stride={spec.output_stride} is skipped: the strides of stem and stages reach {total}",
            hint="choose stem, stem_pool and strides with that product",
        )


def _check_widths(spec: ResNetSpec, widths: Widths) -> None:
    if not (isinstance(widths, tuple) and all(_natural(w) or _naturals(w) for w in widths)):
        raise _wrong(spec, "widths", "whole numbers from 1, one per stage, or one per block joined by /")
    if len(widths) != len(spec.depths):
        raise _wrong(spec, "widths", f"one entry per stage: {counted(len(spec.depths), 'stage')}")
    for width, depth in zip(widths, spec.depths, strict=True):
        if isinstance(width, tuple) and len(width) != depth:
            raise _wrong(
                spec,
                "widths",
                f"one entry per block: {width} has {len(width)}, the stage has {counted(depth, 'block')}",
            )


def _check_bottleneck(spec: ResNetSpec) -> None:
    if spec.block == "basic":
        for field, only in (("groups", 1), ("base_width", 64), ("stride_on", "3x3")):
            if getattr(spec, field) != only:
                raise SpecError(
                    f"{field}={getattr(spec, field)} needs block=bottleneck", hint=f"a basic block has {field}={only}"
                )
        return
    narrowest = min(min(planes) for planes in spec.planes)
    if narrowest * spec.base_width < 64:
        raise SpecError(
            f"base_width={spec.base_width} gives the 3×3 of {narrowest} planes no channel",
            hint="planes · base_width / 64 must be at least 1",
        )


def _natural(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _naturals(value: object) -> bool:
    return isinstance(value, tuple) and len(value) > 0 and all(map(_natural, value))


def _wrong(spec: ResNetSpec, field: str, expected: str) -> SpecError:
    value = typed(getattr(spec, field), ":" if field == "stem" else "/")
    return SpecError(f"{field}={value} is not {expected}", hint="`resnet-inspect export-spec` shows every field")


def typed(value: object, inner: str = "/", outer: str = ",") -> str:
    """The value as text that --set accepts."""
    if isinstance(value, tuple):
        return outer.join(typed(part, inner, inner) for part in value)
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
