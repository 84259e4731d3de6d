"""Report -> JSON: raw numbers under stable keys."""

import json

from resnet_inspect.report import Report

SCHEMA = "resnet-inspect/report"
SCHEMA_VERSION = 1


def render(report: Report) -> str:
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "kind": report.kind,
        "model": report.model,
        "facts": {fact.key: fact.value for fact in report.facts},
        "tables": {
            table.key: [dict(zip([c.key for c in table.columns], row, strict=True)) for row in table.rows]
            for table in report.tables
        },
        "findings": [{"code": f.code, "where": f.where, "message": f.message, "hint": f.hint} for f in report.findings],
        "notes": list(report.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
