"""The answer to a question, before it is formatted: raw values, each with its unit."""

from dataclasses import dataclass
from typing import cast

from resnet_inspect.errors import OK
from resnet_inspect.units import Unit, Value, text

Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One named value; ``title`` is for a reader, ``key`` for a program."""

    key: str
    title: str
    value: Value
    unit: Unit = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; one without a title is for programs, and not drawn.

    ``optional``: a narrow terminal may leave it out. ``spare``: it is shown only where no cell wraps for it. ``csv``:
    the name it has in timm's CSV files, and the number that one unit stands for there (``param_count`` is in millions).
    """

    key: str
    title: str
    unit: Unit = "text"
    optional: bool = False
    spare: bool = False
    csv: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of values, one a column; ``total`` is their sum where that has a meaning.

    A column of the unit ``own`` or ``own_change`` holds values of many: each row names its own in the column ``unit``.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row | None = None

    def texts(self, row: Row) -> list[str]:
        """The cells as a reader sees them; what the total leaves out is blank."""
        units = [column.unit for column in self.columns]
        if "own" in units:
            own = row[[column.key for column in self.columns].index("unit")]
            units = [cast(Unit, unit.replace("own", str(own))) for unit in units]
        cells = list(map(text, row, units))
        return ["" if v is None else cell for v, cell in zip(row, cells, strict=True)] if row is self.total else cells


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
