"""Report -> the terminal, by rich: tables that fit the width, the exact totals under them."""

from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from resnet_inspect.report import Column, Report, Table
from resnet_inspect.units import exact, text

UNBOUNDED = 10_000


def render(report: Report, width: int | None = None, color: bool = False) -> str:
    """Lines of at most ``width`` columns; None lets every row keep to one line."""
    out = StringIO()
    console = Console(file=out, width=width or UNBOUNDED, force_terminal=color, no_color=not color, highlight=False)
    console.print(Text(report.title, "bold"))
    for table in report.tables:
        if len(report.tables) > 1:
            console.print(Text(f"\n{table.title}", "bold"))
        console.print(_draw(table, console.width), "")
    if report.facts:
        console.print(_facts(report), "")
    for finding in report.findings:
        hint = f"\n  {finding.hint}" if finding.hint else ""
        console.print(Text.assemble((f"{finding.code} ", "yellow"), f"{finding.where}: {finding.message}{hint}"))
    if report.findings:
        console.print()
    for note in report.notes:
        console.print(Text(note))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _draw(table: Table, width: int) -> RichTable:
    rows = [[text(value, column.unit) for value, column in zip(row, table.columns, strict=True)] for row in table.rows]
    total = ["" if v is None else text(v, c.unit) for v, c in zip(table.total or (), table.columns, strict=False)]
    heads = [column.title for column in table.columns]
    texts = list(zip(heads, *rows, *([total] if total else []), strict=True))
    widest = [max(map(len, cells)) for cells in texts]
    wraps = [
        column.unit == "text" and any(" " in cell for cell in cells)
        for column, cells in zip(table.columns, texts, strict=True)
    ]
    narrowest = [
        max(len(word) for cell in cells for word in cell.split()) if wrap else wide
        for cells, wrap, wide in zip(texts, wraps, widest, strict=True)
    ]
    shown = _fitting(table.columns, narrowest, width)
    gap = 2 if sum(widest[i] + 2 for i in shown) - 2 <= width else 1
    drawn = RichTable(
        box=SIMPLE_HEAD, show_edge=False, show_footer=bool(total), pad_edge=False, padding=(0, gap - 1, 0, 0)
    )
    for i in shown:
        column = table.columns[i]
        drawn.add_column(
            column.title,
            footer=total[i] if total else "",
            justify="left" if column.unit in ("text", "shape") else "right",
            no_wrap=not wraps[i],
            min_width=narrowest[i],
            style="dim" if column.unit == "share" else "",
        )
    for row in rows:
        drawn.add_row(*[Text(row[i]) for i in shown])
    return drawn


def _fitting(columns: tuple[Column, ...], needed: list[int], width: int) -> list[int]:
    """Which columns the width has room for; of the optional ones, the last go first."""
    shown = list(range(len(columns)))
    for i in reversed(range(len(columns))):
        if sum(needed[j] + 1 for j in shown) - 1 <= width:
            break
        if columns[i].optional:
            shown.remove(i)
    return shown


def _facts(report: Report) -> RichTable:
    grid = RichTable.grid(padding=(0, 2, 0, 0))
    for fact in report.facts:
        grid.add_row(Text(fact.title), Text(exact(fact.value, fact.unit)))
    return grid
