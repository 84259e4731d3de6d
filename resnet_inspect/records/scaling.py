"""Weak scaling as a table: what each further process costs a training step, and what of that is communication."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compare import DELTA, compare
from resnet_inspect.benchmark.record import Metric, Record, Result
from resnet_inspect.benchmark.statistics import median_of, pooled
from resnet_inspect.report import Column, Table, tabulate

Interval = tuple[float, float, float]  # the number, and its 95 % interval


class Row(NamedTuple):
    """A result of so many processes. ``efficiency`` is t(1)/t(n); ``exposed`` the share of a step that it takes longer
    than one whose gradients stay where they are. Both are None where there is nothing to compare with."""

    result: Result
    efficiency: Interval | None
    exposed: Interval | None

    @property
    def processes(self) -> int:
        return self.result.case.processes or 1

    @property
    def step_ms(self) -> float | None:
        return self.result.metrics.latency.median_ms if self.result.metrics.latency else None

    @property
    def skew_ms(self) -> float | None:
        scaling = self.result.scaling
        return median_of(pooled(scaling.skew_ms)) if scaling else None

    @property
    def exchange_ms(self) -> float | None:
        """What the exchange would add to a step with nothing to hide behind."""
        scaling = self.result.scaling
        return median_of(scaling.exchange_ms) if scaling and scaling.exchange_ms else None

    @property
    def bytes_per_s(self) -> float | None:
        """What a ring moves through each process then: 2(n - 1)/n of the gradients."""
        scaling = self.result.scaling
        if scaling is None or scaling.exchange_bytes is None or self.exchange_ms is None:
            return None
        return 1e3 * 2 * (self.processes - 1) / self.processes * scaling.exchange_bytes / self.exchange_ms


def _part(interval: Interval | None, i: int) -> float | None:
    return interval[i] if interval else None


COLUMNS: tuple[Column[Row], ...] = (
    Column("case", "case", lambda row: _alone(row.result.case).label),
    Column("processes", "processes", lambda row: row.processes, "integer"),
    Column("step_images", "images", lambda row: row.processes * row.result.case.batch_size, "integer"),
    Column("step_ms", "step", lambda row: row.step_ms, "ms"),
    Column("skew_ms", "skew", lambda row: row.skew_ms, "ms"),
    Column("efficiency", "efficiency", lambda row: _part(row.efficiency, 0), "share"),
    Column("efficiency_low", "from", lambda row: _part(row.efficiency, 1), "share"),
    Column("efficiency_high", "to", lambda row: _part(row.efficiency, 2), "share"),
    Column("exposed", "exposed", lambda row: _part(row.exposed, 0), "share"),
    Column("exposed_low", "from", lambda row: _part(row.exposed, 1), "share"),
    Column("exposed_high", "to", lambda row: _part(row.exposed, 2), "share"),
    Column("exchange_ms", "exchange", lambda row: row.exchange_ms, "ms"),
    Column("exchange_bytes_per_s", "bandwidth", lambda row: row.bytes_per_s, "byte_rate"),
)


def tables(record: Record) -> Iterator[Table]:
    """A row for each result of a number of processes; nothing where none was asked for."""
    if rows := [*_rows(record)]:
        used = [column for column in COLUMNS if column.key != "case" or len({_alone(r.result.case) for r in rows}) > 1]
        yield tabulate("scaling", "weak scaling", used, rows)


def notes(record: Record) -> Iterator[str]:
    if not any(result.case.processes for result in record.results):
        return
    yield "step: of the process that takes longest; each has a batch of its own; skew: from the first end to the last"
    yield "efficiency: one process's step over that of several, with its 95% interval"
    yield "peak of several processes: of the first, with buckets that hold its gradients again; predicted without them"
    yield "exposed: the share of a step that exchanging gradients and running statistics adds to it, with its interval"
    yield (
        "exchange: predicted from all-reduces of as many bytes as the gradients have (4 a parameter in fp32), alone; "
        "bandwidth: the 2(n-1)/n of them that a ring moves through each process"
    )


def _rows(record: Record) -> Iterator[Row]:
    firsts = {_alone(result.case): result for result in record.results if result.case.processes == 1}
    for result in record.results:
        if result.case.processes:
            first = firsts.get(_alone(result.case))
            yield Row(result, _efficiency(first, result, record.plan.seed), _exposed(result, record.plan.seed))


def _alone(case: Case) -> Case:
    return replace(case, processes=None)


def _efficiency(first: Result | None, result: Result, seed: int) -> Interval | None:
    """By latencies, which hold the wait for the slowest; the reference workload's change widens the interval."""
    if first is None or first is result:
        return None
    before, after = _latency(first), _latency(result)
    if before is None or after is None:
        return None
    paces = (first.reference_ms, result.reference_ms) if first.reference_ms and result.reference_ms else None
    ratio = compare(before.rounds, after.rounds, DELTA[result.case.kind], seed, reference_ms=paces)
    return 1 / ratio.ratio, 1 / ratio.high, 1 / ratio.low


def _latency(result: Result) -> Metric | None:
    """What a difference can be told of: a valid result's, all of whose samples took time."""
    latency = result.metrics.latency
    return latency if latency is not None and result.valid and latency.min_ms > 0 else None


def _exposed(result: Result, seed: int) -> Interval | None:
    """The rounds are paired: each has steps of both kinds."""
    latency, scaling = _latency(result), result.scaling
    if latency is None or scaling is None or len(scaling.unsynced_ms) != len(latency.rounds):
        return None
    ratio = compare(scaling.unsynced_ms, latency.rounds, DELTA[result.case.kind], seed, paired=True)
    return 1 - 1 / ratio.ratio, 1 - 1 / ratio.low, 1 - 1 / ratio.high
