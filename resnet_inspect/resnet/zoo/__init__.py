"""Every variant with a name: families of specs, and patterns of names that stand for more."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from resnet_inspect.errors import UnknownModelError
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo import cifar, imagenet, preact, timm, tutorial


@dataclass(frozen=True, slots=True)
class Variant:
    """A named spec."""

    name: str
    family: str
    spec: ResNetSpec


FAMILIES = {**imagenet.FAMILIES, **timm.FAMILIES, **preact.FAMILIES, **cifar.FAMILIES, **tutorial.FAMILIES}
PATTERNS: tuple[tuple[str, str, Callable[[re.Match[str]], ResNetSpec]], ...] = (
    *imagenet.PATTERNS,
    *preact.PATTERNS,
    *cifar.PATTERNS,
)


def find(name: str) -> Variant:
    """The variant called ``name``.

    Raises:
        UnknownModelError: there is none; the hint names what comes nearest.
    """
    for family, variants in FAMILIES.items():
        if name in variants:
            return Variant(name, family, variants[name])
    for family, pattern, spec in PATTERNS:
        if match := re.fullmatch(pattern, name, re.ASCII):
            return Variant(name, family, spec(match))
    raise UnknownModelError(f"unknown model {name!r}", hint=_suggest(name))


def variants() -> Iterator[Variant]:
    """Every listed variant, family by family; a pattern allows more than are listed."""
    for family, specs in FAMILIES.items():
        for name, spec in specs.items():
            yield Variant(name, family, spec)
    for name in cifar.LISTED:
        yield find(name)


def _suggest(name: str) -> str:
    from difflib import get_close_matches  # only an error pays for it

    near = get_close_matches(name.lower().replace("-", "_"), [v.name for v in variants()], n=3, cutoff=0.6)
    if not near:
        return "`resnet-inspect list` shows every model"
    return "did you mean " + " or ".join(f"'{n}'" for n in near) + "?"
