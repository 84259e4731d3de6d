"""The stages and layers of a Record's arms as tables: which of them has the time, beside which has the work."""

from collections.abc import Iterator, Mapping
from typing import Any

from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.report import Heading as Column
from resnet_inspect.report import Row, Table, of_tuples
from resnet_inspect.units import text

REST = ("loss", "optimizer")  # of a training step


def tables(record: Record) -> Iterator[Table]:
    """One a ledger, in the order of the arms."""
    for number, result in enumerate(record.results, 1):
        for by, ledger in _ledgers(result):
            yield _table(f"{by}s_{number}", by, f"{by}s of {result.case.label}", ledger)


def notes(record: Record) -> Iterator[str]:
    """How far each ledger adds up, and what its marks cost; why there is none where one was asked for."""
    for result in record.results:
        for by, ledger in _ledgers(result):
            share, plain = text(ledger["instrumentation"], "share"), text(ledger["plain_ms"], "ms")
            yield (
                f"{by}s of {result.case.label}: means over {ledger['iterations']} calls, which add up to "
                f"{100 * ledger['closure']:.2f}% of the same calls by a clock outside them; "
                f"the marks add {share} to the plain {plain}"
            )
        for name in ("stages", "layers"):
            if name in result.unknown:
                yield f"{name} of {result.case.label} are unknown: {result.unknown[name]}"


def _ledgers(result: Result) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if result.stages is not None:
        yield "stage", result.stages
    if result.layers is not None:
        yield "layer", result.layers


def _table(key: str, by: str, title: str, ledger: Mapping[str, Any]) -> Table:
    total, macs = ledger["total_ms"], sum(row["macs"] for row in ledger["rows"])
    training = "optimizer_ms" in ledger
    columns = (
        Column(by, by),
        Column("ms", "time", "ms"),
        Column("share", "of time", "share"),
        Column("macs_share", "of FLOPs", "share"),
        *((Column("forward_ms", "forward", "ms"), Column("backward_ms", "backward", "ms")) if training else ()),
    )

    def row(one: Mapping[str, Any]) -> Row:
        phases = (one["forward_ms"], one["backward_ms"]) if training else ()
        return (one["name"], one["ms"], one["share"], one["macs"] / macs if macs else None, *phases)

    rows = [row(one) for one in ledger["rows"]]
    sums = [sum(one[name] for one in ledger["rows"]) for name in ("forward_ms", "backward_ms")] if training else []
    if training:
        rows += [(name, ledger[f"{name}_ms"], ledger[f"{name}_ms"] / total, None, None, None) for name in REST]
    return of_tuples(key, title, columns, tuple(rows), ("total", total, None, None, *sums))
