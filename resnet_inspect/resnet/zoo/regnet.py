"""RegNet X and Y (Radosavovic et al. 2020, arXiv:2003.13678) under timm's and torchvision's names."""

from dataclasses import replace

from resnet_inspect.resnet.choices import Attention, PerStage
from resnet_inspect.resnet.spec import ResNetSpec


def _x(depths: tuple[int, ...], widths: tuple[int, ...], group_width: PerStage) -> ResNetSpec:
    """Bottlenecks of ratio 1, each stage at half its input's resolution, behind one 3×3 of stride 2."""
    spec = ResNetSpec(depths=depths, widths=widths, expansion=1, group_width=group_width)
    return replace(spec, strides=(2, 2, 2, 2), stem=((3, 2, 32),), stem_pool="none")


def _y(depths: tuple[int, ...], widths: tuple[int, ...], group_width: PerStage) -> ResNetSpec:
    """RegNet X with squeeze-and-excitation on the 3×3, a quarter of the block's input wide."""
    se = Attention("se", 0.25, of_input=True)
    return replace(_x(depths, widths, group_width), attention=se, attention_on="3x3")


def _large(spec: ResNetSpec) -> ResNetSpec:
    return replace(spec, input_size=384)


# The number stands for MACs, in units of 100 million. Widths are rounded to multiples of the group width; torchvision
# rounds three nets otherwise, which timm calls _tv.
TIMM = {
    "regnetx_002": _x((1, 1, 4, 7), (24, 56, 152, 368), 8),
    "regnetx_004": _x((1, 2, 7, 12), (32, 64, 160, 384), 16),
    "regnetx_004_tv": _x((1, 2, 7, 12), (32, 64, 160, 400), 16),
    "regnetx_006": _x((1, 3, 5, 7), (48, 96, 240, 528), 24),
    "regnetx_008": _x((1, 3, 7, 5), (64, 128, 288, 672), 16),
    "regnetx_016": _x((2, 4, 10, 2), (72, 168, 408, 912), 24),
    "regnetx_032": _x((2, 6, 15, 2), (96, 192, 432, 1008), 48),
    "regnetx_040": _x((2, 5, 14, 2), (80, 240, 560, 1360), 40),
    "regnetx_064": _x((2, 4, 10, 1), (168, 392, 784, 1624), 56),
    "regnetx_080": _x((2, 5, 15, 1), (80, 240, 720, 1920), (80, 120, 120, 120)),
    "regnetx_120": _x((2, 5, 11, 1), (224, 448, 896, 2240), 112),
    "regnetx_160": _x((2, 6, 13, 1), (256, 512, 896, 2048), 128),
    "regnetx_320": _x((2, 7, 13, 1), (336, 672, 1344, 2520), 168),
    "regnety_002": _y((1, 1, 4, 7), (24, 56, 152, 368), 8),
    "regnety_004": _y((1, 3, 6, 6), (48, 104, 208, 440), 8),
    "regnety_006": _y((1, 3, 7, 4), (48, 112, 256, 608), 16),
    "regnety_008": _y((1, 3, 8, 2), (64, 128, 320, 768), 16),
    "regnety_008_tv": _y((1, 3, 8, 2), (64, 144, 320, 784), 16),
    "regnety_016": _y((2, 6, 17, 2), (48, 120, 336, 888), 24),
    "regnety_032": _y((2, 5, 13, 1), (72, 216, 576, 1512), 24),
    "regnety_040": _y((2, 6, 12, 2), (128, 192, 512, 1088), 64),
    "regnety_064": _y((2, 7, 14, 2), (144, 288, 576, 1296), 72),
    "regnety_080": _y((2, 4, 10, 1), (168, 448, 896, 2016), 56),
    "regnety_080_tv": _y((2, 4, 10, 1), (224, 448, 896, 2016), 56),
    "regnety_120": _y((2, 5, 11, 1), (224, 448, 896, 2240), 112),
    "regnety_160": _y((2, 4, 11, 1), (224, 448, 1232, 3024), 112),
    "regnety_320": _y((2, 5, 12, 1), (232, 696, 1392, 3712), 232),
    "regnety_640": _large(_y((2, 5, 12, 1), (328, 984, 1968, 4920), 328)),
    "regnety_1280": _large(_y((2, 7, 17, 1), (528, 1056, 2904, 7392), 264)),
    "regnety_2560": _large(_y((2, 7, 17, 1), (746, 1492, 4103, 10444), 373)),
}

FAMILIES: dict[str, dict[str, ResNetSpec]] = {
    "regnet": {
        "regnet_x_400mf": TIMM["regnetx_004_tv"],
        "regnet_x_800mf": TIMM["regnetx_008"],
        "regnet_x_1_6gf": TIMM["regnetx_016"],
        "regnet_x_3_2gf": TIMM["regnetx_032"],
        "regnet_x_8gf": TIMM["regnetx_080"],
        "regnet_x_16gf": TIMM["regnetx_160"],
        "regnet_x_32gf": TIMM["regnetx_320"],
        "regnet_y_400mf": TIMM["regnety_004"],
        "regnet_y_800mf": TIMM["regnety_008_tv"],
        "regnet_y_1_6gf": TIMM["regnety_016"],
        "regnet_y_3_2gf": TIMM["regnety_032"],
        "regnet_y_8gf": TIMM["regnety_080_tv"],
        "regnet_y_16gf": TIMM["regnety_160"],
        "regnet_y_32gf": TIMM["regnety_320"],
        "regnet_y_128gf": replace(TIMM["regnety_1280"], input_size=224),
    },
    "regnet-timm": TIMM,
}

PATTERNS = ()

WRITINGS: dict[str, str] = {"regnet": "torchvision.regnet", "regnet-timm": "timm.byobnet"}
