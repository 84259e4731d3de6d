"""The plan follows the device and the options, and refuses times that cannot be."""

import math

import pytest

from resnet_inspect.benchmark.plan import Plan, plan_for
from resnet_inspect.errors import RequestError


def test_a_kind_of_device_and_options_change_the_plan() -> None:
    assert plan_for("cpu") == Plan()
    assert plan_for("cuda:0").precise_within < plan_for("cpu").precise_within
    assert plan_for("cpu", min_time_s=10).min_round_s == 10 / Plan().rounds
    assert plan_for("cpu", quick=True, min_time_s=1).min_round_s == 0.5
    assert plan_for("cpu", quick=True, max_time_s=7, seed=3).max_time_s == 7


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ((5.0, 1.0), "--min-time 5 is more than --max-time 1"),
        ((-1.0, None), "min-time -1"),
        ((math.inf, None), "min-time inf"),
        ((None, 0.0), "max-time 0"),
        ((None, math.nan), "max-time nan"),
    ],
)
def test_times_that_cannot_be_are_refused(times: tuple[float | None, float | None], message: str) -> None:
    with pytest.raises(RequestError, match=message) as refused:
        plan_for("cpu", False, 0, *times)
    assert refused.value.hint


def test_a_least_time_may_be_the_most_or_stand_alone() -> None:
    assert plan_for("cpu", min_time_s=5.0, max_time_s=5.0).max_time_s == 5.0
    assert plan_for("cpu", min_time_s=60.0).min_round_s == 12.0
