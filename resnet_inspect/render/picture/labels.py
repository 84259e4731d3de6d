"""Names next to what they name, none over another: each takes the first of several places that is free."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from resnet_inspect.render.picture.shapes import SMALL, XY, Anchor, Path, Shape, Word, width_of

PITCH = 6.0  # between two samples of a line that names avoid
REACH = (3.0, 14.0, 26.0)  # from the mark to its name; beyond the first, a thin line joins the two


class Room(NamedTuple):
    """A rectangle of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Room") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, place: XY) -> bool:
        return self.left <= place[0] <= self.right and self.top <= place[1] <= self.bottom

    def inside(self, other: "Room") -> bool:
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )


class Name(NamedTuple):
    """A text for the mark at (x, y) whose edge is ``radius`` away; ``ways`` are where it may stand, the best first."""

    text: str
    x: float
    y: float
    radius: float = 0.0
    ways: Sequence[XY] = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
    paint: str = "text"


def around(x: float, y: float, radius: float) -> Room:
    return Room(x - radius, y - radius, x + radius, y + radius)


def along(points: Sequence[XY]) -> Iterator[XY]:
    """Places on a line, ``PITCH`` apart."""
    for (x, y), (to_x, to_y) in pairwise(points):
        steps = max(1, int(max(abs(to_x - x), abs(to_y - y)) / PITCH))
        yield from ((x + (to_x - x) * i / steps, y + (to_y - y) * i / steps) for i in range(steps + 1))


class Placed(NamedTuple):
    """The names as words; those that stand as their number, from 1; and how many have no room even for that."""

    shapes: list[Shape]
    numbered: list[str]
    left_out: int


def place(names: Iterable[Name], marks: Sequence[Room], lines: Sequence[XY], bounds: Room) -> Placed:
    """Each name in a free place, if there is one, or else its number: where it covers the least of ``lines``."""
    taken = [*marks]
    shapes: list[Shape] = []
    numbered: list[str] = []
    left_out = 0
    for name in names:
        found = _best(name, name.text, taken, lines, bounds)
        if found is None and (found := _best(name, str(len(numbered) + 1), taken, lines, bounds)):
            numbered.append(name.text)
        if found is None:
            left_out += 1
            continue
        room, drawn = found
        taken.append(room)
        shapes += drawn
    return Placed(shapes, numbered, left_out)


def _best(
    name: Name, text: str, taken: Sequence[Room], lines: Sequence[XY], bounds: Room
) -> tuple[Room, list[Shape]] | None:
    """The free place for ``text`` that covers the least of the lines; the nearest of equal ones."""
    best: tuple[int, Room, list[Shape]] | None = None
    for reach in REACH:
        for way in name.ways:
            room, drawn = _beside(name, text, way, reach)
            if not room.inside(bounds) or any(map(room.meets, taken)):
                continue
            covered = sum(map(room.holds, lines))
            if best is None or covered < best[0]:
                best = covered, room, drawn
        if best and best[0] == 0:
            break
    return best and best[1:]


def _beside(name: Name, text: str, way: XY, reach: float) -> tuple[Room, list[Shape]]:
    """Where ``text`` is with its words, in direction ``way`` of its mark."""
    right, down = way
    diagonal = 0.75 if right and down else 1.0
    x = name.x + right * (name.radius + reach) * diagonal
    y = name.y + down * (name.radius + reach) * diagonal
    width, half = width_of(text, SMALL), SMALL / 2
    anchor: Anchor = "middle" if not right else "start" if right > 0 else "end"
    left = x - (width / 2 if not right else 0 if right > 0 else width)
    middle = y + down * half
    room = Room(left - 1, middle - half, left + width + 1, middle + half)
    word = Word(x, middle + SMALL * 0.36, text, anchor, name.paint, SMALL, halo=True)
    if reach == REACH[0]:
        return room, [word]
    start = (name.x + right * name.radius * diagonal, name.y + down * name.radius * diagonal)
    return room, [Path((start, (x, y)), stroke="grey", width=0.75), word]
