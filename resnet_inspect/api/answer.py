"""What every verb that asks returns, and how the verbs check their arguments."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from resnet_inspect.errors import RequestError
from resnet_inspect.render import Format, render
from resnet_inspect.report import Report


class Answer(Report):
    """A Report that writes itself in every format."""

    __slots__ = ()

    def render(self, format: Format, width: int | None = None, color: bool = False) -> str:
        return render(self, format, width, color)

    def to_markdown(self) -> str:
        return render(self, "md")

    def to_json(self) -> str:
        return render(self, "json")

    def to_csv(self) -> str:
        return render(self, "csv")

    def to_html(self) -> str:
        return render(self, "html")

    def __str__(self) -> str:
        return render(self, "table")


def answer(report: Report) -> Answer:
    return Answer(**{field.name: getattr(report, field.name) for field in fields(Report)})


def one_of(name: str, value: object, choices: Sequence[object]) -> None:
    """Refuse a value that is not among ``choices``."""
    if value not in choices:
        raise RequestError(f"{name} {value!r} is not one of {', '.join(map(str, choices))}")


def several(value: Any) -> Sequence[Any]:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list | tuple) else [value]
