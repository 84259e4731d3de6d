"""A ResNet as data: each variant of the zoo is a value of ``ResNetSpec``."""

from dataclasses import dataclass

from resnet_inspect.resnet.check import check
from resnet_inspect.resnet.choices import (
    Act,
    Antialias,
    Attention,
    AttentionOn,
    Block,
    Conv,
    ConvBias,
    DilatedFrom,
    Head,
    Levels,
    Norm,
    Order,
    PerStage,
    Shortcut,
    Split,
    StemPool,
    StrideOn,
    Widths,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResNetSpec:
    """The fields in which ResNets differ; the defaults are torchvision's resnet50.

    If ``widths``, ``strides``, ``stem_norm_act`` or ``final_norm`` is None, it follows from the other fields.

    Attributes:
        block: ``bottleneck`` (1×1, 3×3, 1×1), ``basic`` (3×3, 3×3) or ``senet`` (a bottleneck whose first 1×1 has half
            the channels of the 3×3, and whose strided projection is a 3×3; arXiv:1709.01507).
        depths: blocks per stage.
        widths: planes per stage, or a tuple of planes per block; None: 64, doubled each stage.
        expansion: output channels over planes, for all stages or for each; None: 1 for a basic block, else 4.
        groups, base_width: a bottleneck's 3×3 has ``groups`` groups of int(planes · base_width / 64) channels.
        group_width: channels of each group of a bottleneck's 3×3, for all stages or for each; its width is then
            planes · base_width / 64 (RegNet, arXiv:2003.13678). None: ``groups`` groups.
        split: what stands in for a block's 3×3; None: one convolution.
        stride_on: the bottleneck's convolution that downsamples; ``3x3`` is v1.5, ``1x1`` the paper's v1.
        order: ``post`` (conv, norm, ReLU), ``pre`` (norm, ReLU, conv; arXiv:1603.05027) or ``pyramid`` (``pre``, but a
            block has no ReLU before its first convolution and a norm after its last; arXiv:1610.02915).
        shortcut: where the shape changes, ``B`` projects by a 1×1 convolution, ``A`` subsamples and pads with zero
            channels, ``D`` averages 2×2 and then projects; ``C`` projects everywhere. With ``order=pyramid``, ``A``
            averages 2×2 instead of subsampling.
        levels: ``blocks`` have shortcuts, or ``stages`` and all stages together too; then a max pool takes a stage's
            stride before it (RoR-3, arXiv:1608.02908).
        cross_stage: channels of a stage's output over those of its blocks, through which half of the stage's channels
            go (CSPNet, arXiv:1911.11929); None: the blocks are the stage.
        strides: stride of each stage's first block; None: 1, then 2.
        output_stride: total stride after which further strides become dilation; None: no limit.
        dilated_from: the block of a stage from which its 3×3 are dilated, and before which as the stage before:
            ``second``, or ``first`` (DRN, arXiv:1705.09914).
        stem: (kernel, stride, channels) of each convolution before the pool.
        stem_pool: ``max3``, ``max3ceil`` (Caffe's: unpadded, ceil mode), ``conv3`` (ResNet-RS) or ``none``.
        norm: ``bn``, ``gn`` (32 groups) or ``none``.
        conv: ``plain``; ``standardized``: each weight is, in each call (arXiv:1903.10520); or ``scaled``: it is also
            times a learned gain, and numbers scale the branches in place of norms (NF-ResNet, arXiv:2101.08692).
        act: the activation of stem, blocks and head: ``relu``, ``silu``, ``gelu`` or ``leaky_relu``. Attention modules
            keep theirs.
        conv_bias: convolutions with a bias: ``none``, ``blocks`` (all but the stem) or ``all``.
        head: ``fc``, ``conv`` for a 1×1 convolution on the pooled map, as in timm's resnetv2, ``mlp`` for a norm and a
            hidden layer of half the features before the classifier, or ``attention``: attention in place of the pool,
            in heads of 64 channels, with a learned row for each position of an image of ``input_size`` (CLIP).
        attention_on: ``residual``: on the residual's output; ``3x3``: on a bottleneck's 3×3, after its activation.
        antialias: ``avg`` or ``blur``: a strided 3×3 runs at stride 1, and this pool then subsamples; None: no pool.
        num_features: channels of a 1×1 convolution, with norm and activation, before the global pool; None: none.
        neck: (kernel, dilation, channels) of each convolution, with norm and activation, between the last stage and
            the head.
        num_classes: number of classes; 0: a backbone that ends in the pooled features.
        input_size: height and width that the variant's authors use.
        stem_norm_act: norm and activation follow the stem's last convolution; None: unless ``order`` is ``pre``.
        stem_act: that norm has its activation.
        stem_bare: how many of the stem's first convolutions have neither norm nor activation; never the last.
        final_norm: norm and activation follow the last stage; None: unless ``order`` is ``post``.
    """

    block: Block = "bottleneck"
    depths: tuple[int, ...] = (3, 4, 6, 3)
    widths: Widths | None = None
    expansion: PerStage | None = None
    groups: int = 1
    base_width: int = 64
    group_width: PerStage | None = None
    split: Split | None = None
    stride_on: StrideOn = "3x3"
    order: Order = "post"
    shortcut: Shortcut = "B"
    levels: Levels = "blocks"
    cross_stage: int | None = None
    strides: tuple[int, ...] | None = None
    output_stride: int | None = None
    dilated_from: DilatedFrom = "second"
    stem: tuple[tuple[int, int, int], ...] = ((7, 2, 64),)
    stem_pool: StemPool = "max3"
    norm: Norm = "bn"
    conv: Conv = "plain"
    act: Act = "relu"
    conv_bias: ConvBias = "none"
    head: Head = "fc"
    attention: Attention | None = None
    attention_on: AttentionOn = "residual"
    antialias: Antialias | None = None
    num_features: int | None = None
    neck: tuple[tuple[int, int, int], ...] = ()
    num_classes: int = 1000
    in_channels: int = 3
    input_size: int = 224
    stem_norm_act: bool | None = None
    stem_act: bool = True
    stem_bare: int = 0
    final_norm: bool | None = None

    def __post_init__(self) -> None:
        check(self)

    @property
    def planes(self) -> tuple[tuple[int, ...], ...]:
        """Planes of every block, stage by stage."""
        widths = self.widths or tuple(64 * 2**i for i in range(len(self.depths)))
        return tuple(w if isinstance(w, tuple) else (w,) * d for w, d in zip(widths, self.depths, strict=True))

    @property
    def expansions(self) -> tuple[int, ...]:
        """Output channels over planes, stage by stage."""
        return self._of_stages(self.expansion or (1 if self.block == "basic" else 4))

    @property
    def features(self) -> int:
        """Channels that the head reads."""
        return (
            self.num_features
            or (self.neck and self.neck[-1][-1])
            or self.planes[-1][-1] * self.expansions[-1] * (self.cross_stage or 1)
        )

    @property
    def group_widths(self) -> tuple[int | None, ...]:
        """``group_width``, stage by stage."""
        return (None,) * len(self.depths) if self.group_width is None else self._of_stages(self.group_width)

    def _of_stages(self, value: PerStage) -> tuple[int, ...]:
        return value if isinstance(value, tuple) else (value,) * len(self.depths)

    @property
    def stage_strides(self) -> tuple[int, ...]:
        return self.strides or (1,) + (2,) * (len(self.depths) - 1)

    @property
    def is_recurrent(self) -> bool:
        """Whether the blocks of a stage hand on a state and the map."""
        return self.attention is not None and self.attention.kind == "dia"

    @property
    def stage_class(self) -> str:
        """The class of a stage's module."""
        if self.levels == "stages":
            return "ResidualStage"
        if self.cross_stage:
            return "CrossStage"
        return "RecurrentStage" if self.is_recurrent else "Sequential"

    @property
    def has_stem_norm_act(self) -> bool:
        return self.order != "pre" if self.stem_norm_act is None else self.stem_norm_act

    @property
    def has_final_norm(self) -> bool:
        return self.order != "post" if self.final_norm is None else self.final_norm
