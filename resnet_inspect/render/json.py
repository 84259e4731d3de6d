"""Report -> JSON: raw numbers under stable keys."""

import json
from io import StringIO
from typing import Any

from resnet_inspect.escape import json_text
from resnet_inspect.report import Report, Section

SCHEMA = "resnet-inspect/report"
SCHEMA_VERSION = 1


def render(report: Report) -> str:
    out = StringIO()
    json.dump(document(report), out, indent=2, ensure_ascii=False, allow_nan=False)  # dumps keeps all tokens to the end
    return json_text(out.getvalue()) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The JSON object before it is text; a shape is a tuple."""
    values: dict[str, Any] = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "kind": report.kind,
        "model": report.model,
        "facts": {fact.key: fact.value for fact in report.facts},
        "tables": {table.key: table.records() for table in report.tables},
        "findings": _findings(report),
        "notes": list(report.notes),
    }
    if report.sections:
        values["sections"] = [
            {
                "key": section.key,
                "title": section.title,
                "paragraphs": list(section.paragraphs),
                "table": section.table.records() if section.table else None,
                **({"chart": section.chart.table.records()} if section.chart else {}),
                **({"findings": _findings(section)} if section.findings else {}),
                **({"notes": list(section.notes)} if section.notes else {}),
            }
            for section in report.sections
        ]
    return values


def _findings(part: Report | Section) -> list[dict[str, str]]:
    return [{"code": f.code, "where": f.where, "message": f.message, "hint": f.hint} for f in part.findings]
