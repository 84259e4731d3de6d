"""The sentences of a lesson: translated into the reader's language, filled in and joined."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from resnet_inspect.language import translator

SPACES = {"en": " ", "zh": ""}  # between two sentences
LISTS = {"en": (", ", " and "), "zh": ("、", " 和 ")}  # between the entries of a list, and before the last
# A field of an English text, and in group 2 what it counts, as {count} blocks; in group 3 one of these.
PLURAL = re.compile(
    r"\{(\w+)\} ((block|channel|class|convolution|feature|group|head|image|layer|MAC|multiply-accumulate|number|"
    r"parameter|part|pixel|position|product|row|shift|value|weight|word)(?:es|s))\b"
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """``say("{n} blocks", n="16")``; tests/catalogue.py extracts texts by the name ``say``."""

    language: str

    def __call__(self, text: str, **values: str) -> str:
        translated = translator(self.language)(text)
        if self.language == "en":
            translated = PLURAL.sub(
                lambda found: f"{{{found[1]}}} {found[3 if values[found[1]] == '1' else 2]}", translated
            )
        return translated.format(**values) if values else translated

    def paragraph(self, *sentences: str) -> str:
        """The sentences in order, without the empty ones."""
        return SPACES[self.language].join(filter(None, sentences))

    def listed(self, items: Sequence[str]) -> str:
        """``a, b and c``."""
        comma, last = LISTS[self.language]
        return comma.join(items[:-1]) + last + items[-1] if len(items) > 1 else "".join(items)
