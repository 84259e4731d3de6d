"""The axes of a chart: where its values are, and the ticks and titles that say so."""

from collections.abc import Iterator, Sequence
from math import isfinite

from resnet_inspect.chart import Area, Bars, Chart, Interval, Points
from resnet_inspect.render.picture.extent import values
from resnet_inspect.render.picture.legend import MARGIN
from resnet_inspect.render.picture.marks import Frame
from resnet_inspect.render.picture.scales import scale_of, ticks
from resnet_inspect.render.picture.shapes import SMALL, WIDTH, Path, Shape, Word, shorten, width_of

ROW, TALL_ROW = 28.0, 42.0  # of a category along y, with its name before it or above it
BELOW = 9.0  # from the middle of a tall row to its marks
BESIDE = 0.3 * WIDTH  # the widest name that stands before its row
RIGHT = WIDTH - MARGIN - 8


def frame_of(chart: Chart, top: float) -> tuple[Frame, float]:
    """The frame whose upper edge is ``top``, and the place of its lower edge."""
    rows = chart.y.categories
    bars = any(isinstance(mark, Bars | Area) for mark in chart.marks)
    bottom = top + (len(rows) * (TALL_ROW if _names_above(chart) else ROW) if rows else chart.ratio * WIDTH)
    ends = (top, bottom) if rows else (bottom, top)  # the first category is at the top
    y = scale_of(chart.y, [*values(chart, "y")], *ends, from_zero=bars and not rows)
    if _names_above(chart):
        before = 0.0
    else:
        texts = rows or [text for _, text in ticks(y, chart.y.unit, across=False)]
        before = 7 + min(BESIDE, max((width_of(text, SMALL) for text in texts), default=0.0))
    x = scale_of(chart.x, [*values(chart, "x")], MARGIN + before, RIGHT, from_zero=bars and bool(rows))
    frame = Frame(x, y, lie=bool(rows), shift=BELOW if _names_above(chart) else 0.0)
    points = (point for mark in chart.marks if isinstance(mark, Points) for point in mark.points)
    frame.largest = max((point.area for point in points if point.area and isfinite(point.area)), default=0.0)
    if chart.x.categories:
        frame.thickness = min(40.0, 0.7 * (x.end - x.start) / len(chart.x.categories))
    return frame, bottom


def _names_above(chart: Chart) -> bool:
    """Whether the names of rows take a line of their own, as they are long or share it with the text of an interval."""
    texts = any(isinstance(mark, Interval) and mark.text for mark in chart.marks)
    return bool(chart.y.categories) and (texts or any(width_of(name, SMALL) > BESIDE for name in chart.y.categories))


def draw_y(chart: Chart, frame: Frame) -> Iterator[Shape]:
    """The names of rows, or ticks with the lines of a grid."""
    left, right = frame.x.start, frame.x.end
    if not chart.y.categories:
        for value, text in ticks(frame.y, chart.y.unit, across=False):
            y = frame.y.place(value)
            yield Path(((left, y), (right, y)), stroke="grid")
            yield Word(left - 6, y + SMALL * 0.36, shorten(text, BESIDE, SMALL), "end", "muted", SMALL)
    elif not frame.shift:
        for row, name in enumerate(chart.y.categories):
            yield Word(left - 7, frame.y.place(row) + SMALL * 0.36, name, "end", size=SMALL)
    else:
        texts = {mark.at: mark.text for mark in chart.marks if isinstance(mark, Interval)}
        for row, name in enumerate(chart.y.categories):
            baseline, said = frame.y.place(row) - 5, texts.get(row, "")
            room = right - left - (width_of(said, SMALL) + 12 if said else 0.0)
            yield Word(left, baseline, shorten(name, room, SMALL), size=SMALL, halo=True)
            if said:
                yield Word(right, baseline, said, "end", size=SMALL, bold=True, halo=True)


def draw_x(chart: Chart, frame: Frame, top: float, bottom: float) -> Iterator[Shape]:
    """Ticks with the lines of a grid, or the names of categories as far as they have room."""
    baseline = bottom + SMALL + 3
    for value, text in _named(chart.x.categories, frame) or ticks(frame.x, chart.x.unit, across=True):
        x = frame.x.place(value)
        if not chart.x.categories:
            yield Path(((x, top), (x, bottom)), stroke="grid")
        half = width_of(text, SMALL) / 2
        yield Word(min(max(x, MARGIN / 2 + half), WIDTH - 2 - half), baseline, text, "middle", "muted", SMALL)
    yield Path(((frame.x.start, bottom), (frame.x.end, bottom)), stroke="grey")


def _named(categories: Sequence[str], frame: Frame) -> list[tuple[float, str]]:
    """Every category along x with its name, or each second, third and so on where all have no room."""
    room = (frame.x.end - frame.x.start) / max(1, len(categories))
    stride = next(
        (n for n in range(1, len(categories)) if max(width_of(c, SMALL) for c in categories) + 6 <= n * room), 1
    )
    return [(float(i), shorten(name, stride * room, SMALL)) for i, name in enumerate(categories) if i % stride == 0]
