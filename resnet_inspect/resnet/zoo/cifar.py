"""Nets for 32×32 images: the papers' CIFAR nets, wide and pre-activation nets, and kuangliu/pytorch-cifar's."""

import re
from dataclasses import replace

from resnet_inspect.errors import UnknownModelError
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo.bases import R18, R34, R50, R101, R152

# Three stages of 16, 32, 64 planes behind one 3×3 (He et al. 2015, section 4.2).
NARROW = ResNetSpec(
    depths=(1, 1, 1), widths=(16, 32, 64), stem=((3, 1, 16),), stem_pool="none", num_classes=10, input_size=32
)


def _depths(name: str, depth: int, block: str) -> tuple[int, ...]:
    """Blocks per stage of a net with three stages and ``depth`` = 3 · n · (convolutions per block) + 2 layers."""
    layers = 6 if block == "basic" else 9
    n, rest = divmod(depth - 2, layers)
    if rest or n < 1:
        near = max(1, round((depth - 2) / layers)) * layers + 2
        raise UnknownModelError(f"no model {name!r}: its depth must be {layers}n+2", hint=f"the nearest is {near}")
    return (n,) * 3


def _resnet(m: re.Match[str]) -> ResNetSpec:
    """6n+2 layers of basic blocks with shortcut A, or with ``bn`` 9n+2 of bottlenecks with shortcut B."""
    if m[2]:
        return replace(NARROW, depths=_depths(m[0], int(m[1]), "bottleneck"))
    return replace(NARROW, block="basic", shortcut="A", depths=_depths(m[0], int(m[1]), "basic"))


def _preresnet(m: re.Match[str]) -> ResNetSpec:
    """He et al. 2016 (arXiv:1603.05027): basic blocks up to 110, bottlenecks from 164."""
    block = "bottleneck" if m[2] or int(m[1]) >= 164 else "basic"
    depths = _depths(m[0], int(m[1]), block)
    if block == "basic":
        return replace(NARROW, order="pre", block="basic", depths=depths)
    return replace(NARROW, order="pre", depths=depths)


def _wide(m: re.Match[str]) -> ResNetSpec:
    """WRN-d-k (Zagoruyko and Komodakis 2016, arXiv:1605.07146): pre-activation, k times as wide, d = 6n+4."""
    n, rest = divmod(int(m[1]) - 4, 6)
    k = int(m[2])
    if rest or n < 1:
        near = max(1, round((int(m[1]) - 4) / 6)) * 6 + 4
        raise UnknownModelError(f"no model {m[0]!r}: its depth must be 6n+4", hint=f"did you mean 'wrn{near}_{k}'?")
    return replace(NARROW, order="pre", block="basic", depths=(n,) * 3, widths=(16 * k, 32 * k, 64 * k))


def _resnext(m: re.Match[str]) -> ResNetSpec:
    """ResNeXt-29 (Xie et al. 2016, arXiv:1611.05431, table 7): g groups of w channels in the first stage."""
    depths = _depths(m[0], int(m[1]), "bottleneck")
    widths = (64, 128, 256)
    return replace(NARROW, depths=depths, widths=widths, stem=((3, 1, 64),), groups=int(m[2]), base_width=int(m[3]))


def _kuangliu(spec: ResNetSpec) -> ResNetSpec:
    """The ImageNet net behind a 3×3 stride-1 stem without a pool."""
    return replace(spec, stem=((3, 1, 64),), stem_pool="none", num_classes=10, input_size=32)


def _kuangliu_preact(spec: ResNetSpec) -> ResNetSpec:
    """Pre-activation, but without the norm that should follow the last sum."""
    return replace(_kuangliu(spec), order="pre", final_norm=False)


PATTERNS = (
    ("cifar", "resnet([0-9]{1,5})(bn)?_cifar", _resnet),
    ("cifar-preact", "preresnet([0-9]{1,5})(bn)?_cifar", _preresnet),
    ("cifar-wide", "wrn([0-9]{1,5})_([1-9][0-9]{0,2})", _wide),
    ("cifar-resnext", "resnext([0-9]{1,5})_([1-9][0-9]{0,3})x([1-9][0-9]{0,3})d_cifar", _resnext),
)


def _listed(*names: str) -> dict[str, ResNetSpec]:
    """Members of the patterns for which papers print numbers."""
    specs = {}
    for name in names:
        for _, pattern, spec in PATTERNS:
            if match := re.fullmatch(pattern, name):
                specs[name] = spec(match)
    return specs


WRITINGS: dict[str, str] = {"cifar-kuangliu": "kuangliu"}
FAMILIES: dict[str, dict[str, ResNetSpec]] = {
    "cifar": _listed(*(f"resnet{depth}_cifar" for depth in (20, 32, 44, 56, 110, 1202))),
    "cifar-preact": _listed(*(f"preresnet{depth}_cifar" for depth in (110, 164, 1001))),
    "cifar-wide": _listed(
        *(f"wrn16_{k}" for k in (4, 8, 10)),
        *(f"wrn22_{k}" for k in (8, 10)),
        *(f"wrn28_{k}" for k in (10, 12)),
        *(f"wrn40_{k}" for k in (1, 2, 4, 8)),
    ),
    "cifar-resnext": _listed("resnext29_8x64d_cifar", "resnext29_16x64d_cifar"),
    "cifar-kuangliu": {
        "resnet18_kuangliu": _kuangliu(R18),
        "resnet34_kuangliu": _kuangliu(R34),
        "resnet50_kuangliu": _kuangliu(R50),
        "resnet101_kuangliu": _kuangliu(R101),
        "resnet152_kuangliu": _kuangliu(R152),
        "preactresnet18_kuangliu": _kuangliu_preact(R18),
        "preactresnet34_kuangliu": _kuangliu_preact(R34),
        "preactresnet50_kuangliu": _kuangliu_preact(R50),
        "preactresnet101_kuangliu": _kuangliu_preact(R101),
        "preactresnet152_kuangliu": _kuangliu_preact(R152),
    },
}
