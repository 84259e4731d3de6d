"""The answer to a question, before it is formatted: raw values, each with its unit."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from resnet_inspect.errors import OK
from resnet_inspect.units import WORDS, Unit, Value, text

if TYPE_CHECKING:
    from resnet_inspect.chart import Chart

T = TypeVar("T")
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One named value; ``title`` is for a reader, ``key`` for a program."""

    key: str
    title: str
    value: Value
    unit: Unit = "text"


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """How a table reads one value off each row's object.

    ``unit`` is a function where it depends on the object. ``Heading`` describes the other fields.
    """

    key: str
    title: str
    value: Callable[[T], Value]
    unit: Unit | Callable[[T], Unit] = "text"
    optional: bool = False
    spare: bool = False
    csv: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """What a renderer knows of a column.

    A column without a title is for programs, and no renderer draws it. ``unit`` is None where the rows have different
    units. A narrow terminal leaves out ``optional`` columns; it leaves out ``spare`` ones as soon as a cell would wrap.
    ``csv`` is the column's name in timm's CSV files and its factor there (``param_count`` is in millions).
    """

    key: str
    title: str
    unit: Unit | None = "text"
    optional: bool = False
    spare: bool = False
    csv: tuple[str, float] | None = None

    @property
    def numeric(self) -> bool:
        """Whether its cells align on the right."""
        return self.unit not in WORDS


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of raw values with the unit of each value. ``tabulate`` makes it, renderers read it.

    ``total`` holds the sums of the columns, and None for a column whose sum means nothing.
    """

    key: str
    title: str
    columns: tuple[Heading, ...]
    rows: tuple[Row, ...]
    units: tuple[tuple[Unit, ...], ...]
    total: Row | None = None

    def texts(self) -> Iterator[list[str]]:
        """The rows' cells as a reader sees them."""
        return (list(map(text, row, units)) for row, units in zip(self.rows, self.units, strict=True))

    def records(self) -> list[dict[str, Value]]:
        """The rows' raw values by the columns' keys."""
        keys = [column.key for column in self.columns]
        return [dict(zip(keys, row, strict=True)) for row in self.rows]

    def total_texts(self) -> list[str]:
        """The total's cells; None is blank there, not a dash."""
        cells = zip(self.total or (), self.columns, strict=True)
        return ["" if value is None else text(value, column.unit or "text") for value, column in cells]


def tabulate(
    key: str,
    title: str,
    columns: Sequence[Column[T]],
    objects: Iterable[T],
    total: T | Mapping[str, Value] | None = None,
) -> Table:
    """A table with a row for each object.

    ``total`` is one more object, or the sums by their columns' keys. A column of different units has no total.
    """
    objects = list(objects)

    def sum_in(column: Column[T]) -> Value:
        if callable(column.unit):
            return None
        return total.get(column.key) if isinstance(total, Mapping) else column.value(cast(T, total))

    return Table(
        key,
        title,
        tuple(_heading(column) for column in columns),
        rows=tuple(tuple(column.value(item) for column in columns) for item in objects),
        units=tuple(
            tuple(column.unit(item) if callable(column.unit) else column.unit for column in columns) for item in objects
        ),
        total=None if total is None else tuple(map(sum_in, columns)),
    )


def _heading(column: Column[T]) -> Heading:
    unit = None if callable(column.unit) else column.unit
    return Heading(column.key, column.title, unit, column.optional, column.spare, column.csv)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a reader should act on."""

    code: str
    where: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A title, its paragraphs, and what follows them: a picture, a table, findings, and notes on how to read these.

    ``undrawn`` is the table that stands for a picture where none can be drawn.
    """

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    table: Table | None = None
    chart: "Chart | None" = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def undrawn(self) -> Table | None:
        return self.table or (self.chart.table if self.chart else None)


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of a command. The first table is the main one.

    ``ok`` is whether every check holds. The command line exits with ``exit_code`` (see ``errors``).
    """

    kind: str
    model: str | None
    title: str
    facts: tuple[Fact, ...] = ()
    tables: tuple[Table, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    ok: bool = True
    exit_code: int = OK
    sections: tuple[Section, ...] = ()
