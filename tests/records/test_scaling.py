"""Weak scaling read off a Record: efficiency, exposed communication, and what old programs see of it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from raw_results import CPU_ROUND, raw, record, result

from resnet_inspect.benchmark.messages import Exchange
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.records.bench import bench

GRADIENTS = 4 * 25_557_032


def of(processes: int | None, step_ms: float, alone_ms: float = 0.0, pace_ms: Sequence[float] = (3.0,) * 5) -> Result:
    """A training step, with a reference workload that took ``pace_ms`` before each round."""
    states = [replace(CPU_ROUND, reference_ms=(ms,)) for ms in pace_ms]
    measured = raw(latency_ms=[[step_ms] * 4] * 5, states=states, block_ms=6 * step_ms)
    if processes and processes > 1:
        waits = {"unsynced_ms": (alone_ms,) * 4, "skew_ms": (0.5,) * 4}
        measured = replace(
            measured,
            rounds=tuple(replace(each, **waits) for each in measured.rounds),
            exchange=Exchange(GRADIENTS, (20.0, 10.0, 12.0)),
        )
    case = replace(measured.case, task="train", processes=processes)
    return result(replace(measured, case=case))


def rows(measured: Record) -> list[dict[str, Any]]:
    tables = {table.key: table for table in bench(measured).tables}
    table = tables["scaling"]
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, row, strict=True)) for row in table.rows]


def test_efficiency_is_one_processs_step_over_that_of_several() -> None:
    one, two, four = rows(record(of(1, 100.0), of(2, 125.0, 110.0), of(4, 200.0, 110.0)))
    assert (one["efficiency"], one["exposed"], one["exchange_ms"], one["skew_ms"]) == (None,) * 4
    assert [row["efficiency"] for row in (two, four)] == pytest.approx([0.8, 0.5])
    assert [row["exposed"] for row in (two, four)] == pytest.approx([15 / 125, 90 / 200])
    assert [row["step_images"] for row in (one, two, four)] == [8, 16, 32]
    assert two["exchange_bytes_per_s"] == pytest.approx(1.0 * GRADIENTS / 12e-3)  # 2(n - 1)/n is 1 for two
    assert four["exchange_bytes_per_s"] == pytest.approx(1.5 * GRADIENTS / 12e-3)
    assert (two["skew_ms"], two["exchange_ms"]) == (0.5, 12.0)


def test_a_machine_that_changed_its_pace_widens_the_interval() -> None:
    """The step took a quarter longer, but so did the reference workload: efficiency may be 1."""
    _, steady = rows(record(of(1, 100.0), of(2, 125.0, 110.0)))
    _, moved = rows(record(of(1, 100.0), of(2, 125.0, 110.0, pace_ms=(3.75,) * 5)))
    assert steady["efficiency_low"] == pytest.approx(steady["efficiency_high"])
    assert (moved["efficiency_low"], moved["efficiency_high"]) == pytest.approx((0.8, 1.0))


def test_without_one_process_there_is_no_efficiency() -> None:
    (two,) = rows(record(of(2, 125.0, 110.0)))
    assert two["efficiency"] is None
    assert two["exposed"] is not None


def test_several_processes_count_the_images_of_all() -> None:
    alone, two = of(1, 100.0), of(2, 100.0, 90.0)
    assert two.metrics.images_per_s == pytest.approx(2 * (alone.metrics.images_per_s or 0))


def test_a_record_keeps_it_and_one_without_it_is_as_before() -> None:
    measured = record(of(1, 100.0), of(2, 125.0, 110.0))
    assert from_json(to_json(measured)) == measured
    plain = json.loads(to_json(record(of(None, 100.0))))
    assert "processes" not in plain["arms"][0]["config"]
    assert "scaling" not in plain["arms"][0]
    assert "scaling" not in {table.key for table in bench(record(of(None, 100.0))).tables}
