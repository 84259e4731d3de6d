"""A picture before it is drawn: axes, marks at raw values, and the same figures as a table."""

from dataclasses import dataclass
from typing import Literal

from resnet_inspect.report import Table
from resnet_inspect.units import Unit

Scale = Literal["linear", "log", "category", "drawing"]
Way = Literal["x", "y"]
XY = tuple[float, float]

DRAWING_WIDTH = 464  # units of a drawing as wide as a picture; a letter is about 7 wide and 13 high
COLORS = 8  # slots of the palette


@dataclass(frozen=True, slots=True)
class Axis:
    """Values along one side of a picture, from ``low`` to ``high``, or as far as the marks reach.

    On a category axis, value i is the middle of ``categories[i]``; along y, the first is at the top. A drawing has no
    axes: both directions share one scale, y goes down, and neither title nor ticks are drawn.
    """

    title: str = ""
    unit: Unit = "number"
    scale: Scale = "linear"
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """A place in a chart; ``area`` is in any unit. ``text`` is written next to it, ``detail`` shown on pointing."""

    x: float
    y: float
    text: str = ""
    area: float | None = None
    detail: str = ""


# Of every mark: the legend names its ``label``; ``color`` is a slot of the palette, or None for grey.


@dataclass(frozen=True, slots=True)
class Points:
    """Dots, or rings where ``hollow``, each with the area it names."""

    points: tuple[Point, ...]
    label: str = ""
    color: int | None = 0
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line through ``at``; as ``step``, each value holds until the next x."""

    at: tuple[XY, ...]
    label: str = ""
    color: int | None = 0
    dashed: bool = False
    step: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of (category, length), stacked on those of the Bars before; they lie where y has the categories.

    ``texts`` are written into the bars that have room.
    """

    at: tuple[XY, ...]
    label: str = ""
    color: int | None = 0
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """A band of (x, height), stacked on the Areas before, which have the same x; each height holds until the next x."""

    at: tuple[XY, ...]
    label: str = ""
    color: int | None = 0


@dataclass(frozen=True, slots=True)
class Interval:
    """A range from ``low`` to ``high`` along ``way``, with its ``middle``, at value ``at`` of the other axis."""

    at: float
    low: float
    middle: float
    high: float
    way: Way = "x"
    label: str = ""
    color: int | None = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit: a line across the chart at value ``at`` of axis ``way``, with its name on it."""

    at: float
    way: Way
    text: str
    color: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A range of axis ``way`` across the chart; ``text`` is written at its edge where it has room."""

    low: float
    high: float
    way: Way
    text: str = ""
    label: str = ""
    color: int | None = None
    shaded: bool = True


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle whose corner of least x and y is at (x, y), with ``text`` in it where it has room."""

    x: float
    y: float
    width: float
    height: float
    text: str = ""
    label: str = ""
    color: int | None = 0
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line through ``at`` whose last place has a head."""

    at: tuple[XY, ...]
    color: int | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Words at a place: beginning, centred or ending at x; centred on y in a drawing, near it in a chart."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "middle"
    color: int | None = None
    small: bool = False


Mark = Points | Line | Bars | Area | Interval | Rule | Span | Box | Arrow | Text


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture. A later mark lies on those before it.

    ``alt`` says in a sentence what is seen; ``table`` has the figures that are drawn. ``area`` names what the areas of
    points show, as "area: parameters". ``ratio`` is height to width of the space between the axes; categories along y
    and a drawing set their own height.
    """

    key: str
    title: str
    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    table: Table
    alt: str
    area: str = ""
    ratio: float = 0.6
