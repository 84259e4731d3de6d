"""Report -> text. Each format is a module, imported on first use."""

from typing import Literal, get_args

from resnet_inspect.escape import visible
from resnet_inspect.render.seen import make_visible
from resnet_inspect.report import Report

Format = Literal["table", "md", "json", "csv", "html", "tex", "github"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render(
    report: Report,
    format: Format,
    width: int | None = None,
    color: bool = False,
    command: str = "",
    pictures: str = "",
    bars: bool = False,
) -> str:
    """``report`` as text that ends in a newline, in which no text acts on what shows it.

    ``width``, ``color`` and ``bars`` of block characters in tables are the terminal's. A page, in any format but json
    and csv, names the ``command`` that makes it again. Markdown refers to the files of ``draw`` in the folder
    ``pictures``; HTML holds its pictures.
    """
    if format == "json":
        from resnet_inspect.render import json

        return json.render(report)  # its own escapes keep every text as it is
    seen, command = make_visible(report), visible(command)
    match format:
        case "table":
            import random

            drawn = random.getstate()  # rich draws when it is imported
            from resnet_inspect.render import table  # rich costs 35 ms

            try:
                return table.render(seen, width, color, bars)
            finally:
                random.setstate(drawn)
        case "md":
            from resnet_inspect.render import markdown

            return markdown.render(seen, command, pictures)
        case "csv":
            from resnet_inspect.render import csv

            return csv.render(seen)
        case "html":
            from resnet_inspect.render import html

            return html.render(seen, command)
        case "tex":
            from resnet_inspect.render import tex

            return tex.render(seen, command)
        case "github":
            from resnet_inspect.render import github

            return github.render(seen, command)


def draw(report: Report) -> dict[str, str]:
    """The pictures of ``report`` by file name, each as SVG that stands alone."""
    from resnet_inspect.render import markdown, svg

    charts = [section.chart for section in make_visible(report).sections if section.chart]
    return {markdown.picture_name(chart): svg.render(chart) for chart in charts}
