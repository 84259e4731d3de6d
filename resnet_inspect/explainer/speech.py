"""How a lesson speaks: the texts of the source, filled in and in one language."""

from collections.abc import Sequence
from dataclasses import dataclass

from resnet_inspect.language import translator

SPACES = {"en": " ", "zh": ""}  # between two sentences
LISTS = {"en": (", ", " and "), "zh": ("、", " 和 ")}  # between the entries of a list, and before the last


@dataclass(frozen=True, slots=True)
class Voice:
    """``say("{n} blocks", n="16")``; the call's name is what extracts the text for the catalogue."""

    language: str

    def __call__(self, text: str, **values: str) -> str:
        said = translator(self.language)(text)
        return said.format(**values) if values else said

    def paragraph(self, *sentences: str) -> str:
        """Sentences one after the other, the empty ones left out."""
        return SPACES[self.language].join(filter(None, sentences))

    def listed(self, items: Sequence[str]) -> str:
        """``a, b and c``."""
        comma, last = LISTS[self.language]
        return comma.join(items[:-1]) + last + items[-1] if len(items) > 1 else "".join(items)
