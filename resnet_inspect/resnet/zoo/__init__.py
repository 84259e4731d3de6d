"""Named variants: families of specs, and patterns of names that stand for further specs."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from resnet_inspect.errors import UnknownModelError
from resnet_inspect.resnet.spec import ResNetSpec


@dataclass(frozen=True, slots=True)
class Variant:
    """A named spec; ``writing`` is the library whose module layout other tools count."""

    name: str
    family: str
    spec: ResNetSpec
    writing: str = "torchvision"


class Shelf(Protocol):
    """A module of this package: specs by family and name, and patterns of names for further specs.

    ``WRITINGS`` lists the families with another library's module layout than torchvision's (see ``counting.writing``).
    """

    WRITINGS: dict[str, str]
    FAMILIES: dict[str, dict[str, ResNetSpec]]
    PATTERNS: tuple[tuple[str, str, Callable[[re.Match[str]], ResNetSpec]], ...]


def shelves() -> Iterator[Shelf]:
    """Every shelf, imported when the search reaches it; most searches end at the first."""
    for name in ("imagenet", "timm", "preact", "regnet", "byob", "cifar", "tutorial", "pytorchcv"):
        yield import_module(f"{__name__}.{name}")


def find(name: str) -> Variant:
    """The variant called ``name``.

    Raises:
        UnknownModelError: there is none; the hint suggests the nearest names.
    """
    for shelf in shelves():
        for family, specs in shelf.FAMILIES.items():
            if name in specs:
                return _variant(shelf, name, family, specs[name])
        for family, pattern, spec in shelf.PATTERNS:
            if match := re.fullmatch(pattern, name, re.ASCII):
                return _variant(shelf, name, family, spec(match))
    raise UnknownModelError(f"unknown model {name!r}", hint=did_you_mean(nearest(name)))


def variants() -> Iterator[Variant]:
    """Every listed variant, family by family; patterns allow further names."""
    for shelf in shelves():
        for family, specs in shelf.FAMILIES.items():
            for name, spec in specs.items():
                yield _variant(shelf, name, family, spec)


def _variant(shelf: Shelf, name: str, family: str, spec: ResNetSpec) -> Variant:
    return Variant(name, family, spec, shelf.WRITINGS.get(family, "torchvision"))


def nearest(name: str) -> list[str]:
    """Up to three listed variants whose names come near to ``name``."""
    from difflib import get_close_matches  # only needed for an error

    return get_close_matches(name.lower().replace("-", "_"), [v.name for v in variants()])


def matching(glob: str) -> list[Variant]:
    """The listed variants whose name or family matches.

    Raises:
        UnknownModelError: none does.
    """
    from fnmatch import fnmatchcase  # which finding a name does without

    found = [v for v in variants() if fnmatchcase(v.name, glob) or fnmatchcase(v.family, glob)]
    if not found:
        is_glob = any(sign in glob for sign in "*?[")
        raise UnknownModelError(f"no variant matches {glob!r}", did_you_mean(() if is_glob else nearest(glob)))
    return found


def did_you_mean(names: Sequence[str]) -> str:
    """The hint of an unknown model; without names, where to find some."""
    if not names:
        return "`resnet-inspect list` shows every model"
    return f"did you mean {' or '.join(map(repr, names))}?"
