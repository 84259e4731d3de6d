"""Report -> the terminal, by rich: tables that fit the width, the exact totals under them."""

from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from resnet_inspect.report import Column, Report, Table
from resnet_inspect.units import exact

UNBOUNDED = 10_000


def render(report: Report, width: int | None = None, color: bool = False) -> str:
    """Lines of at most ``width`` columns; None lets every row keep to one line."""
    out = StringIO()
    wanted = width or UNBOUNDED

    def console(columns: int = wanted) -> Console:
        return Console(file=out, width=columns, force_terminal=color, no_color=not color, highlight=False)

    prose = console()
    prose.print(Text(report.title, "bold"))

    def draw(table: Table) -> None:
        drawn, needed = _draw(table, wanted)
        # Where even the narrowest layout is too wide, a line that wraps is better than a number cut in two.
        console(max(wanted, needed)).print(drawn, "")

    for section in report.sections:
        prose.print("", Text(section.title, "bold"), *map(Text, section.paragraphs), sep="\n")
        if section.table:
            draw(section.table)
    for table in report.tables:
        if len(report.tables) > 1:
            prose.print(Text(f"\n{table.title}", "bold"))
        draw(table)
    if report.facts:
        prose.print(_facts(report), "")
    for finding in report.findings:
        hint = f"\n  {finding.hint}" if finding.hint else ""
        prose.print(Text.assemble((f"{finding.code} ", "yellow"), f"{finding.where}: {finding.message}{hint}"))
    if report.findings:
        prose.print()
    for note in report.notes:
        prose.print(Text(note))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _draw(table: Table, width: int) -> tuple[RichTable, int]:
    """The table, and the least width at which nothing in it is cut."""
    rows = [table.texts(row) for row in table.rows]
    total = table.texts(table.total) if table.total else [""] * len(table.columns)
    heads = [column.title for column in table.columns]
    texts = list(zip(heads, *rows, total, strict=True))
    widest = [max(map(len, cells)) for cells in texts]
    wraps = [
        column.unit in ("text", "sum") and any(" " in cell for cell in cells)
        for column, cells in zip(table.columns, texts, strict=True)
    ]
    narrowest = [
        max(len(word) for cell in cells for word in cell.split()) if wrap else wide
        for cells, wrap, wide in zip(texts, wraps, widest, strict=True)
    ]
    shown = _fitting(table.columns, widest, narrowest, width)
    gap = 2 if sum(widest[i] + 2 for i in shown) - 2 <= width else 1
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
            justify="left" if column.unit in ("text", "shape", "sum") else "right",
            no_wrap=not wraps[i],
            min_width=narrowest[i],
            style="dim" if column.unit == "share" else "",
        )
    for row in rows:
        drawn.add_row(*[Text(row[i]) for i in shown])
    return drawn, sum(narrowest[i] + 1 for i in shown) - 1


def _fitting(columns: tuple[Column, ...], widest: list[int], needed: list[int], width: int) -> list[int]:
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
