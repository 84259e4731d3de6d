"""Report -> text. Each format is a module, imported on first use."""

from typing import Literal, get_args

from resnet_inspect.report import Report

Format = Literal["table", "md", "json", "csv", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render(report: Report, format: Format, width: int | None = None, color: bool = False) -> str:
    """``report`` as text that ends in a newline; ``width`` and ``color`` are the terminal's."""
    match format:
        case "table":
            import random

            drawn = random.getstate()  # rich draws when it is imported
            from resnet_inspect.render import table  # rich costs 35 ms

            try:
                return table.render(report, width, color)
            finally:
                random.setstate(drawn)
        case "md":
            from resnet_inspect.render import markdown

            return markdown.render(report)
        case "json":
            from resnet_inspect.render import json

            return json.render(report)
        case "csv":
            from resnet_inspect.render import csv

            return csv.render(report)
        case "html":
            from resnet_inspect.render import html

            return html.render(report)
