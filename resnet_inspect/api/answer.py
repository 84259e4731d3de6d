"""What every verb that asks returns, and how the verbs check their arguments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from resnet_inspect.errors import RequestError, UnknownKeyError
from resnet_inspect.escape import visible
from resnet_inspect.render import Format, render
from resnet_inspect.report import Report, Table
from resnet_inspect.units import Value

if TYPE_CHECKING:
    from pandas import DataFrame

T = TypeVar("T")


class Answer(Report):
    """A Report that writes itself in every format, and that a notebook shows as tables.

    It gives its facts by key: ``answer["macs"]``. ``table`` gives the rows of its tables.
    """

    __slots__ = ()

    def __getitem__(self, key: str) -> Value:
        """The value of a fact.

        Raises:
            UnknownKeyError: no fact has that key.
        """
        return _at(key, {fact.key: fact.value for fact in self.facts}, "fact")

    def __iter__(self) -> Iterator[str]:
        """The keys of the facts."""
        return (fact.key for fact in self.facts)

    def table(self, key: str | None = None) -> list[dict[str, Value]]:
        """The rows of the table ``key``, by default of the first: raw values by the columns' keys.

        Raises:
            UnknownKeyError: there is no such table.
        """
        return self._table(key).records()

    def render(self, format: Format, width: int | None = None, color: bool = False) -> str:
        return render(self, format, width, color)

    def to_dict(self) -> dict[str, Any]:
        """What ``to_json`` writes, before it is text."""
        from resnet_inspect.render.json import document

        return document(self)

    def to_markdown(self) -> str:
        return render(self, "md")

    def to_json(self) -> str:
        return render(self, "json")

    def to_csv(self) -> str:
        return render(self, "csv")

    def to_html(self) -> str:
        return render(self, "html")

    def to_latex(self) -> str:
        return render(self, "tex")

    def to_github(self) -> str:
        return render(self, "github")

    def to_pandas(self, table: str | None = None) -> "DataFrame":
        """A table as a DataFrame.

        Raises:
            UnknownKeyError: there is no such table. MachineError: pandas is not installed.
        """
        from resnet_inspect.render.data_frame import frame

        return frame(self._table(table))

    def __str__(self) -> str:
        from resnet_inspect.render.width import width_of_stdout

        return render(self, "table", width_of_stdout())

    def __repr__(self) -> str:
        return f"<Answer {self.kind}: {visible(self.title)}>"

    def _repr_html_(self) -> str:
        from resnet_inspect.render import notebook
        from resnet_inspect.render.seen import make_visible

        return notebook.render(make_visible(self))

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _table(self, key: str | None) -> Table:
        tables = {table.key: table for table in self.tables}
        tables = tables or {section.key: section.table for section in self.sections if section.table}
        return _at(next(iter(tables), None) if key is None else key, tables, "table")


def answer(report: Report, notes: Sequence[str] = ()) -> Answer:
    """The report with further notes."""
    values = {field.name: getattr(report, field.name) for field in fields(Report)}
    return Answer(**values | {"notes": (*report.notes, *notes)})


def _at(key: str | None, values: Mapping[str, T], noun: str) -> T:
    if key is not None and key in values:
        return values[key]
    from difflib import get_close_matches  # only an error pays for it

    near = get_close_matches(str(key), values, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(values) or 'none'}"
    raise UnknownKeyError(f"no {noun} {key!r}", hint)


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
