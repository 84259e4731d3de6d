"""A Chart laid out on a sheet: the title, the legend, the axes, the marks, and their names."""

from resnet_inspect.chart import Chart, Span
from resnet_inspect.render.picture.axes import draw_x, draw_y, frame_of
from resnet_inspect.render.picture.extent import values
from resnet_inspect.render.picture.labels import Room, place
from resnet_inspect.render.picture.legend import LINE, MARGIN, legend, numbers, title
from resnet_inspect.render.picture.marks import Frame, draw
from resnet_inspect.render.picture.scales import Scale
from resnet_inspect.render.picture.shapes import SMALL, WIDTH, Shape, Sheet, Word

HIGHEST = 20 * WIDTH  # of a drawing, whatever its units


def lay_out(chart: Chart) -> Sheet:
    """Every shape of the picture, and its height."""
    shapes, top = title(chart.title)
    entries, top = legend(chart, top)
    shapes += entries
    marks = sorted(chart.marks, key=lambda mark: not isinstance(mark, Span))  # ranges lie under the grid
    if chart.x.scale == "drawing":
        frame, bottom = _drawing(chart, top + MARGIN)
        axes: list[Shape] = []
    else:
        if chart.y.title:
            top += LINE
            shapes.append(Word(MARGIN, top, chart.y.title, paint="muted", size=SMALL))
        top += MARGIN
        frame, edge = frame_of(chart, top)
        axes = [*draw_y(chart, frame), *draw_x(chart, frame, top, edge)]
        bottom = edge + SMALL + 7
        if chart.x.title:
            bottom += LINE
            axes.append(Word((frame.x.start + frame.x.end) / 2, bottom - 4, chart.x.title, "middle", "muted", SMALL))
    ranges = sum(isinstance(mark, Span) for mark in marks)
    shapes += [shape for mark in marks[:ranges] for shape in draw(mark, frame)]
    shapes += axes
    shapes += [shape for mark in marks[ranges:] for shape in draw(mark, frame)]
    edges = frame.edges
    bounds = Room(edges.left, edges.top - 2, WIDTH - MARGIN / 2, edges.bottom)
    placed = place(frame.names, frame.rooms, frame.lines, bounds)
    entries, bottom = numbers(placed.numbered, placed.left_out, bottom)
    return Sheet(bottom + MARGIN, (*shapes, *placed.shapes, *entries))


def _drawing(chart: Chart, top: float) -> tuple[Frame, float]:
    """The frame of a drawing in its own units, or in smaller ones where it is too large; and the place below it."""
    left, right = min([0.0, *values(chart, "x")]), max([1.0, *values(chart, "x")])
    above, below = min([0.0, *values(chart, "y")]), max([1.0, *values(chart, "y")])
    unit = min(1.0, (WIDTH - 2 * MARGIN) / (right - left), HIGHEST / (below - above))
    bottom = top + unit * (below - above)
    x = Scale(left, right, MARGIN, MARGIN + unit * (right - left))
    return Frame(x, Scale(above, below, top, bottom), is_drawing=True), bottom
