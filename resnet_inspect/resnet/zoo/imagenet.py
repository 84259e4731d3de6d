"""The ImageNet nets of torchvision and of the papers: ResNet, ResNeXt, wide ResNet."""

import re
from dataclasses import replace

from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo.bases import PLAIN, R18, R26, R34, R50, R101, R152, R200

WRITINGS: dict[str, str] = {}
FAMILIES: dict[str, dict[str, ResNetSpec]] = {
    # v1.5: the stride is in the bottleneck's 3×3, as in torchvision and timm.
    "resnet": {
        "resnet18": R18,
        "resnet26": R26,
        "resnet34": R34,
        "resnet50": R50,
        "resnet101": R101,
        "resnet152": R152,
        "resnet200": R200,
    },
    # v1: He et al. 2015 (arXiv:1512.03385) stride in the first 1×1. Its 18 and 34 have no 1×1 and are those above.
    "resnet-v1": {
        "resnet50_v1": replace(R50, stride_on="1x1"),
        "resnet101_v1": replace(R101, stride_on="1x1"),
        "resnet152_v1": replace(R152, stride_on="1x1"),
    },
    "resnext": {
        "resnext50_32x4d": replace(R50, groups=32, base_width=4),
        "resnext101_32x4d": replace(R101, groups=32, base_width=4),
        "resnext101_32x8d": replace(R101, groups=32, base_width=8),
        "resnext101_32x16d": replace(R101, groups=32, base_width=16),
        "resnext101_32x32d": replace(R101, groups=32, base_width=32),
        "resnext101_64x4d": replace(R101, groups=64, base_width=4),
        "resnext152_32x4d": replace(R152, groups=32, base_width=4),
    },
    "wide-resnet": {
        "wide_resnet50_2": replace(R50, base_width=128),
        "wide_resnet101_2": replace(R101, base_width=128),
    },
}


def _resnext(m: re.Match[str]) -> ResNetSpec:
    return replace(PLAIN[m[1]], groups=int(m[2]), base_width=int(m[3]))


def _wide(m: re.Match[str]) -> ResNetSpec:
    return replace(PLAIN[m[1]], base_width=64 * int(m[2]))


PATTERNS = (
    ("resnext", "resnext(26|50|101|152|200)_([1-9][0-9]{0,3})x([1-9][0-9]{0,3})d", _resnext),
    ("wide-resnet", "wide_resnet(26|50|101|152|200)_([1-9][0-9]?)", _wide),
)
