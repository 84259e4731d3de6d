"""Report -> one self-contained HTML page: no script, no font, nothing to fetch."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from resnet_inspect.escape import html_prose as prose
from resnet_inspect.escape import html_text as name
from resnet_inspect.escape import slug
from resnet_inspect.render.page_style import STYLE
from resnet_inspect.report import Fact, Finding, Heading, Report, Row, Section, Table
from resnet_inspect.units import Value, exact, percent

if TYPE_CHECKING:
    from resnet_inspect.chart import Chart

LONG = 40  # letters of a cell that wraps: its column keeps a width at which it can be read


def render(report: Report, command: str = "") -> str:
    return "".join(f"{part}\n" for part in _page(report, command))


def _page(report: Report, command: str) -> Iterator[str]:
    title = name(report.title)
    yield '<!doctype html>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>\n{STYLE}{picture_style(report)}</style>\n<h1>{title}</h1>"
    yield from body(report, command)


def body(report: Report, command: str = "") -> Iterator[str]:
    """What stands below the title."""
    if command:
        yield f'<p class="notes">Made by <code>{name(command)}</code>.</p>'
    if _is_drawn(report):
        links = (f'<a href="#{slug(section.key)}">{name(section.title)}</a>' for section in report.sections)
        yield f"<nav>{' '.join(links)}</nav>"
    for section in report.sections:
        yield from _section(section)
    for table in report.tables:
        if len(report.tables) > 1:
            yield f"<h2>{name(table.title)}</h2>"
        yield from _table(table)
    if report.sections and report.facts:
        yield "<h2>In numbers</h2>"
    yield from _list("dl", (_fact(fact) for fact in report.facts))
    yield from _remarks(report)


def _section(section: Section) -> Iterator[str]:
    yield f'<section id="{slug(section.key)}">\n<h2>{name(section.title)}</h2>'
    yield from (f"<p>{prose(paragraph)}</p>" for paragraph in section.paragraphs)
    yield from _picture(section.chart, section.table) if section.chart else ()
    yield from _table(section.table) if section.table else ()
    yield from _remarks(section)
    yield "</section>"


def _remarks(part: Report | Section) -> Iterator[str]:
    yield from _list('ul class="findings"', (_finding(finding) for finding in part.findings))
    yield from _list('ul class="notes"', (f"<li>{prose(note)}</li>" for note in part.notes))


def _is_drawn(report: Report) -> bool:
    return any(section.chart for section in report.sections)


def picture_style(report: Report, part: str = "") -> str:
    """The style of its pictures, if there are any: on this page, or in ``part`` of another, a selector."""
    if not _is_drawn(report):
        return ""
    from resnet_inspect.render import svg

    return f"{svg.style_in(part, ground=bool(part))}\n"


def _picture(chart: "Chart", below: Table | None) -> Iterator[str]:
    """The picture, its caption, and a fold with its figures, unless the table ``below`` has them."""
    from resnet_inspect.render import svg

    yield f"<figure>\n{svg.render(chart, alone=False)}<figcaption>{name(chart.alt)}</figcaption>\n</figure>"
    if chart.table != below:
        yield f"<details>\n<summary>{name(chart.title)}: the figures</summary>"
        yield from _table(chart.table)
        yield "</details>"


def _list(tag: str, items: Iterator[str]) -> Iterator[str]:
    if entries := [*items]:
        yield "\n".join([f"<{tag}>", *entries, f"</{tag.split()[0]}>"])


def _fact(fact: Fact) -> str:
    return f"<dt>{name(fact.title)}</dt><dd>{name(exact(fact.value, fact.unit))}</dd>"


def _finding(finding: Finding) -> str:
    hint = f"<br>{prose(finding.hint)}" if finding.hint else ""
    return f"<li><b>{name(finding.code)}</b> {name(finding.where)}: {prose(finding.message)}{hint}</li>"


def _table(table: Table) -> Iterator[str]:
    head = (f"<th{_class(column)}>{name(column.title)}</th>" for column in table.columns if column.title)
    yield f'<div class="wide" tabindex="0">\n<table>\n<thead><tr>{"".join(head)}</tr></thead>\n<tbody>'
    for row, texts in zip(table.rows, table.texts(), strict=True):
        yield f"<tr>{_cells(table.columns, row, texts)}</tr>"
    yield "</tbody>"
    if table.total:
        yield f"<tfoot><tr>{_cells(table.columns, table.total, table.total_texts())}</tr></tfoot>"
    yield "</table>\n</div>"


def _cells(columns: Sequence[Heading], row: Row, texts: Sequence[str]) -> str:
    cells = zip(columns, row, texts, strict=True)
    return "".join(_cell(column, value, name(text)) for column, value, text in cells if column.title)


def _cell(column: Heading, value: Value, text: str) -> str:
    """Draw a bar under a share; show the exact number where the pointer hovers over a rounded one."""
    if column.unit == "share" and isinstance(value, float) and 0 <= value <= 1:
        return f'<td class="n share" style="--share: {percent(value)}">{text}</td>'
    if not column.numeric and len(text) > LONG:
        return f'<td class="long">{text}</td>'
    full = name(exact(value, column.unit)) if column.unit in ("count", "bytes") else ""
    title = f' title="{full}"' if full and text not in ("", full) else ""
    return f"<td{_class(column)}{title}>{text}</td>"


def _class(column: Heading) -> str:
    return ' class="n"' if column.numeric else ""
