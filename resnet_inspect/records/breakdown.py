"""The stages and layers of a Record's results as tables: which part takes the time, and which does the work."""

from collections.abc import Iterator
from typing import NamedTuple

from resnet_inspect.benchmark.breakdown import Breakdown, PartTime
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.report import Column, Table, tabulate
from resnet_inspect.units import Value, counted, percent, text

REST = ("loss", "optimizer")  # of a training step: neither is a part of the network


class Sum(NamedTuple):
    """A breakdown, and the case that it is of."""

    by: str
    of: str
    breakdown: Breakdown


SUMS: tuple[Column[Sum], ...] = (
    Column("of", "times of", lambda each: f"{each.by}s of {each.of}"),
    Column("calls", "calls", lambda each: each.breakdown.iterations, "integer"),
    Column("closure", "sum", lambda each: round(each.breakdown.closure, 6), "share"),
    Column("marks", "marks", lambda each: round(each.breakdown.instrumentation, 6), "share"),
    Column("plain_ms", "plain call", lambda each: each.breakdown.plain_ms, "ms"),
)


def tables(record: Record) -> Iterator[Table]:
    """One a breakdown, in the order of the results; after several, how far each adds up."""
    for number, result in enumerate(record.results, 1):
        for by, breakdown in _breakdowns(result):
            yield _table(f"{by}s_{number}", by, f"{by}s of {result.case.label}", breakdown)
    if len(sums := _sums(record)) > 1:
        yield tabulate("sums", "how far the times add up", SUMS, sums)


def notes(record: Record) -> Iterator[str]:
    """How far the breakdowns add up, and what their marks cost; why there is none where one was asked for."""
    sums = _sums(record)
    if len(sums) > 1:
        yield (
            "times of stages and layers are means over marked calls; sum: of the time by a clock outside the marks; "
            "marks: what they add to a plain call"
        )
    for by, of, breakdown in sums if len(sums) == 1 else ():
        share, plain = text(breakdown.instrumentation, "share"), text(breakdown.plain_ms, "ms")
        yield (
            f"{by}s of {of}: means over {counted(breakdown.iterations, 'call')}; their sum is "
            f"{percent(breakdown.closure, 2)} of the time by a clock outside the marks; "
            f"the marks add {share} to a plain call of {plain}"
        )
    for result in record.results:
        for name in ("stages", "layers"):
            if name in result.unknown:
                yield f"{name} of {result.case.label} are unknown: {result.unknown[name]}"


def _sums(record: Record) -> list[Sum]:
    return [Sum(by, result.case.label, each) for result in record.results for by, each in _breakdowns(result)]


def _breakdowns(result: Result) -> Iterator[tuple[str, Breakdown]]:
    if result.stages is not None:
        yield "stage", result.stages
    if result.layers is not None:
        yield "layer", result.layers


def _table(key: str, by: str, title: str, breakdown: Breakdown) -> Table:
    macs = sum(row.macs for row in breakdown.rows)
    columns: list[Column[PartTime]] = [
        Column(by, by, lambda row: row.name),
        Column("ms", "time", lambda row: row.ms, "ms"),
        Column("share", "of time", lambda row: row.share, "share"),
        Column(
            "macs_share", "of MACs", lambda row: row.macs / macs if macs and row.name not in REST else None, "share"
        ),
    ]
    total: dict[str, Value] = {by: "total", "ms": breakdown.total_ms}
    rows = [*breakdown.rows]
    if breakdown.of_training:
        columns += [
            Column("forward_ms", "forward", lambda row: row.forward_ms, "ms"),
            Column("backward_ms", "backward", lambda row: row.backward_ms, "ms"),
        ]
        total["forward_ms"] = sum(row.forward_ms or 0.0 for row in breakdown.rows)
        total["backward_ms"] = sum(row.backward_ms or 0.0 for row in breakdown.rows)
        rest = zip(REST, (breakdown.loss_ms or 0.0, breakdown.optimizer_ms or 0.0), strict=True)
        rows += [PartTime(name=name, ms=ms, share=ms / breakdown.total_ms, macs=0) for name, ms in rest]
    return tabulate(key, title, columns, rows, total)
