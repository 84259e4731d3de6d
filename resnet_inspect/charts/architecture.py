"""A net drawn: its stages from top to bottom, the blocks of each from left to right, the shapes between them."""

from collections.abc import Iterator, Sequence
from math import log2
from textwrap import wrap
from typing import NamedTuple

from resnet_inspect.chart import DRAWING_WIDTH, Arrow, Axis, Box, Chart, Mark, Text
from resnet_inspect.charts.net_parts import Kind, Part, Stage, stages_of
from resnet_inspect.graph import Graph
from resnet_inspect.report import Column, tabulate
from resnet_inspect.units import counted

# kind -> what the legend says, the slot of the palette, and whether the box is hollow
LOOKS: dict[Kind, tuple[str, int | None, bool]] = {
    "projection": ("block, projection shortcut", 1, False),
    "identity": ("block, identity shortcut", 0, True),
    "block": ("block without a sum", 2, True),
    "layers": ("other layers", None, False),
}
NOTE = "height: resolution, to scale; width: channels, on a log scale"

# In units of a drawing.
TALLEST, LOWEST = 72.0, 3.0  # height of the largest map, and the least that shows
NARROWEST, DOUBLING = 8.0, 5.0  # width of the fewest channels, and what twice as many add
WIDEST = 2.5  # times these, where there is room
GAP, LINE, ARROW = 4.0, 17.0, 26.0  # between boxes, of a line of text, between stages
LETTER, SMALL = 9.0, 7.5  # width of a letter, in a wide font
INDENT = 10.0  # of the arrows

COLUMNS: tuple[Column[Stage], ...] = (
    Column("stage", "stage", lambda stage: stage.name),
    Column("made_of", "made of", lambda stage: stage.made_of),
    Column("blocks", "blocks", lambda stage: stage.blocks, "integer"),
    Column("projections", "projections", lambda stage: stage.projections, "integer"),
    Column("output", "output", lambda stage: stage.out.shape, "shape"),
)


def architecture(graph: Graph) -> Chart:
    """Each stage as the maps that its blocks give: as high as their resolution, as wide as their channels' logarithm.

    Where blocks are many, alike ones in a row are one box with their number. Layers outside blocks, as in stem and
    head, have a box for each type that they give in turn.
    """
    stages = [*stages_of(graph)]
    return Chart(
        key="architecture",
        title=f"{graph.name}, input {graph.input}",
        x=Axis(scale="drawing"),
        y=Axis(scale="drawing"),
        marks=tuple(_draw(graph, stages)),
        table=tabulate("architecture", "architecture", COLUMNS, stages),
        alt=_told(graph, stages),
    )


class _Scale(NamedTuple):
    """How large a part is drawn; ``stretch`` widens or narrows all boxes alike, by the longest stage's room."""

    fewest: int
    largest: int
    stretch: float = 1.0

    def width(self, part: Part) -> float:
        return self.stretch * (NARROWEST + DOUBLING * log2(max(part.channels, 1) / self.fewest))

    def height(self, part: Part) -> float:
        return max(TALLEST * part.resolution / self.largest, LOWEST)

    def advance(self, part: Part) -> float:
        return self.width(part) + GAP * min(self.stretch, 1.0)


def _scale(stages: Sequence[Stage]) -> _Scale:
    parts = [part for stage in stages for part in stage.parts]
    channels, sides = [max(part.channels, 1) for part in parts], [part.resolution for part in parts]
    scale = _Scale(min(channels, default=1), max([1, *sides]))
    needed = max([_length(_shown(stage, scale), scale) for stage in stages], default=0.0)
    return scale._replace(stretch=min(WIDEST, DRAWING_WIDTH / needed)) if needed else scale


def _shown(stage: Stage, scale: _Scale) -> list[tuple[Part, int]]:
    """Each part with how many boxes it has: one for each block, or one with a count where these have no room."""
    one_by_one = [(part, part.times) for part in stage.parts]
    return one_by_one if _length(one_by_one, scale) <= DRAWING_WIDTH else [(part, 1) for part in stage.parts]


def _length(shown: Sequence[tuple[Part, int]], scale: _Scale) -> float:
    counts = sum(LETTER * len(_count(part)) for part, boxes in shown if boxes < part.times)
    return counts + sum(boxes * scale.advance(part) for part, boxes in shown)


def _count(part: Part) -> str:
    return f" ×{part.times} "


def _draw(graph: Graph, stages: Sequence[Stage]) -> Iterator[Mark]:
    scale = _scale(stages)
    y = LINE / 2
    yield Text(0.0, y, f"input {graph.input}", "start", small=True)
    y += LINE / 2
    for stage in stages:
        yield Arrow(((INDENT, y), (INDENT, y + ARROW - LINE / 4)))
        y += ARROW - LINE / 2
        for x, line, small in _words(stage):
            y += 0 if x else LINE
            yield Text(x, y, line, "start", small=small)
        y += LINE
        tallest = max((scale.height(part) for part in stage.parts), default=0.0)
        yield from _boxes(stage, scale, y + tallest / 2 - LINE / 4)
        y += tallest
        if stage is not stages[-1]:
            yield Text(2 * INDENT, y + ARROW / 2, str(stage.out), "start", small=True)
    yield Arrow(((INDENT, y), (INDENT, y + ARROW - LINE / 4)))
    y += ARROW + LINE / 2
    yield Text(0.0, y, f"output {graph.output}", "start", small=True)
    yield Text(0.0, y + 1.5 * LINE, NOTE, "start", small=True)


def _words(stage: Stage) -> Iterator[tuple[float, str, bool]]:
    """The lines of a stage's name and, small, of what it is made of: next to the name where both are short."""
    *names, last = wrap(stage.name, int(DRAWING_WIDTH / LETTER)) or [""]
    yield from ((0.0, name, False) for name in names)
    yield 0.0, last, False
    indent = LETTER * (len(last) + 1)
    letters = int((DRAWING_WIDTH - indent) / SMALL)
    x, room = (indent, letters) if letters >= len(stage.made_of) else (0.0, int(DRAWING_WIDTH / SMALL))
    yield from ((x, line, True) for line in wrap(stage.made_of, room))


def _boxes(stage: Stage, scale: _Scale, middle: float) -> Iterator[Mark]:
    x = 0.0
    for part, boxes in _shown(stage, scale._replace(stretch=min(scale.stretch, 1.0))):
        label, color, hollow = LOOKS[part.kind]
        width, height = scale.width(part), scale.height(part)
        for _ in range(boxes):
            yield Box(x, middle - height / 2, width, height, "", label, color, hollow)
            x += scale.advance(part)
        if boxes < part.times:
            count = _count(part)
            yield Text(x, middle, count.strip(), "start")
            x += LETTER * len(count)


def _told(graph: Graph, stages: Sequence[Stage]) -> str:
    blocks, projections = sum(stage.blocks for stage in stages), sum(stage.projections for stage in stages)
    with_blocks = counted(sum(stage.blocks > 0 for stage in stages), "stage")
    told = f"{counted(blocks, 'block')} in {with_blocks}, {projections} with a projection"
    parts = [part for stage in stages for part in stage.parts]
    maps = [part for part in parts if part.resolution > 1] or parts  # a vector's features are no channels
    if not maps:
        return f"{graph.name} gives its input back."
    sides, channels = [part.resolution for part in maps], max(part.channels for part in maps)
    told = told if blocks else counted(len(stages), "stage")
    return f"{graph.name}: {told}; maps from {max(sides)} pixels a side to {min(sides)}, up to {channels:,} channels."
