"""The words of this package and of the papers, one meaning each, as data: a shelf a subject."""

from collections.abc import Iterator
from importlib import import_module

from resnet_inspect.explainer.glossary.term import Term

SHELVES = ("work", "image", "block", "parts", "speed", "time", "house")


def terms() -> Iterator[Term]:
    """Every term, subject by subject."""
    for shelf in SHELVES:
        yield from import_module(f"{__name__}.{shelf}").TERMS


def find(word: str) -> Term | None:
    """The term that ``word`` names, by its key or an alias; spaces, underscores and case do not matter."""
    wanted = plain(word)
    return next((term for term in terms() if wanted in map(plain, (term.key, *term.aliases))), None)


def plain(word: str) -> str:
    return word.strip().casefold().replace("_", "-").replace(" ", "-")
