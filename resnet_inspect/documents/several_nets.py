"""Several nets on one page: which to take for what, and how each differs from the first."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from resnet_inspect.charts.pareto import pareto
from resnet_inspect.documents.difference import describe_difference
from resnet_inspect.documents.measured import describe_runs, judge_runs
from resnet_inspect.documents.origin import describe_origin
from resnet_inspect.documents.subject import Place, Run, Subject
from resnet_inspect.documents.words import enumerate_words
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.hardware.floor import floors_ms
from resnet_inspect.questions.choose import Candidate, beats
from resnet_inspect.questions.compare import compare
from resnet_inspect.questions.nets import Floor
from resnet_inspect.questions.predicted import interval_of, standing_on
from resnet_inspect.questions.times import fastest, time_of
from resnet_inspect.report import Report, Section
from resnet_inspect.sources.costs import Costs
from resnet_inspect.units import text


def describe_nets(subjects: Sequence[Subject], place: Place, runs: Sequence[Run]) -> Report:
    """A Report that compares ``subjects`` with each other, and stage by stage with the first."""

    compared = compare(
        [subject.graph for subject in subjects],
        None if place.stands_in else Floor(lambda graph: floors_ms(graph, place.device, place.precision), place.words),
        [subject.published for subject in subjects],
        place.profile,
    )
    nets = [_candidate(subject, place) for subject in subjects]
    first, *others = subjects
    body = [
        Section("models", "Side by side", table=compared.tables[0], notes=compared.notes),
        *(describe_difference(f"difference_{i}", first, other, place, runs) for i, other in enumerate(others, 1)),
    ]
    inputs = {str(subject.graph.input) for subject in subjects}
    one_input = f", input {first.graph.input}" if len(inputs) == 1 else ""
    return Report(
        kind="report",
        model=first.name,
        title=enumerate_words([subject.name for subject in subjects]) + one_input,
        sections=(
            Section("answer", "In short", (*_firsts(nets, place), *_beaten(nets))),
            *judge_runs(runs),
            *(reversed(body) if len(others) == 1 else body),
            *_fronts(nets, subjects, place, runs),
            *describe_runs(runs, subjects),
            describe_origin(runs),
        ),
    )


def _candidate(subject: Subject, place: Place) -> Candidate:
    """The net with its predicted time where a profile knows it, or its least one if it is of the same machine."""
    graph, work = subject.graph, work_of(subject.graph)
    floor_ms, eager_ms = floors_ms(graph, place.device, place.precision)
    predicted = interval_of(place.profile.predict(graph) if place.profile else None)
    costs = Costs(
        subject.name, graph.input.shape, work.params, work.macs, work.activations, floor_ms, eager_ms, "", 0, *predicted
    )
    comparable = costs if place.is_one_machine else replace(costs, floor_ms=0.0)
    return Candidate(costs, time_of(comparable, (), {}, 0), subject.top)


def _fronts(
    nets: Sequence[Candidate], subjects: Sequence[Subject], place: Place, runs: Sequence[Run]
) -> Iterator[Section]:
    """Top-1 against MACs, against the time at hand of all nets, and against what each Record measured of several."""
    if sum(net.top1 is not None for net in nets) < 2:
        return
    drawn = [("macs", "MACs", pareto(nets, "macs"))]
    if any(net.time and net.top1 is not None for net in nets):
        on = place.words if place.is_one_machine or not place.profile else standing_on(place.profile)
        drawn.append(("time", "time", pareto(nets, "time", on)))
    for number, run in enumerate(runs, 1):
        times = [fastest(subject.inferences(run.record), run.record.plan.seed) for subject in subjects]
        timed = [net._replace(time=time) for net, time in zip(nets, times, strict=True) if time]
        if sum(net.top1 is not None for net in timed) > 1:
            drawn.append((f"run_{number}", f"time in {run.name}", pareto(timed, "time", run.name)))
    for key, cost, chart in drawn:
        yield Section(f"pareto_{key}", f"Top-1 against {cost}", chart=replace(chart, key=f"pareto_{key}"))


def _firsts(nets: Sequence[Candidate], place: Place) -> Iterator[str]:
    """A sentence for each net that is first in something."""
    smallest = min(nets, key=lambda net: net.costs.params)
    lightest = min(nets, key=lambda net: net.costs.macs)
    words = [
        (smallest, f"the fewest parameters ({text(smallest.costs.params, 'count')})"),
        (lightest, f"the fewest MACs ({text(lightest.costs.macs, 'count')})"),
        *_quickest(nets, place),
    ]
    if rated := [net for net in nets if net.top1 is not None]:
        best = max(rated, key=lambda net: net.top1 or 0.0)
        words.append((best, f"the highest published top-1 ({text(best.top1, 'percent')})"))
    for net in nets:
        if firsts := [word for first, word in words if first is net]:
            yield f"{net.costs.name} has {enumerate_words(firsts)}."


def _quickest(nets: Sequence[Candidate], place: Place) -> Iterator[tuple[Candidate, str]]:
    """The net with the shortest least time; with the shortest predicted one where another device stands in."""
    timed = [(ms, net) for net in nets if (ms := net.ms if place.stands_in else net.costs.floor_ms) is not None]
    if timed:
        ms, quickest = min(timed, key=lambda pair: pair[0])
        by_profile = place.stands_in and place.profile
        how = f"predicted time in {standing_on(by_profile)}" if by_profile else f"least time in {place.words}"
        yield quickest, f"the shortest {how} ({text(ms, 'ms')})"


def _beaten(nets: Sequence[Candidate]) -> Iterator[str]:
    """The nets that others beat both in accuracy and in least time."""
    for net in nets:
        if better := [other.costs.name for other in nets if beats(other, net)]:
            verb = "beats" if len(better) == 1 else "beat"
            yield f"{enumerate_words(better)} {verb} {net.costs.name}: as accurate and as fast, or better."
