"""The terms of this package and of the papers, one meaning each; each shelf is a subject."""

from collections.abc import Iterator
from importlib import import_module

from resnet_inspect.explainer.glossary.term import Term

SHELVES = ("work", "resolution", "block", "layers", "hardware", "measurement", "package", "learning")


def terms() -> Iterator[Term]:
    """Every term, shelf by shelf."""
    for shelf in SHELVES:
        yield from import_module(f"{__name__}.{shelf}").TERMS


def find(word: str) -> Term | None:
    """The term that ``word`` names, by its key or an alias; spaces, underscores and case do not matter."""
    wanted = normalize(word)
    return next((term for term in terms() if wanted in map(normalize, (term.key, *term.aliases))), None)


def normalize(word: str) -> str:
    return word.strip().casefold().replace("_", "-").replace(" ", "-")
