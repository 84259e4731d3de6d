"""What the validation of tune reads off an answer and a Record is what was raced."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fake_track import DEFAULT as FAKE
from fake_track import SIXTEEN
from raw_results import raw, record, result

from resnet_inspect.benchmark.case import Case
from resnet_inspect.tuning.answer import runs
from resnet_inspect.tuning.space import cases_at

sys.path.append(str(Path(__file__).parents[2] / "validation"))

from tune import AXES, DEFAULT, configuration_of, fastest_of, rounds_of  # found by the line above

CASES = cases_at(SIXTEEN, FAKE)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_a_configuration_is_read_as_it_is_written(case: Case) -> None:
    assert configuration_of(runs(case)) == (case.precision, case.layout, case.mode, case.threads)
    assert (case == FAKE) is (configuration_of(runs(case)) == DEFAULT)


def test_the_grid_is_that_of_the_fakes() -> None:
    assert {axis: set(values) for axis, values in AXES.items()} == {axis: set(getattr(SIXTEEN, axis)) for axis in AXES}


def test_the_fastest_is_valid_and_of_the_least_median_or_the_most_images() -> None:
    results = [
        result(replace(raw(latency_ms=[[ms] * 4] * 5, block_ms=6 * ms), case=replace(case, batch_size=8)))
        for case, ms in zip(CASES[:3], (10.0, 7.0, 8.0), strict=True)
    ]
    invalid = replace(results[1], valid=False)
    for wanted in "latency", "throughput":
        assert fastest_of(results, wanted) == configuration_of(runs(CASES[1]))
        assert fastest_of([results[0], invalid, results[2]], wanted) == configuration_of(runs(CASES[2]))
    assert rounds_of(record(*results)) == 15
