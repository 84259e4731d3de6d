"""The answer to a question, before it is formatted: raw values, each with its unit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from resnet_inspect.errors import OK
from resnet_inspect.units import WORDS, Unit, Value, text

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
    """How a table reads one value off each row's object, and how it shows that value.

    ``unit`` is a function where it depends on the object. The rest is what ``Heading`` says.
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
    """What a renderer knows of a column; one without a title is for programs, and not drawn.

    ``unit`` is None where the rows differ in it. ``optional``: a narrow terminal may leave the column out. ``spare``:
    it is shown only where no cell wraps for it. ``csv``: its name in timm's CSV files, and the number that one unit
    stands for there (``param_count`` is in millions).
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
    """Rows of raw values, one a column, and the unit of each value. ``tabulate`` makes it, renderers read it.

    ``total`` is the sum of the rows where a sum has a meaning, and None elsewhere.
    """

    key: str
    title: str
    columns: tuple[Heading, ...]
    rows: tuple[Row, ...]
    units: tuple[tuple[Unit, ...], ...]
    total: Row | None = None

    def texts(self) -> list[list[str]]:
        """The cells of the rows as a reader sees them."""
        return [list(map(text, row, units)) for row, units in zip(self.rows, self.units, strict=True)]

    def total_texts(self) -> list[str]:
        """The cells of the total, blank where it has no value."""
        cells = zip(self.total or (), self.columns, strict=True)
        return ["" if value is None else text(value, column.unit or "text") for value, column in cells]


def tabulate(
    key: str,
    title: str,
    columns: Sequence[Column[T]],
    objects: Iterable[T],
    total: T | Mapping[str, Value] | None = None,
) -> Table:
    """A row for each object. ``total`` is one more object, or a mapping of column keys to the values that it has.

    A column whose rows differ in unit has no total.
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


def of_tuples(key: str, title: str, columns: Sequence[Heading], rows: Sequence[Row], total: Row | None = None) -> Table:
    """A table whose rows pair with the columns by position; a new one is made by ``tabulate``."""
    units = tuple(column.unit or "text" for column in columns)
    return Table(key, title, tuple(columns), tuple(rows), (units,) * len(rows), total)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a reader should act on."""

    code: str
    where: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Prose under a title, a paragraph an entry, and a table after it where there is one."""

    key: str
    title: str
    paragraphs: tuple[str, ...]
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a command found out. The first table is the main one.

    ``ok`` is whether everything checked holds; ``exit_code``, what the command line exits with (see ``errors``).
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
