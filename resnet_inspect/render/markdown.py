"""Report -> GitHub's Markdown, which refers to its pictures as files."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from resnet_inspect.escape import markdown as name
from resnet_inspect.escape import markdown_code as code
from resnet_inspect.escape import markdown_prose as prose
from resnet_inspect.escape import slug
from resnet_inspect.report import Fact, Finding, Report, Section, Table
from resnet_inspect.units import exact

if TYPE_CHECKING:
    from resnet_inspect.chart import Chart

FIGURES = "<details>\n<summary>The figures of this picture</summary>"


def render(report: Report, command: str = "", pictures: str = "") -> str:
    """A page; without the folder ``pictures``, relative to it, no picture is referred to."""
    return "\n\n".join(_parts(report, command, pictures)) + "\n"


def picture_name(chart: "Chart") -> str:
    """The file in the folder of pictures that a page refers to."""
    return f"{slug(chart.key)}.svg"


def _parts(report: Report, command: str, pictures: str) -> Iterator[str]:
    if command:
        yield f"Made by {code(command)}."
    yield f"## {name(report.title)}"
    for section in report.sections:
        yield from _section(section, pictures)
    if report.facts:
        yield from ["### In numbers"] if report.sections else []
        yield "\n".join(map(_fact, report.facts))
    for table in report.tables:
        yield from [f"### {name(table.title)}"] if len(report.tables) > 1 else []
        yield "\n".join(_table(table))
    if report.findings:
        yield "\n".join(map(_finding, report.findings))
    yield from (f"> {prose(note)}" for note in report.notes)


def _section(section: Section, pictures: str) -> Iterator[str]:
    yield f"### {name(section.title)}"
    yield from map(prose, section.paragraphs)
    if section.chart and pictures:
        yield f"![{name(section.chart.alt)}]({pictures}/{picture_name(section.chart)})"
        if section.chart.table != section.table:
            yield from (FIGURES, "\n".join(_table(section.chart.table)), "</details>")
    if table := section.table if pictures else section.undrawn:
        yield "\n".join(_table(table))
    if section.findings:
        yield "\n".join(map(_finding, section.findings))
    if section.notes:
        yield "\n>\n".join(f"> {prose(note)}" for note in section.notes)


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
