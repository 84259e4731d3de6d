"""Report -> text for a terminal: tables that fit the width, exact totals below them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import NamedTuple

from rich.cells import cell_len

from resnet_inspect.render.blocks import bar, sparkline
from resnet_inspect.render.prose import WIDEST, wrap
from resnet_inspect.report import Fact, Finding, Heading, Report, Row, Section, Table
from resnet_inspect.units import UNKNOWN, exact, text

UNBOUNDED = 10_000
BAR = 5, 10  # characters of a bar, at least and at most
ROUNDS = 8, 20  # and of a line of rounds
INDENT = 2  # sets a section apart from its title where a pipe drops the bold

Paint = Callable[[str, int], str]
BOLD, DIM, YELLOW = 1, 2, 33  # ECMA-48, Select Graphic Rendition


def render(report: Report, width: int | None = None, color: bool = False, bars: bool = False) -> str:
    """Lines of at most ``width`` cells; with None every row stays on one line.

    With ``bars`` shares have bars and rounds are a line, where that leaves out no column and wraps no cell.
    """

    def paint(text: str, style: int) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if color and text else text

    return "".join(f"{line.rstrip()}\n" for line in _lines(report, width or UNBOUNDED, paint, bars))


def _lines(report: Report, width: int, paint: Paint, bars: bool) -> Iterator[str]:
    def title(text: str) -> Iterator[str]:
        return (paint(line, BOLD) for line in wrap(text, width))

    yield from title(report.title)
    for section in report.sections:
        yield ""
        yield from title(section.title)
        yield from _paragraphs(section, min(width, WIDEST))
        if section.undrawn:
            yield ""
            yield from (" " * INDENT + line for line in _table(section.undrawn, width - INDENT, paint, bars))
        yield from (" " * INDENT + line for line in _remarks(section, min(width, WIDEST) - INDENT, paint))
    if report.sections and report.tables:
        yield ""
    for table in report.tables:
        if len(report.tables) > 1:
            yield ""
            yield from title(table.title)
        yield from _table(table, width, paint, bars)
        yield ""
    if report.facts:
        yield from _facts(report.facts, width)
        yield ""
    if report.findings:
        yield from _findings(report.findings, width, paint)
        yield ""
    for note in report.notes:
        yield from wrap(note, width)


def _paragraphs(section: Section, width: int) -> Iterator[str]:
    """The section's paragraphs as indented lines, with an empty line between two paragraphs."""
    for number, paragraph in enumerate(section.paragraphs):
        if number:
            yield ""
        yield from (" " * INDENT + line for line in wrap(paragraph, width - INDENT))


def _remarks(section: Section, width: int, paint: Paint) -> Iterator[str]:
    """The section's findings, then its notes, each after an empty line."""
    if section.findings:
        yield ""
        yield from _findings(section.findings, width, paint)
    if section.notes:
        yield ""
        for note in section.notes:
            yield from wrap(note, width)


class _Size(NamedTuple):
    """Of each column: its widest cell, the least width that cuts nothing, and whether its cells may wrap."""

    widest: list[int]
    narrowest: list[int]
    wraps: list[bool]


def _table(table: Table, width: int, paint: Paint, bars: bool) -> Iterator[str]:
    """The table's lines. As it may have 200,000 rows, their texts are made to measure, and made again to draw.

    If even the narrowest layout is too wide, the terminal wraps the line, which is better than a cut number.
    """
    columns, heads = table.columns, [column.title for column in table.columns]
    sums = [i for i, column in enumerate(columns) if column.unit == "sum"]

    def body() -> Iterator[list[str]]:
        yield from table.texts()
        if table.total:
            yield table.total_texts()

    def stacked() -> Iterator[list[str]]:
        return ([_stacked(cell) if i in sums else cell for i, cell in enumerate(cells)] for cells in body())

    rows, size = body, _measure(columns, chain([heads], body()))
    if sums and sum(size.widest) + len(heads) - 1 > width:
        rows, size = stacked, _measure(columns, chain([heads], stacked()))
    shown = _fitting(columns, size, width)
    gap = 2 if sum(size.widest[i] + 2 for i in shown) - 2 <= width else 1
    widths = _widths(size, shown, width - gap * (len(shown) - 1))
    room = max(0, width - sum(widths.values()) - gap * (len(shown) - 1))
    drawn = _room_for_bars(table, shown, room, gap) if bars else {}
    for i, characters in drawn.items():
        widths[i] = characters + (widths[i] + 1 if i in shown else 0)
    shown += [i for i in drawn if i not in shown]
    without_room = [i for i in _rounds(table) if i not in drawn]

    def draw(cells: list[str], style: int = 0) -> Iterator[str]:
        split = [wrap(cells[i], widths[i]) if size.wraps[i] else cells[i].split("\n") for i in shown]
        for line in zip_longest(*split, fillvalue=""):
            yield (" " * gap).join(
                paint(_align(text, widths[i], columns[i]), style or (DIM if columns[i].unit == "share" else 0))
                for text, i in zip(line, shown, strict=True)
            )

    yield from draw(_with_bars([column.title or str(column.unit) for column in columns], columns, drawn), BOLD)
    yield "─" * (sum(widths.values()) + gap * (len(shown) - 1))
    for number, cells in enumerate(rows()):
        if number < len(table.rows):
            yield from draw(_with_bars(cells, columns, drawn, table.rows[number]))
        else:  # the total
            yield ""
            yield from draw(_with_bars(cells, columns, drawn), BOLD)
    if left_out := [title for i, title in enumerate(heads) if title and i not in shown]:
        yield from (paint(line, DIM) for line in wrap(f"no room for: {', '.join(left_out)}", width))
    if bars:
        yield from (paint(line, DIM) for i in without_room for line in _rounds_below(table, i, width))


