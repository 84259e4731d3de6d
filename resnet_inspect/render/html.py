"""Report -> one self-contained HTML page: no script, no font, no link."""

from collections.abc import Iterator, Sequence

from resnet_inspect.escape import html_prose as prose
from resnet_inspect.escape import html_text as name
from resnet_inspect.report import Fact, Finding, Heading, Report, Row, Table
from resnet_inspect.units import Value, exact, percent

STYLE = """\
:root { color-scheme: light dark; --line: #8884; --bar: #3b82f6; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 96rem; margin: 2rem auto; padding: 0 1rem; }
p, ul, dl { max-width: 60rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.n { text-align: right; white-space: nowrap; }
.share { background: linear-gradient(var(--bar) 0 0) no-repeat bottom right / var(--share) 3px; }
tfoot td { font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dt, .notes { opacity: .75; } dd { margin: 0; }
p, li, dd, td { overflow-wrap: anywhere; }
@media (max-width: 40rem) {  /* a phone: every row is a list of its cells, each after its column's title */
  thead { display: none; } tr { display: block; padding: .4rem 0; border-bottom: 1px solid var(--line); }
  td, td.n { display: flex; justify-content: space-between; gap: 1rem; padding: .1rem 0; }
  td { border: 0; white-space: normal; text-align: right; }
  td::before { content: attr(data-title); opacity: .75; } td:empty { display: none; }
  dl { display: block; } dd { margin-bottom: .4rem; }
}
"""


def render(report: Report, command: str = "") -> str:
    return "".join(f"{part}\n" for part in _page(report, command))


def _page(report: Report, command: str) -> Iterator[str]:
    title = name(report.title)
    yield '<!doctype html>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title>\n<style>\n{STYLE}</style>\n<h1>{title}</h1>"
    yield from body(report, command)


def body(report: Report, command: str = "") -> Iterator[str]:
    """What stands below the title."""
    if command:
        yield f'<p class="notes">Made by <code>{name(command)}</code>.</p>'
    for section in report.sections:
        yield f"<h2>{name(section.title)}</h2>"
        yield from (f"<p>{prose(paragraph)}</p>" for paragraph in section.paragraphs)
        yield from _table(section.table) if section.table else ()
    for table in report.tables:
        if len(report.tables) > 1:
            yield f"<h2>{name(table.title)}</h2>"
        yield from _table(table)
    yield from _list("dl", (_fact(fact) for fact in report.facts))
    yield from _list('ul class="findings"', (_finding(finding) for finding in report.findings))
    yield from _list('ul class="notes"', (f"<li>{prose(note)}</li>" for note in report.notes))


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
    yield f'<div class="wide">\n<table>\n<thead><tr>{"".join(head)}</tr></thead>\n<tbody>'
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
    label = f' data-title="{name(column.title)}"'
    if column.unit == "share" and isinstance(value, float) and 0 <= value <= 1:
        return f'<td{label} class="n share" style="--share: {percent(value)}">{text}</td>'
    full = name(exact(value, column.unit)) if column.unit in ("count", "bytes") else ""
    title = f' title="{full}"' if full and text not in ("", full) else ""
    return f"<td{label}{_class(column)}{title}>{text}</td>"


def _class(column: Heading) -> str:
    return ' class="n"' if column.numeric else ""
