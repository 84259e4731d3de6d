"""Variants under timm's names (1.0.31), with the input sizes of their published weights."""

from dataclasses import replace

from resnet_inspect.resnet.choices import Attention, Split
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo.bases import DEEP, R18, R26, R34, R50, R101, R152, R200, R269, TIERED, WIDE

R10 = ResNetSpec(block="basic", depths=(1, 1, 1, 1))
R14 = ResNetSpec(depths=(1, 1, 1, 1))


def _d(spec: ResNetSpec, input_size: int = 224) -> ResNetSpec:
    return replace(spec, stem=DEEP, shortcut="D", input_size=input_size)


def _t(spec: ResNetSpec, input_size: int = 224) -> ResNetSpec:
    return replace(spec, stem=TIERED, shortcut="D", input_size=input_size)


def _e(spec: ResNetSpec, input_size: int) -> ResNetSpec:
    return replace(_d(spec, input_size), stem=WIDE)


def _res2net(spec: ResNetSpec, base_width: int, scale: int) -> ResNetSpec:
    return replace(spec, base_width=base_width, split=Split("res2net", scale))


def _resnest(spec: ResNetSpec) -> ResNetSpec:
    return replace(spec, split=Split("resnest", 2))


def _se(spec: ResNetSpec) -> ResNetSpec:
    return replace(spec, attention=Attention("se"))


def _eca(spec: ResNetSpec) -> ResNetSpec:
    return replace(spec, attention=Attention("eca"))


def _cbam(spec: ResNetSpec) -> ResNetSpec:
    return replace(spec, attention=Attention("cbam"))


def _avg(spec: ResNetSpec, input_size: int = 224) -> ResNetSpec:
    return replace(spec, antialias="avg", input_size=input_size)


def _blur(spec: ResNetSpec) -> ResNetSpec:
    return replace(spec, antialias="blur")


def _rs(depths: tuple[int, ...], input_size: int) -> ResNetSpec:
    return replace(_d(R50, input_size), depths=depths, stem_pool="conv3", attention=Attention("se", 0.25))


def _x(spec: ResNetSpec, groups: int, base_width: int) -> ResNetSpec:
    return replace(spec, groups=groups, base_width=base_width)


def _legacy(spec: ResNetSpec) -> ResNetSpec:
    """The nets of the SE paper (Caffe): v1 strides, an unpadded stem pool, hidden channels not rounded to 8."""
    v1 = spec.block == "bottleneck" and spec.groups == 1
    return replace(spec, stride_on="1x1" if v1 else "3x3", stem_pool="max3ceil", attention=Attention("se", 1 / 16, 1))


