"""What stands above and below a chart: its title, what the colours mean, and the names that found no place in it."""

from collections.abc import Sequence

from resnet_inspect.chart import Box, Chart, Line, Mark, Points
from resnet_inspect.render.picture.shapes import (
    SMALL,
    TITLE,
    WIDTH,
    Disc,
    Path,
    Shape,
    Word,
    rectangle,
    shorten,
    width_of,
    wrap,
)
from resnet_inspect.render.picture.style import paint_of
from resnet_inspect.units import counted

MARGIN = 8.0
LINE = 17.0  # from one baseline to the next
SWATCH = 18.0  # with the space after it
SPACE = 14.0  # between two entries


def title(text: str) -> tuple[list[Shape], float]:
    """The title's lines, and the place below them."""
    lines = wrap(text, WIDTH - 2 * MARGIN, TITLE, bold=True)
    words = [Word(MARGIN, 20 + 19 * i, line, size=TITLE, bold=True) for i, line in enumerate(lines)]
    return [*words], 8 + 19.0 * len(lines)


def legend(chart: Chart, top: float) -> tuple[list[Shape], float]:
    """A swatch and a word for each label, in as many lines as they take, and the place below them."""
    shapes: list[Shape] = []
    entries = [(label, SWATCH) for label in labelled(chart)] + ([(chart.area, 0.0)] if chart.area else [])
    places, bottom = _flow([(label, before) for label, before in entries], top)
    for (label, before), (x, y) in zip(entries, places, strict=True):
        if before:
            shapes.append(_swatch(labelled(chart)[label], x, y))
        shapes.append(Word(x + before, y, _cut(label, before), paint="muted", size=SMALL))
    return shapes, bottom


def numbers(texts: Sequence[str], left_out: int, top: float) -> tuple[list[Shape], float]:
    """The names that stand in the chart as numbers, how many stand nowhere, and the place below them."""
    entries = [f"{number} {text}" for number, text in enumerate(texts, start=1)]
    entries += [f"no room for {counted(left_out, 'name')}"] if left_out else []
    places, bottom = _flow([(entry, 0.0) for entry in entries], top)
    words = zip(entries, places, strict=True)
    return [Word(x, y, _cut(entry), paint="muted", size=SMALL) for entry, (x, y) in words], bottom


def labelled(chart: Chart) -> dict[str, Mark]:
    """The first mark of each label."""
    marks: dict[str, Mark] = {}
    for mark in chart.marks:
        if label := getattr(mark, "label", ""):  # a Rule, an Arrow and a Text have none
            marks.setdefault(label, mark)
    return marks


def _cut(text: str, before: float = 0.0) -> str:
    return shorten(text, WIDTH - 2 * MARGIN - before, SMALL)


def _flow(entries: Sequence[tuple[str, float]], top: float) -> tuple[list[tuple[float, float]], float]:
    """Where each text begins on its baseline, with so much room before it, and the place below the last line."""
    places: list[tuple[float, float]] = []
    x, y = MARGIN, top + LINE
    for text, before in entries:
        width = before + width_of(_cut(text, before), SMALL)
        if x > MARGIN and x + width > WIDTH - MARGIN:
            x, y = MARGIN, y + LINE
        places.append((x, y))
        x += width + SPACE
    return places, y + 6 if entries else top


def _swatch(mark: Mark, x: float, y: float) -> Shape:
    paint, middle = paint_of(getattr(mark, "color", None)), y - SMALL * 0.36
    if isinstance(mark, Line):
        return Path(((x, middle), (x + 13, middle)), stroke=paint, width=2, dashed=mark.dashed)
    if isinstance(mark, Points):
        return Disc(x + 6, middle, 5, paint, hollow=mark.hollow)
    box = rectangle(x, middle - 5, x + 12, middle + 5)
    hollow = isinstance(mark, Box) and mark.hollow
    return Path(box, stroke=paint, fill="ground", width=1.5) if hollow else Path(box, fill=paint)