def _rounds(table: Table) -> list[int]:
    """The columns of rounds in which a row has some."""
    places = [i for i, column in enumerate(table.columns) if column.unit == "rounds"]
    return [i for i in places if any(isinstance(row[i], tuple) for row in table.rows)]


def _room_for_bars(table: Table, shown: Sequence[int], room: int, gap: int) -> dict[int, int]:
    """Of the columns that have a picture and room for it, the characters it takes: bars first, then the rounds."""
    columns = table.columns
    bars = [i for i in shown if columns[i].unit == "share" and columns[i].key.endswith("share")]  # of a whole
    bars = bars[: room // (1 + BAR[0])]
    cells = min(BAR[1], room // len(bars) - 1) if bars else 0
    room -= len(bars) * (1 + cells) + gap
    rounds = _rounds(table) if room >= ROUNDS[0] else []
    return dict.fromkeys(bars, cells) | dict.fromkeys(rounds, min(ROUNDS[1], room))


def _with_bars(
    cells: list[str], columns: Sequence[Heading], drawn: Mapping[int, int], row: Row | None = None
) -> list[str]:
    """The texts of a row, or of the head or the total, with bars of so many characters."""
    cells = [*cells]
    for i, n in drawn.items():
        value = row[i] if row is not None else None
        if columns[i].unit != "rounds":
            cells[i] = f"{cells[i]} {bar(value, n):<{n}}"
        elif row is not None:
            cells[i] = sparkline(value, n) if isinstance(value, tuple) else UNKNOWN
    return cells


def _rounds_below(table: Table, place: int, width: int) -> Iterator[str]:
    """A line for each row: its rounds, which the table has no room for."""
    for row, texts in zip(table.rows, table.texts(), strict=True):
        if isinstance(values := row[place], tuple):
            name = f"rounds of {texts[0]}" if len(table.rows) > 1 else "rounds"
            ends = f"{text(min(values), 'ms')} to {text(max(values), 'ms')}"
            yield f"{name}  {sparkline(values, min(ROUNDS[1], width - len(name) - len(ends) - 4))}  {ends}"


def _measure(columns: Sequence[Heading], rows: Iterable[list[str]]) -> _Size:
    words = [column.unit == "text" for column in columns]
    widest, longest, wraps = [0] * len(columns), [0] * len(columns), [False] * len(columns)
    for cells in rows:
        for i, cell in enumerate(cells):
            widest[i] = max(widest[i], *map(cell_len, cell.split("\n")))
            if words[i]:
                wraps[i] = wraps[i] or " " in cell
                longest[i] = max(longest[i], *map(cell_len, cell.split(" ")))
    narrowest = [word if wrap else wide for word, wide, wrap in zip(longest, widest, wraps, strict=True)]
    return _Size(widest, narrowest, wraps)


def _align(text: str, width: int, column: Heading) -> str:
    blank = " " * (width - cell_len(text))
    return blank + text if column.numeric else text + blank


def _widths(size: _Size, shown: list[int], room: int) -> dict[int, int]:
    """Widths that share out the room left by the narrowest layout; columns that need the least more come first."""
    widths = {i: size.narrowest[i] for i in shown}
    left = room - sum(widths.values())
    for i in sorted(shown, key=lambda i: size.widest[i] - size.narrowest[i]):
        more = max(0, min(size.widest[i] - size.narrowest[i], left))
        widths[i] += more
        left -= more
    return widths


def _stacked(cell: str) -> str:
    """A sum with a part on each line and the numbers aligned, for a table without room for one line."""
    parts = [part.rpartition(" ")[::2] for part in cell.split(" + ")]
    name, number = (max(map(len, column)) for column in zip(*parts, strict=True))
    return "\n".join(f"{part:<{name}} {value:>{number}}" for part, value in parts)


def _fitting(columns: Sequence[Heading], size: _Size, width: int) -> list[int]:
    """The columns that fit the width. Spare ones go as soon as a cell would wrap, then optional ones from the right."""
    shown = [i for i, column in enumerate(columns) if column.title]
    if sum(size.widest[i] + 1 for i in shown) - 1 > width:
        shown = [i for i in shown if not columns[i].spare]
    for i in reversed(range(len(columns))):
        if sum(size.narrowest[j] + 1 for j in shown) - 1 <= width:
            break
        if columns[i].optional and i in shown:
            shown.remove(i)
    return shown


def _facts(facts: Sequence[Fact], width: int) -> Iterator[str]:
    """A title and its value a line; a value that wraps stays in its column."""
    margin = max(cell_len(fact.title) for fact in facts) + 2
    for fact in facts:
        yield from _hang(fact.title, wrap(exact(fact.value, fact.unit), max(1, width - margin)), margin)


def _findings(findings: Sequence[Finding], width: int, paint: Paint) -> Iterator[str]:
    """A code and its text; a wrapped message and its hint stay in one column."""
    margin = max(cell_len(finding.code) for finding in findings) + 1
    for finding in findings:
        texts = filter(None, (f"{finding.where}: {finding.message}", finding.hint))
        first, *others = _hang(
            finding.code, [line for text in texts for line in wrap(text, max(1, width - margin))], margin
        )
        yield paint(finding.code, YELLOW) + first[len(finding.code) :]
        yield from others


def _hang(term: str, lines: Sequence[str], margin: int) -> Iterator[str]:
    """``term`` before the first line, blanks before the others."""
    for number, line in enumerate(lines):
        head = "" if number else term
        yield head + " " * (margin - cell_len(head)) + line
