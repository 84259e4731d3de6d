"""Report -> GitHub's Markdown."""

from collections.abc import Iterable, Iterator

from resnet_inspect.escape import markdown as name
from resnet_inspect.escape import markdown_code as code
from resnet_inspect.escape import markdown_prose as prose
from resnet_inspect.report import Fact, Finding, Report, Table
from resnet_inspect.units import exact


def render(report: Report, command: str = "") -> str:
    return "\n\n".join(_parts(report, command)) + "\n"


def _parts(report: Report, command: str) -> Iterator[str]:
    if command:
        yield f"Made by {code(command)}."
    yield f"## {name(report.title)}"
    if report.facts:
        yield "\n".join(map(_fact, report.facts))
    for section in report.sections:
        yield f"### {name(section.title)}"
        yield from map(prose, section.paragraphs)
        yield from ["\n".join(_table(section.table))] if section.table else []
    for table in report.tables:
        yield from [f"### {name(table.title)}"] if len(report.tables) > 1 else []
        yield "\n".join(_table(table))
    if report.findings:
        yield "\n".join(map(_finding, report.findings))
    yield from (f"> {prose(note)}" for note in report.notes)


def _fact(fact: Fact) -> str:
    return f"- {prose(fact.title)}: {name(exact(fact.value, fact.unit))}"


def _finding(finding: Finding) -> str:
    words = f"{prose(finding.message)}. {prose(finding.hint)}".rstrip()
    return f"- **{name(finding.code)}** {name(finding.where)}: {words}"


def _table(table: Table) -> Iterator[str]:
    drawn = [i for i, column in enumerate(table.columns) if column.title]

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |"

    yield line(name(table.columns[i].title) for i in drawn)
    yield line("---:" if table.columns[i].numeric else "---" for i in drawn)
    for texts in table.texts():
        yield line(name(texts[i]) for i in drawn)
    if table.total:
        total = [name(text).strip() for text in table.total_texts()]
        yield line(f"**{total[i]}**" if total[i] else "" for i in drawn)
