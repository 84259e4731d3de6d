"""Report -> CSV: raw numbers of the main table, with timm's column names where timm has the column.

A Report without a table gives its findings.
"""

import csv
import io

from resnet_inspect.errors import RequestError
from resnet_inspect.escape import csv_text
from resnet_inspect.report import Heading, Report
from resnet_inspect.units import Unit, Value, text


def render(report: Report) -> str:
    if not report.tables and report.sections:
        raise RequestError(f"{report.title}: no table to write as CSV", hint="use --format md or json")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if not report.tables:
        writer.writerow(("code", "where", "message", "hint"))
        writer.writerows(map(csv_text, (f.code, f.where, f.message, f.hint)) for f in report.findings)
        return out.getvalue()
    table = report.tables[0]
    writer.writerow([csv_text(column.csv[0] if column.csv else column.key) for column in table.columns])
    for cells in zip(table.rows, table.units, strict=True):
        writer.writerow(list(map(_cell, *cells, table.columns)))
    return out.getvalue()


def _cell(value: Value, unit: Unit, column: Heading) -> Value:
    """A raw number, scaled as in timm's column; text for anything else."""
    if value is None:
        return ""
    if column.csv and isinstance(value, int):
        return value / column.csv[1]
    if isinstance(value, bool):
        return text(value)
    return value if isinstance(value, int | float) else csv_text(text(value, unit))
