"""Report -> JSON: raw numbers under stable keys."""

import json
from io import StringIO

from resnet_inspect.escape import json_text
from resnet_inspect.report import Report, Section, Table

SCHEMA = "resnet-inspect/report"
SCHEMA_VERSION = 1


def render(report: Report) -> str:
    document: dict[str, object] = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "kind": report.kind,
        "model": report.model,
        "facts": {fact.key: fact.value for fact in report.facts},
        "tables": {table.key: _rows(table) for table in report.tables},
        "findings": _findings(report),
        "notes": list(report.notes),
    }
    if report.sections:
        document["sections"] = [
            {
                "key": section.key,
                "title": section.title,
                "paragraphs": list(section.paragraphs),
                "table": _rows(section.table) if section.table else None,
                **({"chart": _rows(section.chart.table)} if section.chart else {}),
                **({"findings": _findings(section)} if section.findings else {}),
                **({"notes": list(section.notes)} if section.notes else {}),
            }
            for section in report.sections
        ]
    out = StringIO()
    json.dump(document, out, indent=2, ensure_ascii=False, allow_nan=False)  # dumps keeps every token until the end
    return json_text(out.getvalue()) + "\n"


def _findings(part: Report | Section) -> list[dict[str, str]]:
    return [{"code": f.code, "where": f.where, "message": f.message, "hint": f.hint} for f in part.findings]


def _rows(table: Table) -> list[dict[str, object]]:
    return [dict(zip([c.key for c in table.columns], row, strict=True)) for row in table.rows]
