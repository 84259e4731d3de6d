"""What every picture is made of: paths, discs and words, at places in units of the picture; y goes down."""

from dataclasses import dataclass
from typing import Literal

XY = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

WIDTH = 480.0  # of every picture; a phone of 390 pixels shows letters of SIZE at 10 pixels
SIZE, SMALL, TITLE = 13.0, 12.0, 15.0  # heights of letters

NARROW, WIDE = frozenset("fijlrtI .,:;'|!()[]/-"), frozenset("mwMW%@×→–<>=+~#")
BEYOND = 0x2E80  # from here on, scripts whose letters are squares


@dataclass(frozen=True, slots=True)
class Path:
    """A line through ``points``, or the polygon that it closes where it is filled; paints are names of ``style``."""

    points: tuple[XY, ...]
    stroke: str | None = None
    fill: str | None = None
    width: float = 1.0
    dashed: bool = False
    opacity: float = 1.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Disc:
    """A filled circle, or a ring of its paint where it is ``hollow``."""

    x: float
    y: float
    radius: float
    paint: str
    detail: str = ""
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One line of text on its baseline; a halo of the ground keeps it readable on lines."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    paint: str = "text"
    size: float = SIZE
    bold: bool = False
    halo: bool = False


Shape = Path | Disc | Word


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole picture, ``WIDTH`` wide; later shapes lie on earlier ones."""

    height: float
    shapes: tuple[Shape, ...]


def rectangle(left: float, top: float, right: float, bottom: float) -> tuple[XY, ...]:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def width_of(text: str, size: float = SIZE, bold: bool = False) -> float:
    """About how wide a sans-serif writes ``text``, and rather too wide: fonts differ by a tenth."""
    ems = sum(
        1.0
        if ord(char) >= BEYOND
        else 0.36
        if char in NARROW
        else 0.95
        if char in WIDE
        else 0.7
        if char.isupper()
        else 0.6
        for char in text
    )
    return size * ems * (1.16 if bold else 1.0)


def shorten(text: str, room: float, size: float = SIZE, bold: bool = False) -> str:
    """``text``, cut with an ellipsis where it is wider than ``room``."""
    if width_of(text, size, bold) <= room:
        return text
    while text and width_of(f"{text}…", size, bold) > room:
        text = text[:-1]
    return f"{text.rstrip()}…" if text else ""


def wrap(text: str, room: float, size: float = SIZE, bold: bool = False) -> list[str]:
    """``text`` in lines no wider than ``room``; a longer word is cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size, bold) <= room:
            lines[-1] = longer
        else:
            lines.append(shorten(word, room, size, bold))
    return lines
