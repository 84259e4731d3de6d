"""The sections on what Records measured."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from resnet_inspect.benchmark.record import Result
from resnet_inspect.charts.latency import latency
from resnet_inspect.charts.rounds import rounds
from resnet_inspect.charts.scaling import scaling
from resnet_inspect.charts.verdict import verdict as draw_verdict
from resnet_inspect.documents.subject import Run, Subject
from resnet_inspect.errors import RequestError
from resnet_inspect.records.bench import bench
from resnet_inspect.records.verdict import judge, pair_cases
from resnet_inspect.report import Section
from resnet_inspect.units import text


def describe_runs(runs: Sequence[Run], subjects: Sequence[Subject]) -> Iterator[Section]:
    """Each Record, with pictures of the inferences of ``subjects``."""
    for number, run in enumerate(runs, 1):
        yield from _describe(run, f"run_{number}", subjects)


def judge_runs(runs: Sequence[Run]) -> Iterator[Section]:
    """The verdict of two Records; none of one, or of more."""
    if len(runs) == 2:
        yield _judge(*runs)


def _judge(old: Run, new: Run) -> Section:
    """The second Record against the first; where they cannot be compared, why."""
    title = f"Verdict: {new.name} against {old.name}"
    before, after = ({result.case.model for result in run.record.results} for run in (old, new))
    other_models = before.isdisjoint(after)
    try:
        pairs, missing = pair_cases(old.record, new.record, ignore_model=other_models)
    except RequestError as error:
        return Section("verdict", title, (f"No verdict: {error.message}.",))
    report = judge(old.record, new.record, pairs, missing)
    return Section(
        "verdict", title, (f"{report.title}.",), report.tables[0], draw_verdict(pairs), report.findings, report.notes
    )


def _describe(run: Run, key: str, subjects: Sequence[Subject]) -> Iterator[Section]:
    report = bench(run.record)
    results, *others = report.tables
    timed = any(result.metrics.latency for result in run.record.results)
    yield Section(
        key,
        f"Measured in {run.name}",
        (f"{report.title}.", *_unmeasured(run, subjects)),
        results,
        replace(latency(run.record), key=f"{key}_latency") if timed else None,
        report.findings,
        report.notes,
    )
    for number, result in enumerate(_first_of_each(run, subjects), 1):
        drawn = replace(rounds(result), key=f"{key}_rounds_{number}")
        yield Section(drawn.key, f"Round by round: {result.case.label}, {run.name}", chart=drawn)
    with suppress(RequestError):  # most Records have one batch size
        drawn = replace(scaling(run.record, "latency", _floor_ms), key=f"{key}_by_batch")
        yield Section(drawn.key, f"By batch size, {run.name}", chart=drawn)
    for table in others:
        yield Section(f"{key}_{table.key}", f"{table.title[:1].upper()}{table.title[1:]}, {run.name}", table=table)


def _unmeasured(run: Run, subjects: Sequence[Subject]) -> Iterator[str]:
    """What a reader must know of a Record of other nets, or at another input."""
    if not any(subject.measured(run.record) for subject in subjects):
        nets = " or ".join(f"{subject.name} at {text(subject.graph.input.shape, 'shape')}" for subject in subjects)
        yield f"It has no inference of {nets}."


def _first_of_each(run: Run, subjects: Sequence[Subject]) -> Iterator[Result]:
    """The first inference of each net that has latencies: one picture of rounds takes as much room as all else."""
    for subject in subjects:
        yield from [result for result in subject.inferences(run.record) if result.metrics.latency][:1]


def _floor_ms(result: Result) -> float | None:
    """The least time that the run's own ceilings allow."""
    return result.ceilings.floor_ms if result.ceilings else None
