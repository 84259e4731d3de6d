"""Wrap prose. A Chinese line may break between any two characters, but not before a closing mark."""

import re
from collections.abc import Iterator

from rich.cells import cell_len

WIDEST = 100  # longer lines are hard to read
CLOSING = "，。；：！？、）》」』”’…·％"
OPENING = "（《「『“‘"
# A line may break on either side of these: kana, ideographs, full-width forms.
WIDE = "\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef“”‘’…"
PIECES = re.compile(rf"\s+|[{OPENING}]*(?:[{WIDE}]|[^\s{WIDE}]+)[{CLOSING}]*")


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` cells; a wide character takes two, and a longer word gets a line of its own."""
    lines, line, gap = [], "", ""
    for piece in _pieces(text):
        if piece.isspace():
            gap = " "
        elif line and cell_len(line + gap + piece) > width:
            lines.append(line)
            line, gap = piece, ""
        else:
            line, gap = line + (gap if line else "") + piece, ""
    return [*lines, line]


def _pieces(text: str) -> Iterator[str]:
    return (match[0] for match in PIECES.finditer(text))
