"""Chart -> png or pdf by matplotlib: the shapes of the SVG at the same places."""

from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from resnet_inspect.chart import Chart
from resnet_inspect.errors import MachineError
from resnet_inspect.escape import visible
from resnet_inspect.render.picture.layout import lay_out
from resnet_inspect.render.picture.shapes import WIDTH, Disc, Path, Shape, Word
from resnet_inspect.render.picture.style import PAINTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS_PER_INCH = 72  # a unit of the picture is a point
DOTS_PER_INCH = 200  # of a png, which so is 1333 pixels wide
ALIGNED = {"start": "left", "middle": "center", "end": "right"}
FONTS = ("Helvetica", "Arial", "Liberation Sans", "DejaVu Sans")


def render(chart: Chart, format: Literal["png", "pdf"]) -> bytes:
    """The picture in light colours.

    Raises:
        MachineError: matplotlib is missing.
    """
    if find_spec("matplotlib") is None:
        raise MachineError(
            f"a {format} needs the package matplotlib", hint="pip install 'resnet-inspect[plot]', or save an svg"
        )
    import matplotlib
    from matplotlib.figure import Figure

    sheet = lay_out(chart)
    with matplotlib.rc_context({"font.family": "sans-serif", "font.sans-serif": FONTS, "pdf.fonttype": 42}):
        figure = Figure(figsize=(WIDTH / POINTS_PER_INCH, sheet.height / POINTS_PER_INCH))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(sheet.height, 0))
        axes.set_axis_off()
        for order, shape in enumerate(sheet.shapes):
            _draw(shape, axes, order)
        content = BytesIO()
        # A date would make each file another one.
        metadata = {"CreationDate": None} if format == "pdf" else {}
        figure.savefig(content, format=format, dpi=DOTS_PER_INCH, facecolor=_color("ground"), metadata=metadata)
    return content.getvalue()


def _draw(shape: Shape, axes: "Axes", order: int) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Circle, Polygon
    from matplotlib.patheffects import withStroke

    match shape:
        case Path(points, stroke, None, width, dashed):
            xs, ys = zip(*points, strict=True)
            line = Line2D(xs, ys, color=_color(stroke), linewidth=width, zorder=order)
            if dashed:
                line.set_linestyle((0, (5 / width, 3 / width)))
            axes.add_line(line)
        case Path(points, stroke, fill, width, _, opacity):
            paints = {"facecolor": _color(fill), "edgecolor": _color(stroke), "linewidth": width if stroke else 0}
            axes.add_patch(Polygon(points, closed=True, alpha=opacity, zorder=order, **paints))
        case Disc(x, y, radius, paint, _, hollow):
            fill, stroke = (None, paint) if hollow else (paint, "ground")
            disc = Circle((x, y), radius, facecolor=_color(fill), edgecolor=_color(stroke), linewidth=1, zorder=order)
            axes.add_patch(disc)
        case Word():
            written = axes.text(
                shape.x,
                shape.y,
                visible(shape.text),
                fontsize=shape.size,
                color=_color(shape.paint),
                horizontalalignment=ALIGNED[shape.anchor],
                verticalalignment="baseline",
                fontweight="bold" if shape.bold else "normal",
                parse_math=False,
                zorder=order,
            )
            if shape.halo:
                written.set_path_effects([withStroke(linewidth=3, foreground=_color("ground"))])


def _color(paint: str | None) -> str:
    return PAINTS[paint].light if paint else "none"
