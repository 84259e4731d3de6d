"""The stages of a case as a table whose printed rows add up, with the share of the MACs next to the share of time."""

from dataclasses import replace
from typing import Any

import pytest
from raw_results import COUNTED, record

from resnet_inspect.benchmark.breakdown import Breakdown, PartTime
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Result
from resnet_inspect.records.bench import bench
from resnet_inspect.report import Report, Table

CASE = Case("resnet50", "cpu", 1, (1, 3, 224, 224), "infer", "fp32", "contiguous", "eager", 1)
INFER = Breakdown(
    rows=(PartTime(name="stem", ms=3.0, share=0.75, macs=1), PartTime(name="head", ms=1.0, share=0.25, macs=3)),
    total_ms=4.0,
    plain_ms=3.9,
    closure=1.0,
    instrumentation=0.012,
    iterations=16,
)
TRAIN = replace(
    INFER,
    rows=tuple(replace(row, share=row.ms / 6, forward_ms=row.ms / 4, backward_ms=3 * row.ms / 4) for row in INFER.rows),
    loss_ms=0.5,
    optimizer_ms=1.5,
    total_ms=6.0,
)


def result(**changes: Any) -> Result:
    return replace(Result(CASE, "ok", True, COUNTED.cost, COUNTED.spec), **changes)


def report(*results: Result) -> Report:
    return bench(record(*results))


def table(key: str, *results: Result) -> Table:
    (table,) = (table for table in report(*results).tables if table.key == key)
    return table


@pytest.mark.parametrize("breakdown", [INFER, TRAIN])
def test_the_printed_rows_add_up_to_the_printed_total(breakdown: Breakdown) -> None:
    stages = table("stages_1", result(stages=breakdown))
    assert stages.total is not None
    for i, column in enumerate(stages.columns):
        if column.unit == "ms":
            assert sum(row[i] or 0 for row in stages.rows) == pytest.approx(stages.total[i])
        if column.key == "share":
            assert sum(row[i] for row in stages.rows) == pytest.approx(1)


def test_a_stages_share_of_the_macs_stands_next_to_its_share_of_the_time() -> None:
    stages = table("stages_1", result(stages=INFER))
    assert [column.key for column in stages.columns] == ["stage", "ms", "share", "macs_share"]
    assert stages.rows == (("stem", 3.0, 0.75, 0.25), ("head", 1.0, 0.25, 0.75))


def test_a_training_step_has_its_loss_and_optimizer_below() -> None:
    stages = table("stages_1", result(stages=TRAIN))
    assert [row[0] for row in stages.rows] == ["stem", "head", "loss", "optimizer"]
    assert stages.rows[3] == ("optimizer", 1.5, 0.25, None, None, None)


def test_every_result_has_a_table_of_its_own() -> None:
    results = (result(), result(stages=INFER), result(stages=INFER, layers=INFER))
    assert [table.key for table in report(*results).tables] == ["results", "stages_2", "stages_3", "layers_3", "sums"]


def test_of_several_breakdowns_a_table_says_how_far_they_add_up_and_one_note_what_that_means() -> None:
    answer = report(result(), result(stages=INFER), result(stages=TRAIN, layers=INFER))
    sums = answer.tables[-1]
    assert [column.key for column in sums.columns] == ["of", "calls", "closure", "marks", "plain_ms"]
    labels = [f"{by}s of {CASE.label}" for by in ("stage", "stage", "layer")]
    assert sums.rows == tuple((label, 16, 1.0, 0.012, 3.9) for label in labels)
    (note,) = (note for note in answer.notes if "marked calls" in note)
    assert CASE.label not in note
    assert max(map(len, answer.notes)) < 160


def test_a_note_says_how_well_the_parts_add_up_and_what_the_marks_cost() -> None:
    (note,) = (note for note in report(result(stages=INFER)).notes if note.startswith("stages of"))
    assert "means over 16 calls; their sum is 100.00% of the time by a clock outside the marks" in note
    assert "the marks add 1.2% to a plain call of 3.90 ms" in note


def test_a_note_says_why_there_are_no_parts() -> None:
    notes = report(result(unknown={"stages": "mps has no events on a stream"})).notes
    assert f"stages of {CASE.label} are unknown: mps has no events on a stream" in notes
