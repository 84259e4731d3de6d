"""How a document was made: by which version, and where its Records were measured."""

from collections.abc import Iterator, Sequence

from resnet_inspect import __version__
from resnet_inspect.documents.subject import Run
from resnet_inspect.records.bench import bench
from resnet_inspect.report import Column, Fact, Section, tabulate

STATIC = "Costs and least times are counted, not measured."


def describe_origin(runs: Sequence[Run]) -> Section:
    facts = [Fact("version", "resnet-inspect", __version__), *(fact for run in runs for fact in _facts_of(run))]
    columns: tuple[Column[Fact], ...] = (
        Column("what", "what", lambda fact: fact.title),
        Column("value", "value", lambda fact: fact.value),
    )
    return Section("origin", "How this was made", (STATIC,), tabulate("origin", "how this was made", columns, facts))


def _facts_of(run: Run) -> Iterator[Fact]:
    """The Record's command, date, machine, GPU, versions and plan."""
    for fact in bench(run.record).facts:
        yield Fact(fact.key, f"{run.name}: {fact.title}", fact.value, fact.unit)
