"""The sentences of a lesson: translated into the reader's language, filled in and joined."""

from collections.abc import Sequence
from dataclasses import dataclass

from resnet_inspect.language import translator

SPACES = {"en": " ", "zh": ""}  # between two sentences
LISTS = {"en": (", ", " and "), "zh": ("、", " 和 ")}  # between the entries of a list, and before the last


@dataclass(frozen=True, slots=True)
class Speaker:
    """``say("{n} blocks", n="16")``; tests/catalogue.py extracts texts by the name ``say``."""

    language: str

    def __call__(self, text: str, **values: str) -> str:
        translated = translator(self.language)(text)
        return translated.format(**values) if values else translated

    def paragraph(self, *sentences: str) -> str:
        """The sentences in order, without the empty ones."""
        return SPACES[self.language].join(filter(None, sentences))

    def listed(self, items: Sequence[str]) -> str:
        """``a, b and c``."""
        comma, last = LISTS[self.language]
        return comma.join(items[:-1]) + last + items[-1] if len(items) > 1 else "".join(items)
