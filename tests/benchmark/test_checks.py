"""Self-checks that each trip and fail closed, and let pass what is only near."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from raw_results import (
    FINISHED,
    GPU_STATE,
    WARMED_UP,
    codes,
    failed,
    pairs,
    raw,
    record,
    result,
    rounds,
)

from resnet_inspect.benchmark.checks import ABOVE_ROOF, JSON_INFINITY, check_floor
from resnet_inspect.benchmark.messages import RoundSamples
from resnet_inspect.benchmark.record import Check, Result
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.records.bench import bench


def recompiled(raw: RawResult) -> tuple[RoundSamples, ...]:
    """The rounds of ``raw``; the worker of the second compiled another graph."""
    first, second, *rest = raw.rounds
    return (first, replace(second, recompiled_graphs=1), *rest)


BROKEN = {
    "latency-positive": [
        raw(latency_ms=rounds(10.0, 10.0, 10.0, 0.0)),
        raw(latency_ms=rounds(10.0, -1.0, 10.0, 10.0)),
        raw(latency_ms=rounds(0.0, 0.0, 0.0, 0.0)),
        raw("cuda:0", latency_ms=rounds(0.0, 0.0, 0.0, 0.0)),
    ],
    "outputs-finite": [raw(finished=replace(FINISHED, finite=False, relative_error=None))],
    "latency-over-device-time": [
        raw("cuda:0", latency_ms=rounds(9.0, 9.0, 9.0, 9.0)),
        raw("cuda:0", device_time_ms=rounds(0.0, 0.0, 0.0, 0.0)),
    ],
    "throughput-is-device-time": [
        raw("cuda:0", block_ms=6 * 9.9 * 1.03),
        raw("cuda:0", block_ms=6 * 9.9 * 0.97),
        raw("cuda:0", block_ms=0.0),
    ],
    "no-recompile": [
        raw(mode="compile", finished=replace(FINISHED, compiled_graphs=2)),
        raw("cuda:0", "compile+graph", finished=replace(FINISHED, compiled_graphs=3)),
        raw(mode="compile", rounds=recompiled(raw())),
    ],
    "stage-closure": [
        raw(stage=pairs(marked_ms=10.03)),
        raw(stage=pairs((6.0, 3.97))),
        raw(stage=pairs((11.0, -1.0))),
    ],
    "layer-closure": [raw(stage=pairs(), layer=pairs(marked_ms=9.97))],
}
BROKEN_RESULTS = [(id, result(broken)) for id, raws in BROKEN.items() for broken in raws]


def the_check(result: Result, id: str) -> Check:
    (check,) = (check for check in result.checks if check.id == id)
    return check


@pytest.mark.parametrize(("id", "broken"), BROKEN_RESULTS, ids=[id for id, _ in BROKEN_RESULTS])
def test_a_check_that_fails_makes_the_result_invalid_and_is_told(id: str, broken: Result) -> None:
    assert (broken.status, broken.valid) == ("invalid", False)
    assert id in failed(broken)
    report = bench(record(broken))
    assert not report.ok
    assert any(finding.code == "invalid" and id in finding.message for finding in report.findings)


@pytest.mark.parametrize(("id", "broken"), BROKEN_RESULTS, ids=[id for id, _ in BROKEN_RESULTS])
def test_however_broken_a_result_is_its_record_is_written_and_read(id: str, broken: Result) -> None:
    assert from_json(to_json(record(broken))) == record(broken)


def test_every_check_has_a_test_that_trips_it() -> None:
    marked = raw(stage=pairs(), layer=pairs())
    ids = {check.id for sound in (raw("cuda:0", "compile"), marked) for check in result(sound).checks}
    assert ids == {*BROKEN, "percentiles-monotone"}, "and percentiles are monotone whatever the samples"


def test_blocks_are_held_against_device_time_only_where_the_device_is_busy() -> None:
    host_bound = result(raw("cuda:0", enqueue_ms=rounds(9.8, 9.8, 9.8, 9.8), block_ms=90.0))
    assert host_bound.valid
    assert "throughput-is-device-time" not in [check.id for check in host_bound.checks]
    assert codes(host_bound) == ["host-bound"]


def test_graphs_that_the_warm_up_compiled_are_no_recompile() -> None:
    compiled_three = {
        "warmed_up": replace(WARMED_UP, compiled_graphs=3),
        "finished": replace(FINISHED, compiled_graphs=3),
    }
    assert result(raw(mode="compile", **compiled_three)).valid


@pytest.mark.parametrize(
    ("device", "ms", "outside_ms", "valid"),
    [
        ("cpu", 10.0, 0.015, True),  # a call is entered and left
        ("cpu", 10.0, 0.025, False),
        ("cpu", 1000.0, 0.9, True),  # 0.1 %
        ("cpu", 1000.0, 1.1, False),
        ("cuda:0", 10.0, 0.045, True),  # events have a cost of their own
        ("cuda:0", 10.0, 0.055, False),
    ],
)
def test_the_parts_of_a_call_are_held_against_a_clock_outside_it(
    device: str, ms: float, outside_ms: float, valid: bool
) -> None:
    measured = result(raw(device, stage=pairs((ms, 0.0), ms + outside_ms, ms)))
    check = the_check(measured, "stage-closure")
    assert (check.ok, measured.valid) == (valid, valid)
    assert check.value == pytest.approx(ms / (ms + outside_ms))


@pytest.mark.parametrize(
    ("throttle", "times", "ok"), [((), 1.03, False), (("power cap",), 1.03, True), (("power cap",), 1.12, False)]
)
def test_a_chip_at_its_power_cap_may_be_slower_back_to_back(throttle: Sequence[str], times: float, ok: bool) -> None:
    capped = replace(GPU_STATE, throttle=tuple(throttle))
    measured = result(raw("cuda:0", block_ms=6 * 9.9 * times, states=[GPU_STATE, capped, *[GPU_STATE] * 3]))
    assert the_check(measured, "throughput-is-device-time").ok is ok


@pytest.mark.parametrize(("device_time_ms", "ok"), [(10.0, True), (9.6, True), (9.4, False), (0.0, False)])
def test_a_device_is_no_faster_than_its_arithmetic(device_time_ms: float, ok: bool) -> None:
    check = check_floor(device_time_ms, arithmetic_ms=10.0)
    assert (check.ok, check.limit) == (ok, ABOVE_ROOF)
    assert check.value == pytest.approx(10.0 / device_time_ms if device_time_ms else JSON_INFINITY)
