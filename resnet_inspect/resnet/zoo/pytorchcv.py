"""Nets as pytorchcv (0.0.74) constructs them, other nets than torchvision's of the same name: ``pytorchcv:NAME``.

The suffix ``bc`` stands for bottlenecks in a shallow net, ``b`` for the stride in a bottleneck's 3×3 instead of its
first 1×1, ``bn`` for bottlenecks in a CIFAR net, ``wd2`` for half the channels.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from resnet_inspect.errors import UnknownModelError
from resnet_inspect.resnet.choices import Attention, Split
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo.bases import DEEP, PLAIN, R18, R50, WIDE
from resnet_inspect.resnet.zoo.cifar import NARROW

SE = Attention("se", 1 / 16, 1)
ATTENTIONS = {"se": SE, "dia": Attention("dia")}
BASIC_DEPTHS = {
    "10": (1, 1, 1, 1),
    "12": (2, 1, 1, 1),
    "14": (2, 2, 1, 1),
    "16": (2, 2, 2, 1),
    "18": (2, 2, 2, 2),
    "26": (3, 3, 3, 3),
    "34": (3, 4, 6, 3),
}
BOTTLENECK_DEPTHS = {
    "14": (1, 1, 1, 1),
    "26": (2, 2, 2, 2),
    "38": (3, 3, 3, 3),
    "50": (3, 4, 6, 3),
    "101": (3, 4, 23, 3),
    "152": (3, 8, 36, 3),
    "200": (3, 24, 36, 3),
    "269": (3, 30, 48, 8),
}
CLASSES = {"_cifar10": 10, "_cifar100": 100, "_svhn": 10, "_cub": 200, None: 1000, "": 1000}


def _plain(kind: str | None, spec: ResNetSpec) -> ResNetSpec:
    """``spec`` as ``pre`` (with norm and ReLU after the stem), with an attention module, or both; None leaves it."""
    attention = ATTENTIONS.get((kind or "").removesuffix("pre"))
    if attention:
        spec = replace(spec, attention=attention)
    return replace(spec, order="pre", stem_norm_act=True) if kind and kind.endswith("pre") else spec


def _basic(m: re.Match[str]) -> ResNetSpec:
    return _plain(m[1], replace(R18, depths=BASIC_DEPTHS[m[2]], num_classes=CLASSES[m[3]]))


def _bottleneck(m: re.Match[str]) -> ResNetSpec:
    spec = replace(R50, depths=BOTTLENECK_DEPTHS[m[2]], num_classes=CLASSES[m[4]])
    return _plain(m[1], spec if m[3] else replace(spec, stride_on="1x1"))


def _narrowed(m: re.Match[str]) -> ResNetSpec:
    """A fraction of the channels in every block but the last."""
    quarters = {"wd4": 1, "wd2": 2, "w3d4": 3}[m[2]]
    *widths, last = (planes * quarters // 4 for planes in (64, 128, 256, 512))
    return _plain(m[1], replace(R18, widths=(*widths, (last, 512)), stem=((7, 2, 16 * quarters),)))


def _resneta(m: re.Match[str]) -> ResNetSpec:
    """Stem and shortcut of ResNet-D."""
    d = replace(R50, stem=DEEP, shortcut="D")
    if m[1] or m[3]:
        return replace(d, depths=BOTTLENECK_DEPTHS[m[2]])
    return replace(d, block="basic", depths=BASIC_DEPTHS[m[2]])


def _resnesta(m: re.Match[str]) -> ResNetSpec:
    """ResNeSt, from ResNet-101 on with a wide stem."""
    depth = m[1].removeprefix("bc")
    spec = replace(R50, depths=BOTTLENECK_DEPTHS[depth], shortcut="D", split=Split("resnest", 2))
    stem = WIDE if int(depth) >= 101 else DEEP
    return replace(spec, stem=stem, input_size={"200": 256, "269": 320}.get(depth, 224))


def _cbam(m: re.Match[str]) -> ResNetSpec:
    return replace(PLAIN[m[1]], attention=Attention("cbam"))


def _resnext(m: re.Match[str]) -> ResNetSpec:
    spec = replace(R50, depths=BOTTLENECK_DEPTHS[m[2]], groups=int(m[3]), base_width=int(m[4]))
    return _plain(m[1], spec)


def _cifar(m: re.Match[str]) -> ResNetSpec:
    """Three stages as the paper's, but with projections (B); pre-activation nets differ in stem and end."""
    kind, depth, classes = m[1], int(m[2]), CLASSES[m[4]]
    bottlenecks = bool(m[3]) or depth == 1001
    n, rest = divmod(depth - 2, 9 if bottlenecks else 6)
    if rest or n < 1:
        layers = "9n+2" if bottlenecks else "6n+2"
        raise UnknownModelError(f"no model {m[0]!r}: its depth must be {layers}", hint="as pytorchcv:resnet20_cifar10")
    spec = replace(NARROW, depths=(n,) * 3, block="bottleneck" if bottlenecks else "basic", num_classes=classes)
    match kind:
        case "pre" | "diapre":
            return replace(_plain(kind, spec), stem_norm_act=None)
        case "sepre":
            return replace(_plain(kind, spec), final_norm=False)
    return _plain(kind, spec)


