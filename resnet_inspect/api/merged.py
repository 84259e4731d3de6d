"""Several answers to one question as one answer: rows of one table, each with its model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from resnet_inspect.api.answer import Answer, answer
from resnet_inspect.errors import FAILED
from resnet_inspect.report import Fact, Heading, Report, Table
from resnet_inspect.units import Unit, Value, counted

MODEL = Heading("model", "model")


def merged(reports: Sequence[Report], source: str) -> Answer:
    """The reports' tables, each with the model in its first column; facts that differ are a table with a row a model.

    A table's totals are among the facts. ``source`` is the file that lists the models.
    """
    names = _names(reports)
    shared = [fact for fact in reports[0].facts if all(fact in report.facts for report in reports)]
    notes = list(dict.fromkeys(note for report in reports for note in report.notes))
    codes = {report.exit_code for report in reports}
    return answer(
        Report(
            kind=reports[0].kind,
            model=None,
            title=f"{counted(len(reports), 'model')} of {source}",
            facts=tuple(shared),
            tables=(*_stacked(names, reports), *_differing(names, reports, shared)),
            findings=tuple(
                replace(finding, where=f"{name}: {finding.where}" if finding.where else name)
                for name, report in zip(names, reports, strict=True)
                for finding in report.findings
            ),
            notes=tuple(_tell(note, names, reports) for note in notes),
            ok=all(report.ok for report in reports),
            exit_code=FAILED if FAILED in codes else max(codes),
        )
    )


def _names(reports: Sequence[Report]) -> list[str]:
    """Each report's model, or its title where two are of one model."""
    names = [report.model or report.title for report in reports]
    return [report.title if names.count(name) > 1 else name for name, report in zip(names, reports, strict=True)]


def _stacked(names: Sequence[str], reports: Sequence[Report]) -> Iterator[Table]:
    """For each key of a table, the rows of all that have it; a column that a table lacks is unknown there."""
    for key in dict.fromkeys(table.key for report in reports for table in report.tables):
        parts = [(name, table) for name, report in zip(names, reports, strict=True)
                 for table in report.tables if table.key == key]  # fmt: skip
        columns = {column.key: column for _, table in parts for column in table.columns}
        rows: list[tuple[Value, ...]] = []
        units: list[tuple[Unit, ...]] = []
        for name, table in parts:
            at = {column.key: i for i, column in enumerate(table.columns)}
            for row, row_units in zip(table.rows, table.units, strict=True):
                rows.append((name, *(row[at[k]] if k in at else None for k in columns)))
                units.append(("text", *(row_units[at[k]] if k in at else "text" for k in columns)))
        yield Table(key, parts[0][1].title, (MODEL, *columns.values()), tuple(rows), tuple(units))


def _differing(names: Sequence[str], reports: Sequence[Report], shared: Sequence[Fact]) -> Iterator[Table]:
    facts = {fact.key: fact for report in reports for fact in report.facts if fact not in shared}
    if not facts:
        return
    rows = []
    for name, report in zip(names, reports, strict=True):
        values = {fact.key: fact.value for fact in report.facts}
        rows.append((name, *map(values.get, facts)))
    units = tuple(fact.unit for fact in facts.values())
    columns = tuple(Heading(fact.key, fact.title, fact.unit) for fact in facts.values())
    yield Table("models", "models", (MODEL, *columns), tuple(rows), (("text", *units),) * len(rows))


def _tell(note: str, names: Sequence[str], reports: Sequence[Report]) -> str:
    """A note, with the models that it is about where it is not about all."""
    about = [name for name, report in zip(names, reports, strict=True) if note in report.notes]
    return note if len(about) == len(names) else f"{', '.join(about)}: {note}"
