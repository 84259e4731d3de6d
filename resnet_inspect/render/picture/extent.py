"""The values that a chart's marks reach along one way, from which its axes follow."""

from collections.abc import Iterator

from resnet_inspect.chart import Area, Arrow, Bars, Box, Chart, Interval, Line, Points, Rule, Span, Text, Way


def values(chart: Chart, way: Way) -> Iterator[float]:
    """Every value along ``way``; what is stacked reaches as far as its stack."""
    stacks: dict[float, float] = {}
    length_way = "x" if chart.y.categories else "y"
    index = 0 if way == "x" else 1
    for mark in chart.marks:
        match mark:
            case Points(points):
                yield from ((point.x, point.y)[index] for point in points)
            case Line(at) | Arrow(at):
                yield from (place[index] for place in at)
            case Bars(at) | Area(at):
                for place, length in at:
                    stacks[place] = stacks.get(place, 0.0) + length
                yield from (stacks[place] if way == length_way else place for place, _ in at)
            case Interval(at, low, middle, high):
                yield from (low, middle, high) if mark.way == way else (at,)
            case Rule(at) if mark.way == way:
                yield at
            case Span(low, high) if mark.way == way:
                yield from (low, high)
            case Box(x, y, width, height):
                yield from (x, x + width) if way == "x" else (y, y + height)
            case Text(x, y):
                yield (x, y)[index]
