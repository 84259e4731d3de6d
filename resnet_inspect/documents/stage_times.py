"""How long each stage of two nets takes, by the most trustworthy source that knows both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from resnet_inspect.benchmark.record import Result
from resnet_inspect.documents.subject import Place, Run, Subject
from resnet_inspect.graph.facts.work import stage_of
from resnet_inspect.hardware.floor import floors
from resnet_inspect.questions.predicted import standing_on


class StageTimes(NamedTuple):
    """Milliseconds of the stages of two nets, and in words how they are known."""

    known: str
    a: Mapping[str, float]
    b: Mapping[str, float]


class MeasuredPair(NamedTuple):
    """Inferences of two nets that differ in the net alone; ``one_run`` where one Record has both."""

    name: str
    seed: int
    a: Result
    b: Result
    one_run: bool


def stage_times(a: Subject, b: Subject, place: Place, pairs: Sequence[MeasuredPair]) -> StageTimes:
    """Measured where a Record has the stages of both, else predicted where a profile knows both, else the floors."""
    for pair in pairs:
        before, after = _measured(a, pair.a), _measured(b, pair.b)
        if before and after:
            return StageTimes(f"measured in {pair.name}", before, after)
    if place.profile and None not in (place.profile.predict(net.graph).ms for net in (a, b)):
        parts = (place.profile.predict_parts(net.graph, stage_of) for net in (a, b))
        return StageTimes(f"predicted in {standing_on(place.profile)}", *parts)
    least = (floors(net.graph, place.device, place.precision) for net in (a, b))
    times = ({stage: 1e3 * floor.floor_s for stage, floor in each.items()} for each in least)
    return StageTimes(f"the least times in {place.words}", *times)


def _measured(net: Subject, result: Result) -> dict[str, float]:
    """Milliseconds of the net's stages; empty where the result has none, or of other stages."""
    times = {row.name: row.ms for row in result.stages.rows} if result.stages else {}
    return times if times.keys() <= {*net.graph.stages} else {}


def measured_pairs(a: Subject, b: Subject, runs: Sequence[Run]) -> Iterator[MeasuredPair]:
    """Inferences of both nets under equal conditions, on equal processors."""
    for first, second in product(runs, runs):
        for x, y in product(a.inferences(first.record), b.inferences(second.record)):
            alike = replace(x.case, model="") == replace(y.case, model="")
            if alike and first.record.processor(x) == second.record.processor(y):
                name = first.name if first is second else f"{first.name} and {second.name}"
                yield MeasuredPair(name, second.record.plan.seed, x, y, first is second)
