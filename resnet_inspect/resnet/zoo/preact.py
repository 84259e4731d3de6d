"""Pre-activation ImageNet nets (He et al. 2016, arXiv:1603.05027) under timm's names, and BiT (arXiv:1912.11370)."""

import re
from dataclasses import replace

from resnet_inspect.resnet.choices import Attention
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo.bases import DEEP, PLAIN, R18, R26, R34, R50, R101, R152, TIERED


def _v2(spec: ResNetSpec) -> ResNetSpec:
    return replace(spec, order="pre", head="conv")


def _v2d(spec: ResNetSpec) -> ResNetSpec:
    return replace(_v2(spec), stem=DEEP, shortcut="D")


def _bit(spec: ResNetSpec, width: int, input_size: int) -> ResNetSpec:
    """Big Transfer: group norm, standardized weights, and ``width`` times the planes."""
    widths = (64 * width, 128 * width, 256 * width, 512 * width)
    spec = replace(_v2(spec), norm="gn", conv="standardized", widths=widths, stem=((7, 2, 64 * width),))
    return replace(spec, input_size=input_size)


def _nf(spec: ResNetSpec, attention: Attention | None = None, input_size: int = 224) -> ResNetSpec:
    """NF-ResNet (Brock et al. 2021, arXiv:2101.08692): no norms, scaled weight standardization with biases."""
    spec = replace(spec, order="pre", shortcut="D", norm="none", conv="scaled", conv_bias="all")
    return replace(spec, attention=attention, input_size=input_size)


WRITINGS: dict[str, str] = {"resnet-nf": "timm.nfnet", "resnet-v2": "timm.resnetv2", "resnet-bit": "timm.resnetv2-bit"}
FAMILIES: dict[str, dict[str, ResNetSpec]] = {
    "resnet-v2": {
        "resnetv2_18": _v2(R18),
        "resnetv2_18d": _v2d(R18),
        "resnetv2_34": _v2(R34),
        "resnetv2_34d": _v2d(R34),
        "resnetv2_50": _v2(R50),
        "resnetv2_50d": _v2d(R50),
        "resnetv2_50d_gn": replace(_v2d(R50), norm="gn"),
        "resnetv2_50t": replace(_v2d(R50), stem=TIERED),
        "resnetv2_101": _v2(R101),
        "resnetv2_101d": _v2d(R101),
        "resnetv2_152": _v2(R152),
        "resnetv2_152d": _v2d(R152),
    },
    "resnet-nf": {
        "nf_resnet26": _nf(R26),
        "nf_resnet50": _nf(R50, input_size=256),
        "nf_resnet101": _nf(R101),
        "nf_seresnet26": _nf(R26, Attention("se")),
        "nf_seresnet50": _nf(R50, Attention("se")),
        "nf_seresnet101": _nf(R101, Attention("se")),
        "nf_ecaresnet26": _nf(R26, Attention("eca")),
        "nf_ecaresnet50": _nf(R50, Attention("eca")),
        "nf_ecaresnet101": _nf(R101, Attention("eca")),
    },
    "resnet-bit": {
        "resnetv2_50x1_bit": _bit(R50, 1, 224),
        "resnetv2_50x3_bit": _bit(R50, 3, 448),
        "resnetv2_101x1_bit": _bit(R101, 1, 448),
        "resnetv2_101x3_bit": _bit(R101, 3, 448),
        "resnetv2_152x2_bit": _bit(R152, 2, 224),
        "resnetv2_152x4_bit": _bit(R152, 4, 480),
    },
}


def _parse_bit(m: re.Match[str]) -> ResNetSpec:
    return _bit(PLAIN[m[1]], int(m[2]), 224)


PATTERNS = (("resnet-bit", "resnetv2_(50|101|152)x([1-9])_bit", _parse_bit),)
