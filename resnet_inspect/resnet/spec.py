"""A ResNet as data: each variant of the zoo is a value of ``ResNetSpec``."""

from dataclasses import dataclass

from resnet_inspect.resnet.check import check
from resnet_inspect.resnet.choices import (
    Antialias,
    Attention,
    Block,
    ConvBias,
    Head,
    Norm,
    Order,
    Shortcut,
    StemPool,
    StrideOn,
    Widths,
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
