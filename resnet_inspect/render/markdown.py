"""Report -> GitHub's Markdown."""

from resnet_inspect.report import Report, Table
from resnet_inspect.units import exact


def render(report: Report) -> str:
    parts = [f"## {report.title}"]
    parts += (
        ["\n".join(f"- {fact.title}: {exact(fact.value, fact.unit)}" for fact in report.facts)] if report.facts else []
    )
    for section in report.sections:
        parts += [f"### {section.title}", *section.paragraphs]
        parts += [_table(section.table)] if section.table else []
    for table in report.tables:
        parts += [f"### {table.title}"] if len(report.tables) > 1 else []
        parts.append(_table(table))
    if report.findings:
        parts.append("\n".join(f"- **{f.code}** {f.where}: {f.message}. {f.hint}".rstrip() for f in report.findings))
    parts += [f"> {note}" for note in report.notes]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    drawn = [column for column in table.columns if column.title]
    head = [column.title for column in drawn]
    rule = ["---:" if column.numeric else "---" for column in drawn]
    body = [_cells(table, texts) for texts in table.texts()]
    total = [[f"**{cell}**" if cell else "" for cell in _cells(table, table.total_texts())]] if table.total else []
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *body, *total))


def _cells(table: Table, texts: list[str]) -> list[str]:
    cells = zip(table.columns, texts, strict=True)
    return [cell.replace("|", "\\|") for column, cell in cells if column.title]
