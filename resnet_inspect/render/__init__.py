"""Report -> text. Each format is a module, imported on first use."""

from typing import Literal, get_args

from resnet_inspect.escape import visible
from resnet_inspect.render.seen import make_visible
from resnet_inspect.report import Report

Format = Literal["table", "md", "json", "csv", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render(
    report: Report,
    format: Format,
    width: int | None = None,
    color: bool = False,
    command: str = "",
    pictures: bool = False,
) -> str:
    """``report`` as text that ends in a newline, in which no text acts on what shows it.

    ``width`` and ``color`` are the terminal's, as are ``pictures`` of block characters in tables. A page (md or html)
    names the ``command`` that makes it again.
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
                return table.render(seen, width, color, pictures)
            finally:
                random.setstate(drawn)
        case "md":
            from resnet_inspect.render import markdown

            return markdown.render(seen, command)
        case "csv":
            from resnet_inspect.render import csv

            return csv.render(seen)
        case "html":
            from resnet_inspect.render import html

            return html.render(seen, command)
