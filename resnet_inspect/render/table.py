"""Report -> text for a terminal, drawn by rich: tables that fit the width, exact totals below them."""

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
INDENT = 2  # sets a section apart from its title where a pipe drops the bold


def render(report: Report, width: int | None = None, color: bool = False) -> str:
    """Lines of at most ``width`` cells; with None every row stays on one line."""
    out = StringIO()
    wanted = width or UNBOUNDED

    def console(columns: int = wanted) -> Console:
        return Console(file=out, width=columns, force_terminal=color, no_color=not color, highlight=False)

    prose = console()
    prose.print(Text(report.title, "bold"))

    def draw(table: Table, indent: int = 0) -> None:
        drawn, needed, left_out = _draw(table, wanted - indent)
        # If even the narrowest layout is too wide, the terminal wraps the line, which is better than a cut number.
        console(max(wanted, needed + indent)).print(Padding(drawn, (0, 0, 0, indent)))
        if left_out:
            prose.print(Text(f"{' ' * indent}no room for: {', '.join(left_out)}", "dim"))

    for section in report.sections:
        prose.print()
        prose.print(Text(section.title, "bold"))
        out.writelines(f"{line}\n" for line in _paragraphs(section, min(wanted, WIDEST)))
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


def _paragraphs(section: Section, width: int) -> list[str]:
    """The section's paragraphs as indented lines, with an empty line between two paragraphs."""
    lines: list[str] = []
    for paragraph in section.paragraphs:
        lines += [""] if lines else []
        lines += [" " * INDENT + line for line in wrap(paragraph, width - INDENT)]
    return lines


def _draw(table: Table, width: int) -> tuple[RichTable, int, list[str]]:
    """The drawn table, the least width that cuts nothing, and the titles of the columns that found no room."""
    rows = table.texts()
    total = table.total_texts() if table.total else [""] * len(table.columns)
    heads = [column.title for column in table.columns]
    if sum(max(map(len, cells)) + 1 for cells in zip(heads, *rows, total, strict=True)) - 1 > width:
        sums = [i for i, column in enumerate(table.columns) if column.unit == "sum"]
        rows = [[_stacked(cell) if i in sums else cell for i, cell in enumerate(row)] for row in rows]
        total = [_stacked(cell) if i in sums else cell for i, cell in enumerate(total)]
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
    """Widths that share out the room left by the narrowest layout; columns that need the least more come first."""
    widths = {i: narrowest[i] for i in shown}
    left = room - sum(widths.values())
    for i in sorted(shown, key=lambda i: widest[i] - narrowest[i]):
        more = max(0, min(widest[i] - narrowest[i], left))
        widths[i] += more
        left -= more
    return widths


def _stacked(cell: str) -> str:
    """A sum with a part on each line and the numbers aligned, for a table without room for one line."""
    parts = [part.rpartition(" ")[::2] for part in cell.split(" + ")]
    name, number = (max(map(len, column)) for column in zip(*parts, strict=True))
    return "\n".join(f"{part:<{name}} {value:>{number}}" for part, value in parts)


def _fitting(columns: tuple[Heading, ...], widest: list[int], needed: list[int], width: int) -> list[int]:
    """The columns that fit the width. Spare ones go as soon as a cell would wrap, then optional ones from the right."""
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
    """A grid of code and text, in which a wrapped message and its hint stay in one column."""
    grid = RichTable.grid(padding=(0, 1, 0, 0))
    grid.add_column(style="yellow", no_wrap=True)
    grid.add_column(overflow="fold")
    room = max(1, width - max(cell_len(finding.code) for finding in report.findings) - 1)
    for finding in report.findings:
        texts = [f"{finding.where}: {finding.message}", finding.hint]
        grid.add_row(finding.code, Text("\n".join(line for text in texts if text for line in wrap(text, room))))
    return grid
