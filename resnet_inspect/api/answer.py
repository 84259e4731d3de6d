"""What every verb that asks returns, and how the verbs check their arguments."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from resnet_inspect.errors import RequestError
from resnet_inspect.render import Format, render
from resnet_inspect.report import Report

T = TypeVar("T")


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


def answer(report: Report, notes: Sequence[str] = ()) -> Answer:
    """The report with further notes."""
    values = {field.name: getattr(report, field.name) for field in fields(Report)}
    return Answer(**values | {"notes": (*report.notes, *notes)})


def one_of(name: str, value: object, choices: Iterable[T]) -> T:
    """The choice that ``value`` is, in capitals or not.

    Raises:
        RequestError: it is none of ``choices``.
    """
    choices = list(choices)
    wanted = value.lower() if isinstance(value, str) else value
    for choice in choices:
        if choice == wanted:
            return choice
    raise RequestError(f"{name} {value!r} is not one of {', '.join(str(c) for c in choices if c is not None)}")


def several(value: Any) -> Sequence[Any]:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list | tuple) else [value]
