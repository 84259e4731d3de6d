"""A grid: each result against another that differs in one option."""

from dataclasses import replace
from typing import Any

import pytest
from raw_results import COUNTED, CPU_ROUND, PLAN, record

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Clocks, Metrics, Observation, Result, metric
from resnet_inspect.records import choices
from resnet_inspect.report import Row

CASE = Case("resnet18", "cpu", 1, (1, 3, 64, 64), "infer", "fp32", "contiguous", "eager", 1)


def result(ms: float, valid: bool = True, **changes: Any) -> Result:
    latency = metric([[ms, 1.001 * ms, 0.999 * ms]] * 5, 0)
    case = replace(CASE, **changes)
    case = replace(case, input=(case.batch_size, *case.input[1:]))
    return Result(case, "ok", valid, COUNTED.cost, COUNTED.spec, Metrics(latency=latency))


def rows(*results: Result, quick: bool = False) -> list[Row]:
    tables = [*choices.table(record(*results, plan=replace(PLAN, quick=quick)))]
    return [*tables[0].rows] if tables else []


@pytest.mark.parametrize(("ms", "outcome"), [(8.0, "FASTER"), (10.0, "SAME"), (12.0, "SLOWER")])
def test_whether_folding_pays_is_decided_by_its_interval(ms: float, outcome: str) -> None:
    ((choice, label, ratio, low, high, verdict),) = rows(result(10.0), result(ms, folded=True))
    assert (choice, verdict) == ("folded", outcome)
    assert label == "resnet18 folded 1×3×64×64 infer fp32 eager 1 thread"
    assert (low <= ratio <= high, ratio) == (True, pytest.approx(ms / 10))


def test_every_option_is_held_against_the_first_results_all_else_equal() -> None:
    results = [
        result(ms, layout=layout, precision=precision)
        for ms, layout, precision in (
            (10.0, "contiguous", "fp32"),
            (8.0, "channels_last", "fp32"),
            (6.0, "contiguous", "bf16"),
            (3.0, "channels_last", "bf16"),
        )
    ]
    assert [(row[0], round(row[2], 2)) for row in rows(*results)] == [
        ("bf16 over fp32", 0.6),
        ("bf16 over fp32", 0.38),
        ("channels_last over contiguous", 0.8),
        ("channels_last over contiguous", 0.5),
    ]


def test_a_batch_is_held_against_another_by_the_image() -> None:
    ((choice, _, ratio, low, high, verdict),) = rows(result(10.0), result(40.0, batch_size=8))
    assert (choice, verdict) == ("batch 8 over 1", "FASTER")
    assert (low <= ratio <= high, ratio) == (True, pytest.approx(0.5))


def test_a_reference_workload_on_more_threads_is_another_workload() -> None:
    def with_reference(result: Result, ms: float) -> Result:
        return replace(result, clocks=Clocks(None, (replace(CPU_ROUND, reference_ms=(ms,)),) * 5, None))

    one, two = with_reference(result(10.0), 3.0), with_reference(result(6.0, threads=2), 1.5)
    ((choice, *_, high, verdict),) = rows(one, two)
    assert (choice, verdict) == ("2 threads over 1", "FASTER")
    assert high < 0.7
    ((choice, *_),) = rows(two, one)
    assert choice == "1 thread over 2"


def test_models_of_other_inputs_are_choices_too() -> None:
    large = result(30.0, model="resnet50", input=(1, 3, 96, 96))
    ((choice, *_),) = rows(result(10.0), large)
    assert choice == "resnet50 over resnet18"


def test_without_a_valid_pair_there_is_no_choice() -> None:
    assert rows(result(10.0)) == rows(result(10.0, folded=True)) == rows() == []
    assert rows(result(10.0), result(8.0, valid=False, folded=True)) == []
    assert rows(result(10.0), result(8.0, layout="channels_last", folded=True)) == []


def test_on_a_crowded_cpu_nothing_is_decided() -> None:
    crowded = replace(result(8.0, folded=True), findings=(Observation("crowded", "", {"share": 0.4}),))
    assert rows(result(10.0), crowded)[0][-2:] == ("INCONCLUSIVE", "other programs took part of the CPU")


def test_a_quick_run_has_ratios_and_decides_nothing() -> None:
    (row,) = rows(result(10.0), result(8.0, folded=True), quick=True)
    assert (row[2], row[-1]) == (pytest.approx(0.8), None)
