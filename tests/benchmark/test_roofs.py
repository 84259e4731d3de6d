"""Ceilings of an arm, before its rounds and after them, and the floor that they set."""

import pytest
from raw_results import codes, raw, record, result

from resnet_inspect.benchmark import assemble
from resnet_inspect.records.bench import bench

ONCE = {"flop_per_s": 8e14, "bytes_per_s": 4e12}
LIMITS = {"device": "cuda", "precision": "bf16", "flop_per_s": 8e14, "bytes_per_s": 4e12}


@pytest.mark.parametrize(
    ("device", "precision", "floor_ms", "arithmetic_ms", "valid", "cached"),
    [
        ("cuda:0", "bf16", 5.0, 5.0, True, False),
        ("cuda:0", "bf16", 10.3, 10.3, True, False),  # 104 % of the ceiling
        ("cuda:0", "bf16", 11.0, 11.0, False, True),
        ("cuda:0", "bf16", 20.0, 5.0, True, True),  # memory's alone
        ("cuda:0", "fp32", 11.0, 11.0, True, True),  # Winograd
        ("cpu", "bf16", 11.0, 11.0, True, False),  # a latency holds more than the device's share
    ],
)
def test_a_device_time_below_that_of_the_arithmetic_is_no_measurement(
    device: str, precision: str, floor_ms: float, arithmetic_ms: float, valid: bool, cached: bool
) -> None:
    measured = result(raw(device, precision=precision, passes={"ceilings": LIMITS}))
    done = assemble.held_to_floor(measured, floor_ms, arithmetic_ms)
    assert done.valid is valid
    assert done.status == ("ok" if valid else "invalid")
    assert ("cached" in codes(done)) is cached
    assert done.ceilings == {**LIMITS, "each": [ONCE], "floor_ms": floor_ms}
    (row,) = bench(record(done)).tables[0].rows
    assert floor_ms in row


def test_the_higher_of_two_ceilings_counts() -> None:
    before, after = {**LIMITS, "flop_per_s": 9e14}, {**LIMITS, "bytes_per_s": 4.1e12}
    done = result(raw("cuda:0", ceilings_before=before, passes={"ceilings": after}))
    assert (done.ceilings["flop_per_s"], done.ceilings["bytes_per_s"]) == (9e14, 4.1e12)
    (found,) = (one for one in done.findings if one["code"] == "ceiling-moved")
    assert found["values"] == {"what": "arithmetic", "change": pytest.approx(8 / 9 - 1)}


def test_a_ceiling_that_could_not_be_measured_before_is_that_of_after() -> None:
    done = result(raw("cuda:0", ceilings_before={"reason": "no room"}, passes={"ceilings": LIMITS}))
    assert done.ceilings == {**LIMITS, "each": [ONCE]}
    assert result(raw("cuda:0", ceilings_before=LIMITS, passes={"ceilings": {"reason": "no room"}})).ceilings is None
