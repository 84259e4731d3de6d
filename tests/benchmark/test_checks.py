"""Self-checks that each trip and fail closed, and let pass what is only near."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from conftest import HERE
from raw_results import (
    CEILINGS,
    COUNTED,
    FINISHED,
    GPU_STATE,
    MACHINE,
    MEMORY,
    PLAN,
    WARMED_UP,
    codes,
    failed,
    pairs,
    raw,
    record,
    result,
    rounds,
    trained,
)

from resnet_inspect.benchmark.checks import JSON_INFINITY, SELF_CHECKS, SHARED, check, check_floor
from resnet_inspect.benchmark.messages import RoundSamples
from resnet_inspect.benchmark.record import Check, Cost, Result
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.benchmark.result import hold_to_ceilings
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.hardware.fastest_cpu import WINOGRAD
from resnet_inspect.hardware.floor import ABOVE_ROOF
from resnet_inspect.records.bench import bench
from resnet_inspect.vocabulary import Mode, RunPrecision


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
    "throughput-over-latency": [raw(block_ms=6 * 4.9), raw(mode="compile", block_ms=0.0)],
    "latency-above-arithmetic": [
        raw(latency_ms=rounds(0.002, 0.002, 0.002, 0.002), block_ms=6 * 0.002),
        raw(latency_ms=rounds(10.0, 10.0, 10.0, 0.002)),  # one call that did nothing
        trained(raw(latency_ms=rounds(0.002, 0.002, 0.002, 0.002))),
        raw(mode="compile", latency_ms=rounds(0.0, 0.0, 0.0, 0.0)),
    ],
    "memory-above-least": [
        raw(memory=replace(MEMORY, requested_bytes=2**29 - 1)),
        raw("cuda:0", memory=replace(MEMORY, requested_bytes=0)),
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


def test_every_check_is_in_words_and_has_a_test_that_trips_it() -> None:
    marked = raw(stage=pairs(), layer=pairs())
    sound = [result(played) for played in (raw("cuda:0", "compile"), raw(mode="compile"), marked)]
    ids = {check.id for measured in sound for check in measured.checks}
    assert ids == {*BROKEN, "percentiles-monotone"}
    assert [told.id for told in SELF_CHECKS if told.id not in ids] == ["latency-above-floor", "device-time-above-floor"]


def test_the_page_lists_every_check_with_what_trips_it() -> None:
    page = (HERE.parent / "docs" / "measure-honestly.md").read_text(encoding="utf-8")
    _, _, after = page.partition("| self-check | trips where |")
    table = after.partition("\n\n")[0]
    listed = [name for line in table.splitlines() for name in re.findall("`([a-z-]+)`", line.partition(" | ")[0])]
    assert sorted(listed) == sorted(told.id for told in SELF_CHECKS)


def test_percentiles_that_do_not_ascend_are_seen() -> None:
    played = raw()
    metrics = result(played).metrics
    assert metrics.latency is not None
    twisted = replace(metrics, latency=replace(metrics.latency, p90_ms=11.0, p95_ms=10.5))
    checks = check(played, twisted, {}, COUNTED.cost, COUNTED.least_bytes, MACHINE)
    assert [check.id for check in checks if not check.ok] == ["percentiles-monotone"]


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
@pytest.mark.parametrize("mode", ["eager", "compile"])
def test_a_sound_result_passes_every_check(device: str, mode: Mode) -> None:
    assert failed(result(raw(device, mode, stage=pairs()))) == []


@pytest.mark.parametrize(("precision", "vectors", "limit_ms"), [
    # 65.4 GFLOP at batch 8, a core at 6.2 GHz, Winograd's 5.06 times
    ("fp32", "AVX2", 65.43 / (32 * 6.2 * 5.0625)),
    ("fp32", "AVX-512", 65.43 / (64 * 6.2 * 5.0625)),
    ("fp32", None, 65.43 / (512 * 6.2 * 5.0625)),
    ("bf16", "AMX", 65.43 / (1024 * 6.2 * 5.0625)),
    ("amp-bf16", "AVX-512", 65.43 / (128 * 6.2 * 5.0625)),
])  # fmt: skip
@pytest.mark.parametrize(("times", "ok"), [(0.99, False), (1.01, True)])
@pytest.mark.parametrize("threads", [1, 4])
def test_no_cpu_is_faster_than_its_cores_clock_and_vectors(
    precision: RunPrecision, vectors: str | None, limit_ms: float, times: float, ok: bool, threads: int
) -> None:
    ms = times * limit_ms * 1e3 / threads
    played = raw(precision=precision, latency_ms=rounds(ms, ms, ms, ms), block_ms=6 * ms)
    played = replace(played, case=replace(played.case, threads=threads))
    counted = replace(COUNTED, cost=Cost(0, 32_715_000_000))
    measured = result(played, counted, machine=replace(MACHINE, vectors=vectors))
    assert the_check(measured, "latency-above-arithmetic").ok is ok


def test_nothing_to_multiply_takes_no_time() -> None:
    quick = raw(latency_ms=rounds(1e-3, 1e-3, 1e-3, 1e-3), block_ms=6e-3)
    assert result(quick, replace(COUNTED, cost=Cost(0, 0))).valid


def test_an_unknown_peak_of_memory_is_held_to_nothing() -> None:
    unknown = replace(MEMORY, requested_bytes=None, reason="not known")
    ids = [check.id for check in result(raw(memory=unknown)).checks]
    assert "memory-above-least" not in ids
    assert result(raw(memory=unknown)).valid


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


@pytest.mark.parametrize(
    ("device", "precision", "id", "limit"),
    [
        ("cuda:0", "bf16", "device-time-above-floor", ABOVE_ROOF),
        ("cuda:0", "fp32", "device-time-above-floor", ABOVE_ROOF * WINOGRAD),
        ("cpu", "bf16", "latency-above-floor", ABOVE_ROOF * SHARED),
        ("cpu", "fp32", "latency-above-floor", ABOVE_ROOF * SHARED * WINOGRAD),
    ],
)
def test_nothing_is_faster_than_its_arithmetic_at_the_measured_ceilings(
    device: str, precision: RunPrecision, id: str, limit: float
) -> None:
    measured = result(raw(device, precision=precision, ceilings_after=CEILINGS))
    ms = 10.0 if device == "cpu" else 9.9
    for times, ok in ((0.99, True), (1.01, False)):
        arithmetic_ms = times * limit * ms
        assert measured.ceilings is not None
        held = hold_to_ceilings(measured, measured.ceilings, arithmetic_ms, arithmetic_ms, PLAN)
        assert the_check(held, id) == Check(id, ok, pytest.approx(times * limit), limit)
        assert held.valid is ok


def test_no_time_at_all_is_infinitely_fast() -> None:
    none = result(raw("cuda:0", device_time_ms=rounds(0.0, 0.0, 0.0, 0.0))).metrics
    (checked,) = check_floor(raw("cuda:0").case, none, 10.0)
    assert (checked.ok, checked.value) == (False, JSON_INFINITY)


def test_a_failed_check_says_its_reason_in_words_with_its_numbers() -> None:
    cached = raw(
        latency_ms=rounds(0.002, 0.002, 0.002, 0.002), block_ms=0.012, memory=replace(MEMORY, requested_bytes=2**20)
    )
    told = [finding.message for finding in bench(record(result(cached))).findings if finding.code == "invalid"]
    assert told == [
        "the fastest call is 254× as fast as any such CPU can be at its arithmetic: the calls did not do the work "
        "that was counted (self-check latency-above-arithmetic)",
        "a call holds 1.00 MiB, but weights, input and the largest output of a layer take 512 MiB: it did not run the "
        "layers that were counted (self-check memory-above-least)",
    ]


def test_a_check_of_another_version_is_told_by_its_id() -> None:
    other = replace(result(raw()), checks=(Check("of-another-version", False, 1.0, 2.0),), valid=False)
    (finding,) = bench(record(other)).findings
    assert finding.message == "another version of resnet-inspect knows why (self-check of-another-version)"
