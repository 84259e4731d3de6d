"""Report -> the terminal, by rich: tables that fit the width, the exact totals under them."""

from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from resnet_inspect.render.prose import WIDEST, wrap
from resnet_inspect.report import Heading, Report, Section, Table
from resnet_inspect.units import exact

UNBOUNDED = 10_000
INDENT = 2  # of a section under its title, which has no other mark in a pipe


def render(report: Report, width: int | None = None, color: bool = False) -> str:
    """Lines of at most ``width`` columns; None lets every row keep to one line."""
    out = StringIO()
    wanted = width or UNBOUNDED

    def console(columns: int = wanted) -> Console:
        return Console(file=out, width=columns, force_terminal=color, no_color=not color, highlight=False)

    prose = console()
    prose.print(Text(report.title, "bold"))

    def draw(table: Table, indent: int = 0) -> None:
        drawn, needed, left_out = _draw(table, wanted - indent)
        # Where even the narrowest layout is too wide, a line that wraps is better than a number cut in two.
        console(max(wanted, needed + indent)).print(Padding(drawn, (0, 0, 0, indent)))
        if left_out:
            prose.print(Text(f"{' ' * indent}no room for: {', '.join(left_out)}", "dim"))

    for section in report.sections:
        prose.print()
        prose.print(Text(section.title, "bold"))
        out.writelines(f"{line}\n" for line in _told(section, min(wanted, WIDEST)))
        if section.table:
            prose.print()
            draw(section.table, INDENT)
    if report.sections and report.tables:
        prose.print()
    for table in report.tables:
        if len(report.tables) > 1:
            prose.print(Text(f"\n{table.title}", "bold"))
        draw(table)
        prose.print()
    if report.facts:
        prose.print(_facts(report), "")
    if report.findings:
        prose.print(_findings(report, wanted), "")
    for note in report.notes:
        prose.print(Text("\n".join(wrap(note, wanted))))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _told(section: Section, width: int) -> list[str]:
    """The paragraphs' lines, indented, an empty one between two of them."""
    lines: list[str] = []
    for paragraph in section.paragraphs:
        lines += [""] if lines else []
        lines += [" " * INDENT + line for line in wrap(paragraph, width - INDENT)]
    return lines


def _draw(table: Table, width: int) -> tuple[RichTable, int, list[str]]:
    """The table, the least width at which nothing in it is cut, and the columns that are left out."""
    rows = table.texts()
    total = table.total_texts() if table.total else [""] * len(table.columns)
    heads = [column.title for column in table.columns]
    if sum(max(map(len, cells)) + 1 for cells in zip(heads, *rows, total, strict=True)) - 1 > width:
        sums = [i for i, column in enumerate(table.columns) if column.unit == "sum"]
        rows = [[_account(cell) if i in sums else cell for i, cell in enumerate(row)] for row in rows]
        total = [_account(cell) if i in sums else cell for i, cell in enumerate(total)]
    texts = list(zip(heads, *rows, total, strict=True))
    widest = [max(cell_len(line) for cell in cells for line in cell.splitlines() or [""]) for cells in texts]
    wraps = [
        column.unit == "text" and any(" " in cell for cell in cells)
        for column, cells in zip(table.columns, texts, strict=True)
    ]
    narrowest = [
        max(cell_len(word) for cell in cells for word in cell.split()) if wrap else wide
        for cells, wrap, wide in zip(texts, wraps, widest, strict=True)
    ]
    shown = _fitting(table.columns, widest, narrowest, width)
    gap = 2 if sum(widest[i] + 2 for i in shown) - 2 <= width else 1
    widths = _widths(narrowest, widest, shown, width - gap * (len(shown) - 1))
    drawn = RichTable(
        box=SIMPLE_HEAD,
        show_edge=False,
        show_footer=table.total is not None,
        pad_edge=False,
        padding=(0, gap - 1, 0, 0),
    )
    for i in shown:
        column = table.columns[i]
        drawn.add_column(
            column.title,
            footer=total[i],
            justify="right" if column.numeric else "left",
            no_wrap=not wraps[i],
            width=widths[i],
            style="dim" if column.unit == "share" else "",
        )
    for row in rows:
        drawn.add_row(*[Text(row[i]) for i in shown])
    left_out = [heads[i] for i in range(len(heads)) if i not in shown and heads[i]]
    return drawn, sum(narrowest[i] + 1 for i in shown) - 1, left_out


def _widths(narrowest: list[int], widest: list[int], shown: list[int], room: int) -> dict[int, int]:
    """Of what is left over the narrowest layout, the columns that need little more get it first."""
    widths = {i: narrowest[i] for i in shown}
    left = room - sum(widths.values())
    for i in sorted(shown, key=lambda i: widest[i] - narrowest[i]):
        more = max(0, min(widest[i] - narrowest[i], left))
        widths[i] += more
        left -= more
    return widths


def _account(cell: str) -> str:
    """A sum that has not the room for one line, set as a part a line with the numbers under each other."""
    parts = [part.rpartition(" ")[::2] for part in cell.split(" + ")]
    name, number = (max(map(len, column)) for column in zip(*parts, strict=True))
    return "\n".join(f"{part:<{name}} {value:>{number}}" for part, value in parts)


def _fitting(columns: tuple[Heading, ...], widest: list[int], needed: list[int], width: int) -> list[int]:
    """Which columns the width has room for: spare ones without wrapping; of the optional ones, the last go first."""
    shown = [i for i, column in enumerate(columns) if column.title]
    if sum(widest[i] + 1 for i in shown) - 1 > width:
        shown = [i for i in shown if not columns[i].spare]
    for i in reversed(range(len(columns))):
        if sum(needed[j] + 1 for j in shown) - 1 <= width:
            break
        if columns[i].optional and i in shown:
            shown.remove(i)
    return shown


def _facts(report: Report) -> RichTable:
    grid = RichTable.grid(padding=(0, 2, 0, 0))
    for fact in report.facts:
        grid.add_row(Text(fact.title), Text(exact(fact.value, fact.unit)))
    return grid


def _findings(report: Report, width: int) -> RichTable:
    """Code by code, so that a message that wraps and the hint under it stay in one column."""
    grid = RichTable.grid(padding=(0, 1, 0, 0))
    grid.add_column(style="yellow", no_wrap=True)
    grid.add_column(overflow="fold")
    room = max(1, width - max(cell_len(finding.code) for finding in report.findings) - 1)
    for finding in report.findings:
        said = [f"{finding.where}: {finding.message}", finding.hint]
        grid.add_row(finding.code, Text("\n".join(line for text in said if text for line in wrap(text, room))))
    return grid
