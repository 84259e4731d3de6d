"""Times at one pace: what slows a net and the reference cancels, what stalls the reference alone changes nothing."""

import pytest

from resnet_inspect.benchmark.record import metric
from resnet_inspect.prediction.one_pace import median_at


@pytest.mark.parametrize(
    ("rounds_ms", "reference_ms", "expected_ms"),
    [
        ((10.0, 10.0), (1.0, 1.0), 10.0),
        ((10.0, 15.0), (1.0, 1.5), 10.0),  # the machine slowed down
        ((11.0, 11.0), (1.1, 1.1), 10.0),  # it was slower all the time
        ((10.0, 10.0), (1.0, 3.0), 10.0),  # only the reference was stalled
        ((11.0, 11.0), (3.0, 1.1), 10.0),  # both
    ],
)
def test_a_time_is_that_at_the_usual_pace(
    rounds_ms: tuple[float, ...], reference_ms: tuple[float, ...], expected_ms: float
) -> None:
    latency = metric([[each] * 9 for each in rounds_ms], 0)
    found_ms, interval = median_at(latency, reference_ms, 1.0)
    assert found_ms == pytest.approx(expected_ms)
    assert interval == pytest.approx(0.0, abs=1e-9)


def test_without_a_reference_the_rounds_stay() -> None:
    latency = metric([[10.0] * 9, [12.0] * 9], 0)
    assert median_at(latency, None, 1.0)[0] == median_at(latency, (1.0, 2.0), None)[0] == 11.0
