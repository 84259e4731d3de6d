"""Report -> CSV: the main table alone, raw numbers, under timm's column names where it has them."""

import csv
import io

from resnet_inspect.errors import RequestError
from resnet_inspect.report import Column, Report
from resnet_inspect.units import Value, text


def render(report: Report) -> str:
    if not report.tables:
        raise RequestError(f"{report.title}: prose has no table for a CSV", hint="use --format md or json")
    table = report.tables[0]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.csv[0] if column.csv else column.key for column in table.columns])
    writer.writerows(
        [_cell(value, column) for value, column in zip(row, table.columns, strict=True)] for row in table.rows
    )
    return out.getvalue()


def _cell(value: Value, column: Column) -> Value:
    """A raw number, scaled where timm's column is; text for the rest."""
    if value is None:
        return ""
    if column.csv and isinstance(value, int):
        return value / column.csv[1]
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text(value, column.unit)
