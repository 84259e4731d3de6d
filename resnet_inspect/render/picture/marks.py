"""The marks of a Chart as shapes, inside the frame of its axes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from math import hypot, sqrt

from resnet_inspect.chart import XY, Area, Arrow, Bars, Box, Interval, Line, Mark, Points, Rule, Span, Text
from resnet_inspect.render.picture.labels import Name, Room, along, around
from resnet_inspect.render.picture.scales import Scale
from resnet_inspect.render.picture.shapes import SMALL, Disc, Path, Shape, Word, rectangle, shorten, width_of
from resnet_inspect.render.picture.style import ink_on, paint_of

DOT, SMALLEST, LARGEST = 3.5, 2.5, 12.0  # radii of points
CAP = 4.0  # half of an interval's end
HEAD = 6.0  # of an arrow


@dataclass(slots=True)
class Frame:
    """Where a chart's values are, and what its names have to avoid.

    ``thickness`` is a bar's, ``shift`` the way from the middle of a row to its marks; ``largest`` is the largest area.
    Bars ``lie`` where y has the categories. A drawing's texts stay where they are put.
    """

    x: Scale
    y: Scale
    thickness: float = 16.0
    shift: float = 0.0
    largest: float = 0.0
    is_drawing: bool = False
    lie: bool = False
    stacks: dict[float, float] = field(default_factory=dict)
    names: list[Name] = field(default_factory=list)
    rooms: list[Room] = field(default_factory=list)
    lines: list[XY] = field(default_factory=list)

    def at(self, x: float, y: float) -> XY:
        return self.x.place(x), self.y.place(y) + self.shift

    def radius(self, area: float | None) -> float:
        if not (area and self.largest):
            return DOT
        return min(LARGEST, max(SMALLEST, LARGEST * sqrt(max(0.0, area) / self.largest)))

    @property
    def edges(self) -> Room:
        top, bottom = sorted((self.y.start, self.y.end))
        return Room(self.x.start, top, self.x.end, bottom)


def draw(mark: Mark, frame: Frame) -> Iterator[Shape]:
    """The shapes of ``mark``; its names wait in ``frame`` until every mark is drawn."""
    match mark:
        case Points():
            yield from _points(mark, frame)
        case Line(at, _, color, dashed, step) if at:
            path = [frame.at(x, y) for x, y in (_held(at) if step else at)]
            frame.lines += along(path)
            yield Path(straightened(path), stroke=paint_of(color), width=2, dashed=dashed)
        case Bars():
            yield from _bars(mark, frame)
        case Area() if mark.at:
            yield _area(mark, frame)
        case Interval():
            yield from _interval(mark, frame)
        case Rule():
            yield _rule(mark, frame)
        case Span():
            yield from _span(mark, frame)
        case Box():
            yield from _box(mark, frame)
        case Arrow(at, color) if len(at) > 1:
            yield from _arrow([frame.at(x, y) for x, y in at], paint_of(color))
        case Text():
            yield from _text(mark, frame)


def _points(mark: Points, frame: Frame) -> Iterator[Shape]:
    for point in sorted(mark.points, key=lambda point: -(point.area or 0.0)):  # the small ones in front
        x, y = frame.at(point.x, point.y)
        radius = frame.radius(point.area)
        yield Disc(x, y, radius, paint_of(mark.color), point.detail or point.text, mark.hollow)
    for point in mark.points:
        x, y = frame.at(point.x, point.y)
        frame.rooms.append(around(x, y, 0.75 * frame.radius(point.area)))
        if point.text:
            frame.names.append(Name(point.text, x, y, frame.radius(point.area)))


def _bars(mark: Bars, frame: Frame) -> Iterator[Shape]:
    half = frame.thickness / 2
    for (category, length), text in zip(mark.at, chain(mark.texts, repeat("")), strict=False):
        start = frame.stacks.get(category, 0.0)
        frame.stacks[category] = start + length
        if frame.lie:
            left, middle = frame.at(start, category)
            right, _ = frame.at(start + length, category)
            room = Room(left, middle - half, right, middle + half)
        else:
            middle, bottom = frame.at(category, start)
            _, top = frame.at(category, start + length)
            room = Room(max(middle - half, frame.edges.left), top, min(middle + half, frame.edges.right), bottom)
        detail = f"{mark.label}: {text}" if mark.label and text else mark.label or text
        yield Path(rectangle(*room), fill=paint_of(mark.color), stroke="ground", detail=detail)
        if text and width_of(text, SMALL) + 4 <= room.right - room.left and room.bottom - room.top >= SMALL:
            x, y = (room.left + room.right) / 2, (room.top + room.bottom) / 2 + SMALL * 0.36
            yield Word(x, y, text, "middle", ink_on(mark.color), SMALL)


def _area(mark: Area, frame: Frame) -> Path:
    under = [(x, frame.stacks.get(x, 0.0)) for x, _ in mark.at]
    over = [(x, base + height) for (x, base), (_, height) in zip(under, mark.at, strict=True)]
    frame.stacks.update(over)
    outline = [frame.at(x, y) for x, y in (*_held(over), *reversed(_held(under)))]
    return Path(straightened(outline), fill=paint_of(mark.color), detail=mark.label)


def _interval(mark: Interval, frame: Frame) -> Iterator[Shape]:
    paint = paint_of(mark.color)
    lies = mark.way == "x"
    low, middle, high = (
        frame.at(value, mark.at) if lies else frame.at(mark.at, value) for value in (mark.low, mark.middle, mark.high)
    )
    yield Path((low, high), stroke=paint, width=2)
    across = (0.0, CAP) if lies else (CAP, 0.0)
    for x, y in (low, high):
        yield Path(((x - across[0], y - across[1]), (x + across[0], y + across[1])), stroke=paint, width=2)
    yield Disc(*middle, 4.5, paint, mark.text)
    frame.lines += along((low, high))
    frame.rooms.append(around(*middle, 4.5))
    if mark.text and not frame.shift:  # with a shift, the text stands on the line of the row's name
        frame.names.append(Name(mark.text, *middle, 4.5))


def _rule(mark: Rule, frame: Frame) -> Path:
    edges, paint = frame.edges, "text" if mark.color is None else paint_of(mark.color)
    if mark.way == "y":
        y = frame.y.place(mark.at)
        ends = (edges.left, y), (edges.right, y)
        frame.names.append(Name(mark.text, edges.right, y, 0, ((-1, -1), (-1, 1)), paint))
    else:
        x = frame.x.place(mark.at)
        ends = (x, edges.top), (x, edges.bottom)
        frame.names.append(Name(mark.text, x, edges.top, 0, ((1, 1), (-1, 1)), paint))
    frame.lines += along(ends)
    return Path(ends, stroke=paint, width=1.25, dashed=True)


def _span(mark: Span, frame: Frame) -> Iterator[Shape]:
    edges = frame.edges
    if mark.way == "x":
        room = Room(frame.x.place(mark.low), edges.top, frame.x.place(mark.high), edges.bottom)
        x, y = (room.left + room.right) / 2, room.top + SMALL + 1
    else:
        room = Room(edges.left, frame.y.place(mark.high), edges.right, frame.y.place(mark.low))
        x, y = (room.left + room.right) / 2, room.top + SMALL
    fill, opacity = ("band", 1.0) if mark.color is None else (paint_of(mark.color), 0.18)
    if mark.shaded:
        yield Path(rectangle(*room), fill=fill, opacity=opacity, detail=mark.text or mark.label)
    width = width_of(mark.text, SMALL)
    if mark.text and width <= room.right - room.left:
        yield Word(x, y, mark.text, "middle", "muted", SMALL)
        frame.rooms.append(Room(x - width / 2, y - SMALL, x + width / 2, y + 2))


def _box(mark: Box, frame: Frame) -> Iterator[Shape]:
    x, y = frame.at(mark.x, mark.y)
    to_x, to_y = frame.at(mark.x + mark.width, mark.y + mark.height)
    room = Room(min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y))
    paint = paint_of(mark.color)
    fill, stroke = ("ground", paint) if mark.hollow else (paint, "ground")
    yield Path(rectangle(*room), stroke=stroke, fill=fill, width=1.5 if mark.hollow else 1.0, detail=mark.text)
    if mark.text and room.right - room.left > 2 * SMALL and room.bottom - room.top >= SMALL:
        text = shorten(mark.text, room.right - room.left - 4, SMALL)
        ink = "text" if mark.hollow else ink_on(mark.color)
        yield Word(
            (room.left + room.right) / 2, (room.top + room.bottom) / 2 + SMALL * 0.36, text, "middle", ink, SMALL
        )


def _arrow(path: Sequence[XY], paint: str) -> Iterator[Shape]:
    (x, y), (to_x, to_y) = path[-2:]
    length = hypot(to_x - x, to_y - y) or 1.0
    right, down = (to_x - x) / length, (to_y - y) / length
    back = to_x - HEAD * right, to_y - HEAD * down
    yield Path((*path[:-1], back), stroke=paint, width=1.5)
    wing = HEAD / 2
    yield Path(
        (
            (to_x, to_y),
            (back[0] - wing * down, back[1] + wing * right),
            (back[0] + wing * down, back[1] - wing * right),
        ),
        fill=paint,
    )


def _text(mark: Text, frame: Frame) -> Iterator[Shape]:
    x, y = frame.at(mark.x, mark.y)
    paint = "text" if mark.color is None else paint_of(mark.color)
    if frame.is_drawing:
        size = SMALL if mark.small else SMALL + 1
        yield Word(x, y + size * 0.36, mark.text, mark.anchor, paint, size)
    else:
        right = {"start": 1, "middle": 0, "end": -1}[mark.anchor]
        frame.names.append(Name(mark.text, x, y, 0, ((right, -1), (right, 1)), paint))


def _held(at: Sequence[XY]) -> list[XY]:
    """The corners of a line whose values hold until the next x."""
    corners = [*at[:1]]
    for x, y in at[1:]:
        corners += [(x, corners[-1][1]), (x, y)]
    return corners


def straightened(path: Sequence[XY]) -> tuple[XY, ...]:
    """``path`` without the points between two others of one x or one y."""
    kept: list[XY] = []
    for point in path:
        if len(kept) > 1 and any(kept[-2][i] == kept[-1][i] == point[i] for i in (0, 1)):
            kept.pop()
        kept.append(point)
    return tuple(kept)