def _clip(depths: tuple[int, ...], widths: tuple[int, ...], input_size: int) -> ResNetSpec:
    """CLIP's image encoders without a head: D stem and shortcut, antialiased; the stem is as wide as stage 1."""
    w = widths[0]
    stem = ((3, 2, w // 2), (3, 1, w // 2), (3, 1, w))
    spec = ResNetSpec(depths=depths, widths=widths, stem=stem, shortcut="D", antialias="avg", num_classes=0)
    return replace(spec, input_size=input_size)


CSP = ResNetSpec(depths=(3, 3, 5, 2), expansion=2, act="leaky_relu", cross_stage=1, input_size=256)


def _attends(spec: ResNetSpec, num_classes: int) -> ResNetSpec:
    """With CLIP's attention head; its classes are the dimensions of the space that images share with texts."""
    return replace(spec, head="attention", num_classes=num_classes)


CLIP50 = _clip((3, 4, 6, 3), (64, 128, 256, 512), 224)
CLIP101 = _clip((3, 4, 23, 3), (64, 128, 256, 512), 224)
CLIP50X4 = _clip((4, 6, 10, 6), (80, 160, 320, 640), 288)
CLIP50X16 = _clip((6, 8, 18, 8), (96, 192, 384, 768), 384)
CLIP50X64 = _clip((3, 15, 36, 10), (128, 256, 512, 1024), 448)

FAMILIES: dict[str, dict[str, ResNetSpec]] = {
    "resnet-c": {
        "resnet50c": replace(R50, stem=DEEP),
        "resnet101c": replace(R101, stem=DEEP),
        "resnet152c": replace(R152, stem=DEEP),
    },
    "resnet-d": {
        "resnet18d": _d(R18),
        "resnet26d": _d(R26),
        "resnet34d": _d(R34),
        "resnet50d": _d(R50),
        "resnet101d": _d(R101, 256),
        "resnet152d": _d(R152, 256),
        "resnet200d": _d(R200, 256),
        "resnext50d_32x4d": _x(_d(R50), 32, 4),
    },
    "resnet-s": {
        "resnet50s": replace(R50, stem=WIDE),
        "resnet101s": replace(R101, stem=WIDE),
        "resnet152s": replace(R152, stem=WIDE),
    },
    "resnet-t": {
        "resnet10t": _t(R10, 176),
        "resnet14t": _t(R14, 176),
        "resnet26t": _t(R26, 256),
        "resnet50t": _t(R50),
    },
    "resnet-gn": {"resnet50_gn": replace(R50, norm="gn")},
    "resnet-se": {
        "seresnet18": _se(R18),
        "seresnet34": _se(R34),
        "seresnet50": _se(R50),
        "seresnet50t": _se(_t(R50)),
        "seresnet101": _se(R101),
        "seresnet152": _se(R152),
        "seresnet152d": _se(_d(R152, 256)),
        "seresnet200d": _se(_d(R200, 256)),
        "seresnet269d": _se(_d(R269, 256)),
        "seresnext26d_32x4d": _se(_x(_d(R26), 32, 4)),
        "seresnext26t_32x4d": _se(_x(_t(R26), 32, 4)),
        "seresnext50_32x4d": _se(_x(R50, 32, 4)),
        "seresnext101_32x4d": _se(_x(R101, 32, 4)),
        "seresnext101_32x8d": _se(_x(R101, 32, 8)),
        "seresnext101_64x4d": _se(_x(R101, 64, 4)),
        "seresnext101d_32x8d": _se(_x(_d(R101), 32, 8)),
    },
    "resnet-se-legacy": {
        "legacy_seresnet18": _legacy(R18),
        "legacy_seresnet34": _legacy(R34),
        "legacy_seresnet50": _legacy(R50),
        "legacy_seresnet101": _legacy(R101),
        "legacy_seresnet152": _legacy(R152),
        "legacy_senet154": replace(_legacy(_x(R152, 64, 4)), block="senet", stem=WIDE),
        "legacy_seresnext26_32x4d": _legacy(_x(R26, 32, 4)),
        "legacy_seresnext50_32x4d": _legacy(_x(R50, 32, 4)),
        "legacy_seresnext101_32x4d": _legacy(_x(R101, 32, 4)),
    },
    "resnet-eca": {
        "ecaresnet26t": _eca(_t(R26, 256)),
        "ecaresnet50d": _eca(_d(R50)),
        "ecaresnet50t": _eca(_t(R50, 256)),
        "ecaresnet101d": _eca(_d(R101)),
        "ecaresnet200d": _eca(_d(R200, 256)),
        "ecaresnet269d": _eca(_d(R269, 320)),
        "ecaresnetlight": _eca(ResNetSpec(depths=(1, 1, 11, 3), shortcut="D")),
        "ecaresnext26t_32x4d": _eca(_x(_t(R26), 32, 4)),
        "ecaresnext50t_32x4d": _eca(_x(_t(R50), 32, 4)),
    },
    # timm has no CBAM nets; the names are pytorchcv's.
    "resnet-cbam": {
        "cbam_resnet18": _cbam(R18),
        "cbam_resnet34": _cbam(R34),
        "cbam_resnet50": _cbam(R50),
        "cbam_resnet101": _cbam(R101),
        "cbam_resnet152": _cbam(R152),
    },
    "res2net": {
        "res2net50_14w_8s": _res2net(R50, 14, 8),
        "res2net50_26w_4s": _res2net(R50, 26, 4),
        "res2net50_26w_6s": _res2net(R50, 26, 6),
        "res2net50_26w_8s": _res2net(R50, 26, 8),
        "res2net50_48w_2s": _res2net(R50, 48, 2),
        "res2net101_26w_4s": _res2net(R101, 26, 4),
        "res2net50d": _res2net(_d(R50), 26, 4),
        "res2net101d": _res2net(_d(R101), 26, 4),
        "res2next50": replace(_res2net(R50, 4, 4), groups=8),
    },
    "resnest": {
        "resnest14d": _resnest(_d(R14)),
        "resnest26d": _resnest(_d(R26)),
        "resnest50d": _resnest(_d(R50)),
        "resnest101e": _resnest(_e(R101, 256)),
        "resnest200e": _resnest(_e(R200, 320)),
        "resnest269e": _resnest(_e(R269, 416)),
        "resnest50d_1s4x24d": replace(_x(_d(R50), 4, 24), split=Split("resnest", 1, early=True)),
    },
    "sknet": {
        "skresnet18": replace(R18, split=Split("sk", ratio=1 / 8, divisor=16)),
        "skresnet34": replace(R34, split=Split("sk", ratio=1 / 8, divisor=16)),
        "skresnet50": replace(R50, split=Split("sk")),
        "skresnet50d": replace(_d(R50), split=Split("sk")),
        "skresnext50_32x4d": replace(_x(R50, 32, 4), split=Split("sk", divisor=32, whole=True)),
    },
    "resnet-antialias": {
        "resnetaa34d": _avg(_d(R34)),
        "resnetaa50": _avg(R50),
        "resnetaa50d": _avg(_d(R50)),
        "resnetaa101d": _avg(_d(R101)),
        "seresnetaa50d": _se(_avg(_d(R50))),
        "seresnextaa101d_32x8d": _se(_avg(_x(_d(R101), 32, 8), 288)),
        "seresnextaa201d_32x8d": _se(_avg(_x(ResNetSpec(depths=(3, 24, 36, 4), stem=WIDE, shortcut="D"), 32, 8), 384)),
        "resnetblur18": _blur(R18),
        "resnetblur50": _blur(R50),
        "resnetblur50d": _blur(_d(R50)),
        "resnetblur101d": _blur(_d(R101)),
    },
    "resnet-clip": {
        "resnet50_clip_gap": CLIP50,
        "resnet101_clip_gap": CLIP101,
        "resnet50x4_clip_gap": CLIP50X4,
        "resnet50x16_clip_gap": CLIP50X16,
        "resnet50_clip": _attends(CLIP50, 1024),
        "resnet101_clip": _attends(CLIP101, 512),
        "resnet50x4_clip": _attends(CLIP50X4, 640),
        "resnet50x16_clip": _attends(CLIP50X16, 768),
        "resnet50x64_clip": _attends(CLIP50X64, 1024),
        "resnet50_mlp": replace(CLIP50, num_classes=1000, head="mlp", input_size=256),
        "resnet50x64_clip_gap": CLIP50X64,
    },
    "cspresnet": {
        "cspresnet50": CSP,
        "cspresnet50d": replace(CSP, stem=DEEP),
        "cspresnet50w": replace(CSP, stem=DEEP, widths=(32, 64, 128, 256), expansion=4, cross_stage=2),
        "cspresnext50": replace(
            CSP, widths=(128, 256, 512, 1024), expansion=1, group_width=(4, 8, 16, 32), cross_stage=2
        ),
    },
    "resnet-rs": {
        "resnetrs50": _rs((3, 4, 6, 3), 160),
        "resnetrs101": _rs((3, 4, 23, 3), 192),
        "resnetrs152": _rs((3, 8, 36, 3), 256),
        "resnetrs200": _rs((3, 24, 36, 3), 256),
        "resnetrs270": _rs((4, 29, 53, 4), 256),
        "resnetrs350": _rs((4, 36, 72, 4), 288),
        "resnetrs420": _rs((4, 44, 87, 4), 320),
    },
}

PATTERNS = ()

WRITINGS = dict.fromkeys(FAMILIES, "timm")
WRITINGS |= {
    "resnet-cbam": "pytorchcv",
    "resnet-clip": "timm.byobnet",
    "cspresnet": "timm.byobnet",
    "resnet-se-legacy": "timm.senet",
    "sknet": "timm.sknet",
}
