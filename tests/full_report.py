"""A Report with every part that one can have, and the same with another text in every place."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from resnet_inspect.chart import Axis, Chart, Interval, Line, Point, Points, Rule, Span, Text
from resnet_inspect.report import Column, Fact, Finding, Report, Section, tabulate

COLUMNS: tuple[Column[int], ...] = (
    Column("name", "name", lambda number: "text"),
    Column("n", "n", lambda number: number, "integer", csv=("timms", 1)),
    Column("ok", "ok", lambda number: True),
    Column("parts", "is the sum of", lambda number: {"part": number}, "sum"),
    Column("mixed", "mixed", lambda number: "text", lambda number: "text"),
)
TABLE = tabulate("rows", "title", COLUMNS, [-1, 2], {"name": "total", "n": 1})
CHART = Chart(
    "key",
    "title",
    Axis("x", "count", categories=("category",)),
    Axis("y", "ms"),
    (
        Points((Point(1.0, 2.0, "text"),), "label"),
        Line(((0.0, 0.0), (1.0, 1.0)), "label"),
        Interval(1.0, 0.5, 1.0, 1.5, label="label", text="text"),
        Rule(1.0, "y", "text"),
        Span(0.2, 0.4, "x", "label"),
        Text(0.5, 0.5, "text"),
    ),
    TABLE,
    "alt",
    "area",
)
FULL = Report(
    kind="kind",
    model="model",
    title="title",
    facts=(Fact("key", "title", "value"), Fact("n", "title", 1000, "count")),
    tables=(TABLE, TABLE),
    findings=(Finding("code", "where", "message", "hint"),),
    notes=("note",),
    sections=(
        Section(
            "key", "title", ("paragraph",), TABLE, CHART, (Finding("code", "where", "message", "hint"),), ("note",)
        ),
    ),
)


def with_texts(value: Any, text: str) -> Any:  # a Report or any part of one
    """``value`` with ``text`` for every text in it but the names of units."""
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(with_texts(part, text) for part in value)
    if isinstance(value, dict):
        return dict.fromkeys([text], *value.values())
    if is_dataclass(value) and not isinstance(value, type):
        names = {field.name for field in fields(value)} - {"unit", "units", "scale", "way", "anchor"}
        return replace(value, **{name: with_texts(getattr(value, name), text) for name in names})
    return value
