"""Which of two nets is faster, where, and why: sentences and a table of what changes stage by stage."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from resnet_inspect.benchmark.compare import compare_results
from resnet_inspect.charts.two_nets import two_nets
from resnet_inspect.documents.stage_times import MeasuredPair, StageTimes, measured_pairs, stage_times
from resnet_inspect.documents.subject import Place, Run, Subject
from resnet_inspect.documents.words import enumerate_words
from resnet_inspect.hardware.floor import Floor, floors
from resnet_inspect.questions.call_changes import align
from resnet_inspect.questions.diff import Side, in_order, why_changed
from resnet_inspect.questions.predicted import standing_on
from resnet_inspect.questions.spec_changes import MEANINGS, changed_fields
from resnet_inspect.report import Column, Section, tabulate
from resnet_inspect.units import percent, text

EXPLAINED = 3  # stages whose difference gets a sentence
SMALL = 0.005  # of the slower net's time: a stage that differs by less gets none
ROOFS = {"memory": "memory bandwidth", "compute": "arithmetic"}


class Part(NamedTuple):
    """A stage of both nets: milliseconds, work, and what changes; a net without it has no time and no work there."""

    stage: str
    why: str | None
    a_ms: float
    b_ms: float
    a: Floor
    b: Floor

    @property
    def more_ms(self) -> float:
        return self.b_ms - self.a_ms


def describe_difference(key: str, a: Subject, b: Subject, place: Place, runs: Sequence[Run]) -> Section:
    """What it costs or saves to take ``b`` for ``a``."""
    before, after = align(a.graph, b.graph)
    a, b = replace(a, graph=before), replace(b, graph=after)
    pairs = [*measured_pairs(a, b, runs)]
    times = stage_times(a, b, place, pairs)
    parts = _parts(a, b, place, times)
    told = _told(parts)
    columns: tuple[Column[Part], ...] = (
        Column("stage", "stage", lambda part: part.stage),
        Column("changed", "changed", lambda part: part.why),
        Column("a_ms", a.name, lambda part: part.a_ms, "ms"),
        Column("b_ms", b.name, lambda part: part.b_ms, "ms"),
        Column("more_ms", "change", lambda part: part.more_ms, "ms_change"),
        Column("flop_ratio", "FLOP", lambda part: _ratio(part.a.flop, part.b.flop), "ratio"),
        Column("bytes_ratio", "bytes", lambda part: _ratio(part.a.bytes_fused, part.b.bytes_fused), "ratio"),
        Column("roof", "roof", lambda part: part.b.roof if part.b.floor_s else None),
    )
    totals = {
        "stage": "total",
        "a_ms": sum(part.a_ms for part in parts),
        "b_ms": sum(part.b_ms for part in parts),
        "more_ms": sum(part.more_ms for part in parts),
    }
    table = tabulate("difference", f"from {a.name} to {b.name}", columns, parts, totals)
    bars = two_nets(a.name, b.name, {part.stage: (part.a_ms, part.b_ms) for part in parts}, times.known, table)
    return Section(
        key,
        f"{b.name} against {a.name}: which is faster, where and why",
        (*_overall(a, b, place, pairs), _where(b.name, told, parts, times), *map(_why, told[:EXPLAINED])),
        table,
        replace(bars, key=key),
        notes=(
            f"times: {times.known}; FLOP and bytes: new over old; roof: what sets the least time of {b.name} "
            f"{'there' if place.is_one_machine else f'in {place.words}'}",
            *_meanings(a, b),
        ),
    )


def _parts(a: Subject, b: Subject, place: Place, times: StageTimes) -> list[Part]:
    before, after = (floors(net.graph, place.device, place.precision) for net in (a, b))
    sides = Side(a.spec, a.graph), Side(b.spec, b.graph)
    return [
        Part(
            stage,
            why_changed(*sides, stage),
            times.a.get(stage, 0.0),
            times.b.get(stage, 0.0),
            before.get(stage, Floor()),
            after.get(stage, Floor()),
        )
        for stage in in_order(a.graph.stages, b.graph.stages)
    ]


def _overall(a: Subject, b: Subject, place: Place, pairs: Sequence[MeasuredPair]) -> Iterator[str]:
    """A sentence for each source of times of the whole nets."""
    for pair in pairs[:1]:
        if compared := compare_results(pair.a, pair.b, pair.seed, pair.one_run, resample=False):
            ratio = compared.comparison
            bounds = f"{text(ratio.low, 'ratio')} to {text(ratio.high, 'ratio')}"
            found = {"SLOWER": f"{a.name} is faster", "FASTER": f"{b.name} is faster", "SAME": "both are equally fast"}
            yield (
                f"Measured in {pair.name}, {found.get(ratio.outcome, 'it stays open which is faster')}: {a.name} takes "
                f"{text(compared.old_ms, 'ms')}, {b.name} {text(compared.new_ms, 'ms')}, {text(ratio.ratio, 'ratio')} "
                f"as long ({bounds})."
            )
    if place.profile:
        x, y = (place.profile.predict(net.graph).ms for net in (a, b))
        if x is not None and y is not None:
            yield _compare_words(f"By prediction in {standing_on(place.profile)}", a.name, b.name, x, y)
            if place.stands_in:
                return
    x, y = (sum(1e3 * f.floor_s for f in floors(n.graph, place.device, place.precision).values()) for n in (a, b))
    yield _compare_words(f"By least time in {place.words}", a.name, b.name, x, y)


def _compare_words(by: str, a: str, b: str, x: float, y: float) -> str:
    if abs(y - x) < SMALL * max(x, y):
        return f"{by}, both are equally fast: {a} takes {text(x, 'ms')}, {b} {text(y, 'ms')}."
    (fast, quick), (slow, long) = sorted(((a, x), (b, y)), key=lambda net: net[1])
    return (
        f"{by}, {fast} is faster: it takes {text(quick, 'ms')}, {slow} {text(long, 'ms')}, "
        f"{text(long / quick, 'ratio')} as long."
    )


def _where(name: str, told: Sequence[Part], parts: Sequence[Part], times: StageTimes) -> str:
    """The stages in which the second net is slower and faster, the largest difference first."""
    slower, faster = (
        [f"{part.stage} ({text(part.more_ms, 'ms_change')})" for part in told if (part.more_ms > 0) is more]
        for more in (True, False)
    )
    places = [f"{word} in {enumerate_words(at)}" for word, at in (("slower", slower), ("faster", faster)) if at]
    if not places:
        return f"Where: no stage differs by more than {percent(SMALL)} of the pass ({times.known})."
    rest = "" if len(told) == len(parts) else f"; the others differ by less than {percent(SMALL)} of the pass"
    return f"Where: {name} is {' and '.join(places)}{rest} ({times.known})."


def _told(parts: Sequence[Part]) -> list[Part]:
    """The stages that differ by more than little, the largest difference first."""
    longest = max(sum(part.a_ms for part in parts), sum(part.b_ms for part in parts))
    return sorted((part for part in parts if abs(part.more_ms) > SMALL * longest), key=lambda part: -abs(part.more_ms))


def _why(part: Part) -> str:
    """What changes in a stage, and what that does to its work."""
    if part.why is None:
        return f"Why in {part.stage}: its calls are the same, so what is around them or the measurement differs."
    ratios = {
        "arithmetic": _ratio(part.a.flop, part.b.flop),
        "memory traffic": _ratio(part.a.bytes_fused, part.b.bytes_fused),
    }
    work = [
        f"as much {noun}" if abs(ratio - 1) < SMALL else f"{text(ratio, 'ratio')} the {noun}"
        for noun, ratio in ratios.items()
        if ratio is not None
    ]
    bound = f"; {ROOFS[part.b.roof]} sets its least time" if part.b.floor_s else ""
    return f"Why in {part.stage}: {part.why}{f', so {enumerate_words(work)}' if work else ''}{bound}."


def _ratio(a: float, b: float) -> float | None:
    return round(b / a, 6) if a and b else None


def _meanings(a: Subject, b: Subject) -> Iterator[str]:
    """What the values of the changed fields stand for."""
    if a.spec and b.spec:
        changed = {field.name for field in changed_fields(a.spec, b.spec)}
        yield from (meaning for field, meaning in MEANINGS.items() if field in changed)