def _drn(m: re.Match[str]) -> ResNetSpec:
    """DRN-D: an eighth of the resolution, and two convolutions that undo the dilation (arXiv:1705.09914, figure 5)."""
    depths = {"22": (2, 2, 2, 2), "38": (3, 4, 6, 3), "54": (3, 4, 6, 3), "105": (3, 4, 23, 3)}[m[1]]
    spec = replace(R50, block="basic" if int(m[1]) < 50 else "bottleneck", depths=depths, strides=(2, 2, 2, 2))
    spec = replace(spec, stem=((7, 1, 16), (3, 1, 16), (3, 2, 32)), stem_pool="none")
    return replace(spec, output_stride=8, dilated_from="first", neck=((3, 2, 512), (3, 1, 512)), head="conv")


def _ror(m: re.Match[str]) -> ResNetSpec:
    spec = replace(NARROW, depths=((int(m[1]) - 8) // 6,) * 3, block="basic", levels="stages")
    return replace(spec, num_classes=CLASSES[m[2]])


def _senet(m: re.Match[str]) -> ResNetSpec:
    """The nets of the SE paper that build on ResNeXt; SENet-154 won ILSVRC 2017."""
    depth = {"16": "14", "28": "26", "40": "38", "52": "50", "103": "101", "154": "152"}[m[1]]
    spec = replace(R50, block="senet", depths=BOTTLENECK_DEPTHS[depth], stem=WIDE, attention=SE)
    return replace(spec, groups=64 if m[1] == "154" else 32, base_width=4)


def _pyramid(m: re.Match[str]) -> ResNetSpec:
    """``alpha`` more planes at the end than at the start, added in equal steps (arXiv:1610.02915, equation 2)."""
    n = (int(m[1]) - 2) // (9 if m[3] else 6)
    step = int(m[2]) / (3 * n)
    planes = tuple(round(16 + step * i) for i in range(1, 3 * n + 1))
    spec = replace(NARROW, block="bottleneck" if m[3] else "basic", order="pyramid", shortcut="A", depths=(n,) * 3)
    return replace(spec, widths=tuple(planes[i : i + n] for i in range(0, 3 * n, n)), num_classes=CLASSES[m[4]])


def _resnext_cifar(m: re.Match[str]) -> ResNetSpec:
    n = (int(m[1]) - 2) // 9
    spec = replace(NARROW, depths=(n,) * 3, widths=(64, 128, 256), stem=((3, 1, 64),))
    return replace(spec, groups=int(m[2]), base_width=int(m[3]), num_classes=CLASSES[m[4]])


def _wide(m: re.Match[str]) -> ResNetSpec:
    n, k = (int(m[1]) - 4) // 6, int(m[2])
    spec = replace(NARROW, block="basic", order="pre", depths=(n,) * 3, widths=(16 * k, 32 * k, 64 * k))
    return replace(spec, num_classes=CLASSES[m[3]])


_DATA = "(_cifar100?|_svhn)"
_ROWS: tuple[tuple[str, str, Callable[[re.Match[str]], ResNetSpec]], ...] = (
    ("resnet", "(pre|sepre|dia|diapre)?resnet(10|12|14|16|18|26|34)()", _basic),
    ("resnet", "(se)?resnet(10|12|14|16|18|26|34)(_cub)?", _basic),
    ("resnet", "(pre|se|sepre|dia|diapre)?resnet(50|101|152|200)(b)?()", _bottleneck),
    ("resnet", "cbam_resnet(18|34|50|101|152)", _cbam),
    ("resnet", "(pre|sepre|dia|diapre)?resnetbc(14|26|38)(b)()", _bottleneck),
    ("resnet", "(se)?resnetbc(14|26|38)(b)(_cub)?", _bottleneck),
    ("resnet", "(se)?resnet(50|101|152|200)(b)?(_cub)", _bottleneck),
    ("resnet", "(pre|sepre|diapre)resnet(269)(b)()", _bottleneck),
    ("resnet", "(pre)?resnet18_(wd4|wd2|w3d4)", _narrowed),
    ("resnet", "resneta(bc)?(10|14|18|50|101|152)(b)?", _resneta),
    ("resnest", "resnesta(bc14|bc26|50|101|152|200|269)", _resnesta),
    ("drn", "drnd(22|38|54|105)", _drn),
    ("senet", "senet(16|28|40|52|103|154)", _senet),
    ("resnext", "(se)?resnext(14|26|38|50|101)_(16|32|64)x(2|4)d", _resnext),
    ("cifar", f"(pre|se|sepre|dia|diapre)?resnet([0-9]{{1,4}})(bn)?{_DATA}", _cifar),
    ("cifar", f"resnext(20|29|272)_(1|2|16|32)x(2|4|32|64)d{_DATA}", _resnext_cifar),
    ("cifar", f"pyramidnet(110|164|200|236|272)_a(48|84|200|220|240|270)(_bn)?{_DATA}", _pyramid),
    ("cifar", f"ror3_(56|110|164){_DATA}", _ror),
    ("cifar", f"wrn(16|28|40)_(8|10){_DATA}", _wide),
)
PATTERNS = tuple((f"pytorchcv-{family}", f"pytorchcv:{pattern}", spec) for family, pattern, spec in _ROWS)

FAMILIES: dict[str, dict[str, ResNetSpec]] = {}
WRITINGS = {f"pytorchcv-{family}": "pytorchcv" for family, _, _ in _ROWS}
