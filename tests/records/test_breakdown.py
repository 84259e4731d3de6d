"""The stages of an arm as a table whose printed rows add up, with the work beside the time."""

from dataclasses import replace
from typing import Any

import pytest
from raw_results import WHERE

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.records.bench import bench
from resnet_inspect.report import Report, Table

CONFIG = Case("resnet50", "cpu", 1, (1, 3, 224, 224), "infer", "fp32", "contiguous", "eager", 1)
INFER: dict[str, Any] = {
    "rows": [
        {"name": "stem", "ms": 3.0, "share": 0.75, "macs": 1},
        {"name": "head", "ms": 1.0, "share": 0.25, "macs": 3},
    ],
    "total_ms": 4.0, "plain_ms": 3.9, "closure": 1.0, "instrumentation": 0.012, "iterations": 16,
}  # fmt: skip
TRAIN: dict[str, Any] = {
    **INFER,
    "rows": [
        {**row, "share": row["ms"] / 6, "forward_ms": row["ms"] / 4, "backward_ms": 3 * row["ms"] / 4}
        for row in INFER["rows"]
    ],
    "loss_ms": 0.5, "optimizer_ms": 1.5, "total_ms": 6.0,
}  # fmt: skip


def report(*results: Result) -> Report:
    return bench(Record((), WHERE, Plan(), len(results), results))


def table(key: str, *results: Result) -> Table:
    (found,) = (one for one in report(*results).tables if one.key == key)
    return found


def result(**changes: Any) -> Result:
    return replace(Result(CONFIG, "ok", True), **changes)


@pytest.mark.parametrize("ledger", [INFER, TRAIN])
def test_the_printed_rows_add_up_to_the_printed_total(ledger: dict[str, Any]) -> None:
    found = table("stages_1", result(stages=ledger))
    assert found.total is not None
    for i, column in enumerate(found.columns):
        if column.unit == "ms":
            assert sum(row[i] or 0 for row in found.rows) == pytest.approx(found.total[i])
        if column.key == "share":
            assert sum(row[i] for row in found.rows) == pytest.approx(1)


def test_the_work_of_a_stage_stands_beside_its_time() -> None:
    found = table("stages_1", result(stages=INFER))
    keys = [column.key for column in found.columns]
    assert keys == ["stage", "ms", "share", "macs_share"]
    assert found.rows == (("stem", 3.0, 0.75, 0.25), ("head", 1.0, 0.25, 0.75))


def test_a_training_step_has_its_loss_and_optimizer_below() -> None:
    found = table("stages_1", result(stages=TRAIN))
    assert [row[0] for row in found.rows] == ["stem", "head", "loss", "optimizer"]
    assert found.rows[3] == ("optimizer", 1.5, 0.25, None, None, None)


def test_every_arm_has_a_table_of_its_own() -> None:
    results = (result(), result(stages=INFER), result(stages=INFER, layers=INFER))
    assert [one.key for one in report(*results).tables] == ["arms", "stages_2", "stages_3", "layers_3"]


def test_how_well_it_adds_up_and_what_the_marks_cost_is_said() -> None:
    (note,) = (note for note in report(result(stages=INFER)).notes if note.startswith("stages of"))
    assert "means over 16 calls, which add up to 100.00% of the same calls by a clock outside them" in note
    assert "the marks add 1.2% to the plain 3.90 ms" in note


def test_why_there_are_none_is_said() -> None:
    notes = report(result(unknown={"stages": "mps has no events on a stream"})).notes
    assert f"stages of {CONFIG.label} are unknown: mps has no events on a stream" in notes
