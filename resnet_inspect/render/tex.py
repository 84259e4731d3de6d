r"""Report -> LaTeX to ``\input``: a table in the style of booktabs for each table; the rest is text.

A table wider than the text is scaled to it, without its spare columns. A table longer than a page is a longtable.
Letters of other scripts than the Latin one need XeLaTeX.
"""

from collections.abc import Iterable, Iterator, Sequence

from resnet_inspect.escape import latex as name
from resnet_inspect.escape import latex_prose as prose
from resnet_inspect.report import Fact, Finding, Heading, Report, Section, Table
from resnet_inspect.units import exact

PAGE = 45  # rows at LaTeX's own size
PACKAGES = r"% \usepackage{booktabs,graphicx,longtable}"
NARROW = r"{\scriptsize\setlength{\tabcolsep}{2pt}%"  # a longtable cannot be scaled
FIT = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def render(report: Report, command: str = "") -> str:
    return "\n\n".join(_parts(report, command)) + "\n"


def _parts(report: Report, command: str) -> Iterator[str]:
    made = [f"% Made by {command}"] if command else []
    yield "\n".join([*made, PACKAGES])
    if report.sections or not report.tables:
        yield rf"\paragraph{{{name(report.title)}}}"
    for section in report.sections:
        yield rf"\paragraph{{{name(section.title)}}}"
        yield from map(prose, section.paragraphs)
        table = section.table or (section.chart and section.chart.table)  # the figures of what is not drawn here
        yield from [_table(table)] if table else []
        yield from _remarks(section)
    for table in report.tables:
        yield _table(table, report.title if len(report.tables) == 1 else f"{report.title}: {table.title}")
    yield from _list(map(_fact, report.facts))
    yield from _remarks(report)


def _remarks(part: Report | Section) -> Iterator[str]:
    yield from _list(map(_finding, part.findings))
    yield from map(prose, part.notes)


def _list(items: Iterable[str]) -> Iterator[str]:
    if lines := [rf"\item {item}" for item in items]:
        yield "\n".join([r"\begin{itemize}", *lines, r"\end{itemize}"])


def _fact(fact: Fact) -> str:
    return f"{prose(fact.title)}: {name(exact(fact.value, fact.unit))}"


def _finding(finding: Finding) -> str:
    words = f"{prose(finding.message)}. {prose(finding.hint)}".rstrip()
    return rf"\textbf{{{name(finding.code)}}} {name(finding.where)}: {words}"


def _table(table: Table, caption: str = "") -> str:
    """A float under its ``caption``; without one, the table stays where the text has it."""
    drawn = [i for i, column in enumerate(table.columns) if column.title and not column.spare]
    columns = [table.columns[i] for i in drawn]
    sides = "".join("r" if column.numeric else "l" for column in columns)
    head = r"\toprule", _row(name(column.title) for column in columns), r"\midrule"
    rows = [_row(_cells(columns, [texts[i] for i in drawn])) for texts in table.texts()]
    if table.total:
        totals = table.total_texts()
        cells = _cells(columns, [totals[i] for i in drawn])
        rows += [r"\midrule", _row(rf"\textbf{{{cell}}}" if cell else "" for cell in cells)]
    if len(rows) > PAGE:
        title = [rf"\caption{{{name(caption)}}} \\"] if caption else []
        lines = [*title, *head, r"\endhead", *rows, r"\bottomrule"]
        return "\n".join([NARROW, rf"\begin{{longtable}}{{{sides}}}", *lines, r"\end{longtable}}"])
    lines = [FIT, rf"\begin{{tabular}}{{{sides}}}", *head, *rows, r"\bottomrule", r"\end{tabular}}"]
    if not caption:
        return "\n".join([r"\begin{center}", *lines, r"\end{center}"])
    return "\n".join([r"\begin{table}", r"\centering", rf"\caption{{{name(caption)}}}", *lines, r"\end{table}"])


def _row(cells: Iterable[str]) -> str:
    return rf"{' & '.join(cells)} \\"


def _cells(columns: Sequence[Heading], texts: Sequence[str]) -> Iterator[str]:
    """The cells of a row; a number has a minus in place of a hyphen."""
    for column, text in zip(columns, texts, strict=True):
        is_negative = column.numeric and text.startswith("-")
        yield f"$-${name(text[1:])}" if is_negative else name(text)
