"""A Chart as a picture: laid out once as shapes, which a writer for each format puts down."""

from typing import Literal, get_args

from resnet_inspect.chart import Chart

Format = Literal["svg", "png", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render(chart: Chart, format: Format = "svg") -> str | bytes:
    """``chart`` as the content of a file: text for svg, bytes for the others.

    Raises:
        MachineError: png or pdf, and the package matplotlib is missing.
    """
    if format == "svg":
        from resnet_inspect.render import svg

        return svg.render(chart)
    from resnet_inspect.render import matplotlib_picture

    return matplotlib_picture.render(chart, format)
