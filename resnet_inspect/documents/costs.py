"""The sections on what a net costs before anything runs."""

from collections.abc import Iterator, Sequence

from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.charts.architecture import architecture
from resnet_inspect.charts.memory import memory as draw_memory
from resnet_inspect.charts.roofline import roofline as draw_roofline
from resnet_inspect.charts.stages import stages as draw_stages
from resnet_inspect.documents.subject import Place, Run, Subject
from resnet_inspect.linter import Subject as Linted
from resnet_inspect.linter import lint
from resnet_inspect.questions.memory import memory
from resnet_inspect.questions.reconcile import reconcile
from resnet_inspect.questions.roofline import roofline
from resnet_inspect.questions.summary import summary
from resnet_inspect.records.efficiency import efficiency
from resnet_inspect.report import Section


def describe_costs(subject: Subject, place: Place, runs: Sequence[Run]) -> Iterator[Section]:
    """The architecture, the costs of its stages, memory, and the roofline."""
    graph = subject.graph
    stages = summary(graph, published=subject.published, profile=place.profile)
    yield Section(
        "architecture", "Architecture", (), stages.tables[0], architecture(graph), notes=(*stages.notes, *subject.notes)
    )
    measured = next(_measured_here(subject, place, runs), None)
    result = measured[1] if measured else None
    device = None if place.stands_in else place.device
    yield Section("stages", "Costs by stage", chart=draw_stages(graph, place.precision, device, result))
    peak = memory(graph)
    yield Section("memory", "Memory of inference, fp32", (), peak.tables[0], draw_memory(graph), notes=peak.notes)
    yield Section("alive", "Alive at the peak", table=peak.tables[1])
    least = efficiency(graph, place.device, *measured) if measured else roofline(graph, place.device, place.precision)
    yield Section(
        "roofline",
        f"Roofline: {place.words}",
        table=least.tables[0],
        chart=draw_roofline(graph, place.device, place.precision, result=result),
        findings=least.findings,
        notes=(*_stand_in_note(place), *least.notes),
    )


def _stand_in_note(place: Place) -> Iterator[str]:
    """Why the least times are of another device than the predictions."""
    if place.stands_in and place.profile:
        yield (
            f"no peaks are known of {place.profile.conditions.place}: these least times are of {place.device.title}; "
            "--device names another"
        )


def describe_checks(subject: Subject) -> Iterator[Section]:
    """Findings of the linter, and what other counters say."""
    checked = lint(Linted(subject.spec, subject.graph))
    yield Section("lint", "Findings of the linter", findings=checked.findings, notes=checked.notes)
    counts = reconcile(subject.graph, subject.layout, subject.published_as)
    counters, *others = counts.tables
    yield Section("counters", "What other counters report", table=counters, notes=counts.notes)
    yield from (Section(table.key, "Published, recounted", table=table) for table in others if table.key == "published")


def _measured_here(subject: Subject, place: Place, runs: Sequence[Run]) -> Iterator[tuple[Record, Result]]:
    """The inferences of the net that have times of its stages, where the least times hold."""
    for record in (run.record for run in runs):
        yield from ((record, each) for each in subject.inferences(record) if each.stages and place.ran(record, each))
