"""All that is known of one net: the answer in three sentences, then section by section what it stands on."""

from collections.abc import Iterator, Sequence

from resnet_inspect.documents.costs import describe_checks, describe_costs
from resnet_inspect.documents.measured import describe_runs, judge_runs
from resnet_inspect.documents.origin import describe_origin
from resnet_inspect.documents.subject import Place, Run, Subject
from resnet_inspect.documents.words import describe_batch
from resnet_inspect.graph.facts.memory import memory_peak
from resnet_inspect.graph.facts.work import Work, stage_of, sum_of, work_by
from resnet_inspect.hardware.floor import floors, total_of
from resnet_inspect.questions.accuracy import accuracy_facts
from resnet_inspect.questions.predicted import standing_on
from resnet_inspect.questions.summary import total_facts
from resnet_inspect.questions.times import fastest
from resnet_inspect.report import Fact, Report, Section
from resnet_inspect.units import giga, percent, text


def describe_net(subject: Subject, place: Place, runs: Sequence[Run]) -> Report:
    """A Report of the net ``subject``, with its least times at ``place`` and its times in ``runs``."""
    graph = subject.graph
    works = work_by(graph, stage_of)
    total = sum_of(works)
    answer = (*_costs(subject, total), _where(subject, works, total), *_times(subject, place, runs))
    return Report(
        kind="report",
        model=graph.name,
        title=f"{graph.name}, input {graph.input}",
        facts=(
            Fact("input", "input", graph.input.shape, "shape"),
            *total_facts(graph, total),
            *accuracy_facts(subject.published, graph.input.shape),
        ),
        sections=(
            Section("answer", "In short", answer),
            *judge_runs(runs),
            *describe_costs(subject, place, runs),
            *describe_runs(runs, [subject]),
            *describe_checks(subject),
            describe_origin(runs),
        ),
    )


def _costs(subject: Subject, total: Work) -> Iterator[str]:
    top = subject.top
    accuracy = f"; its best published weights reach {text(top.top1, 'percent')} top-1" if top else ""
    yield (
        f"{subject.name} has {text(total.params, 'count')} parameters and does {giga(total.macs)} GMACs, or "
        f"{giga(2 * total.macs)} GFLOPs, on {describe_batch(subject.graph.input.shape)}{accuracy}."
    )


def _where(subject: Subject, works: dict[str, Work], total: Work) -> str:
    """The stages that cost most, and the peak of memory."""
    busiest, largest = (max(works, key=lambda stage: getattr(works[stage], cost)) for cost in ("macs", "params"))
    moment, peak = memory_peak(subject.graph)
    macs, params = (
        percent(part / whole, 0) if whole else "none"
        for part, whole in ((works[busiest].macs, total.macs), (works[largest].params, total.params))
    )
    return (
        f"{busiest} does the most work ({macs} of the MACs), {largest} has the most parameters ({params}), and "
        f"inference in fp32 asks for {text(peak.peak_bytes, 'bytes')} at its peak, in {moment.node}."
    )


def _times(subject: Subject, place: Place, runs: Sequence[Run]) -> Iterator[str]:
    """The least time, and what it is in fact: measured where a Record says so, predicted where a profile does.

    The least time of a device that stands in answers nobody's question.
    """
    floor = total_of(floors(subject.graph, place.device, place.precision).values())
    least_ms = 1e3 * floor.floor_s
    images = text(subject.graph.input.shape[0] / floor.floor_s, "rate")
    memory = text(floor.memory_s / floor.floor_s, "share")
    if not place.stands_in:
        yield (
            f"In {place.words}, a pass takes at least {text(least_ms, 'ms')} ({images} images/s): memory bandwidth "
            f"sets {memory} of that, arithmetic the rest."
        )
    if place.profile:
        prediction = place.profile.predict(subject.graph)
        bounds = (prediction.ms, prediction.low_ms, prediction.high_ms)
        if None not in bounds:
            ms, low, high = (text(bound, "ms") for bound in bounds)
            yield f"It is predicted to take {ms} ({low} to {high}) in {standing_on(place.profile)}."
    for run in runs:
        results = subject.inferences(run.record)
        there = [result for result in results if place.ran(run.record, result)]
        if time := fastest(there or results, run.record.plan.seed):
            low, high = (text(end, "ms") for end in (time.low_ms, time.high_ms))
            above = f", {text(time.ms / least_ms, 'ratio')} the least time" if there else ""
            yield f"Measured in {run.name}: {text(time.ms, 'ms')} ({low} to {high}; {time.how}){above}."
        elif subject.measured(run.record):
            yield f"{run.name} measured it, but not validly: its times stand below, and nothing here rests on them."
