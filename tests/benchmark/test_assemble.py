"""From what a worker said to an arm: statistics, and self-checks that each trip and fail closed."""

from dataclasses import replace

import pytest
from raw_results import AFTER, COST, ROUNDS, WARM, codes, pairs, raw, record, result, rounds

from resnet_inspect.benchmark.case import SCALER
from resnet_inspect.benchmark.record import from_json, to_json
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.records.bench import bench


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
@pytest.mark.parametrize("mode", ["eager", "compile"])
def test_what_nothing_is_wrong_with_is_valid_and_has_no_findings(device: str, mode: str) -> None:
    done = result(raw(device, mode), {"peak_bytes": 2048})
    assert (done.status, done.valid, done.stopped) == ("ok", True, "precise")
    assert codes(done) == []
    assert all(check.ok for check in done.checks)
    assert done.memory["predicted"] == {"peak_bytes": 2048}
    assert done.memory["measured"] == {"requested_bytes": 4096, "first_peak_bytes": None}
    assert done.images_per_s == pytest.approx(8 / (10.0e-3 if device == "cpu" else 9.9e-3))
    assert done.first_call_ms == 30.0
    assert done.compile_ms == (20.0 if mode == "compile" else None)


FEW = {"p99_ms": "20 samples; it takes 300"}


def test_what_a_cpu_cannot_tell_is_null_and_says_why() -> None:
    done = result(raw())
    for name in ("device_time", "enqueue"):
        assert done.metrics[name] is None
        assert done.unknown[name] == "cpu has no events on a stream"
    assert result(raw("cuda:0")).unknown == FEW


def test_the_99th_percentile_is_told_from_300_samples_on() -> None:
    assert result(raw(latency=rounds(*[10.0] * 59))).unknown["p99_ms"] == "295 samples; it takes 300"
    assert "p99_ms" not in result(raw(latency=rounds(*[10.0] * 60))).unknown


BROKEN = {
    "latency-positive": [
        raw(latency=rounds(10.0, 10.0, 10.0, 0.0)),
        raw(latency=rounds(10.0, -1.0, 10.0, 10.0)),
        raw(latency=rounds(0.0, 0.0, 0.0, 0.0)),
        raw("cuda:0", latency=rounds(0.0, 0.0, 0.0, 0.0)),
    ],
    "outputs-finite": [raw(after={**AFTER, "finite": False, "error": None})],
    "latency-over-device-time": [
        raw("cuda:0", latency=rounds(9.0, 9.0, 9.0, 9.0)),
        raw("cuda:0", device_time=rounds(0.0, 0.0, 0.0, 0.0)),
    ],
    "throughput-is-device-time": [
        raw("cuda:0", blocks=[(6, 6 * 9.9 * 1.03)] * ROUNDS),
        raw("cuda:0", blocks=[(6, 6 * 9.9 * 0.97)] * ROUNDS),
        raw("cuda:0", blocks=[(6, 0.0)] * ROUNDS),
    ],
    "no-recompile": [
        raw(mode="compile", after={**AFTER, "graphs": 2}),
        raw("cuda:0", "compile+graph", after={**AFTER, "graphs": 3}),
        raw(mode="compile", recompiled=1),  # in the worker of an earlier round
    ],
    "stage-closure": [
        raw(passes={"stage": pairs(marked=10.03)}),
        raw(passes={"stage": pairs((6.0, 3.97, 0.0))}),
        raw(passes={"stage": pairs((11.0, -1.0, 0.0))}),
    ],
    "layer-closure": [raw(passes={"stage": pairs(), "layer": pairs(marked=9.97)})],
}


@pytest.mark.parametrize(("id", "one"), [(id, one) for id, raw_results in BROKEN.items() for one in raw_results])
def test_a_check_that_fails_makes_the_arm_invalid_and_is_told(id: str, one: RawResult) -> None:
    done = result(one)
    assert (done.status, done.valid) == ("invalid", False)
    assert id in [check.id for check in done.checks if not check.ok]
    report = bench(record(done))
    assert not report.ok
    assert any(found.code == "invalid" and id in found.message for found in report.findings)


@pytest.mark.parametrize("one", [one for raw_results in BROKEN.values() for one in raw_results])
def test_however_broken_an_arm_is_its_record_is_written_and_read(one: RawResult) -> None:
    done = record(result(one))
    assert from_json(to_json(done)) == done


def test_every_check_has_a_test_that_trips_it() -> None:
    laid_out = raw(passes={"stage": pairs(), "layer": pairs()})
    ids = {check.id for one in (raw("cuda:0", "compile"), laid_out) for check in result(one).checks}
    assert ids == {*BROKEN, "percentiles-monotone"}, "and percentiles are monotone whatever the samples"


def test_blocks_are_held_against_device_time_only_where_the_device_is_busy() -> None:
    host_bound = result(raw("cuda:0", enqueue=rounds(9.8, 9.8, 9.8, 9.8), blocks=[(6, 90.0)] * ROUNDS))
    assert host_bound.valid
    assert "throughput-is-device-time" not in [check.id for check in host_bound.checks]
    assert codes(host_bound) == ["host-bound"]


def test_a_warm_up_that_compiled_nothing_new_is_no_recompile() -> None:
    assert result(raw(mode="compile", warm={**WARM, "graphs_before": 3}, after={**AFTER, "graphs": 3})).valid


@pytest.mark.parametrize(
    ("device", "ms", "beside", "valid"),
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
    device: str, ms: float, beside: float, valid: bool
) -> None:
    done = result(raw(device, passes={"stage": pairs((ms, 0.0, 0.0), ms + beside, ms)}))
    (check,) = (check for check in done.checks if check.id == "stage-closure")
    assert (check.ok, done.valid) == (valid, valid)
    assert check.value == pytest.approx(ms / (ms + beside))


@pytest.mark.parametrize("status", ["oom", "crashed", "timeout"])
def test_an_arm_that_was_lost_says_how_and_keeps_what_was_counted(status: str) -> None:
    lost = RawResult(raw().case, status, "exit code 1: no luck", latency=[[10.0] * 4])
    done = result(lost, {"peak_bytes": 2048})
    assert (done.status, done.valid, codes(done)) == (status, False, [status])
    assert done.findings[0]["values"] == {"detail": "exit code 1: no luck"}
    assert done.memory == {"predicted": {"peak_bytes": 2048}, "measured": None}
    assert done.metrics["latency"].samples_ms == (10.0,) * 4, "what was sampled before is kept"
    assert done.cost == COST
    assert from_json(to_json(record(done))) == record(done)
    assert any("exit code 1: no luck" in found.message for found in bench(record(done)).findings)


def test_what_was_laid_out_is_in_the_arm_and_what_could_not_be_says_why() -> None:
    done = result(raw(passes={"stage": pairs(), "layer": {"reason": "a compiled kernel is of many layers"}}))
    assert done.valid
    assert done.stages["rows"][0] == {"name": "stem", "ms": 6.0, "share": 0.6, "macs": 1}
    assert done.layers is None
    assert done.unknown["layers"] == "a compiled kernel is of many layers"
    assert from_json(to_json(record(done))) == record(done)
    assert any("a compiled kernel is of many layers" in note for note in bench(record(done)).notes)


def test_energy_is_told_and_so_is_why_it_is_not() -> None:
    watts = {
        "j_per_image": 0.05,
        "net_j_per_image": 0.04,
        "idle_w": 75.0,
        "busy_w": 375.0,
        "window_s": 10.0,
        "images": 8,
    }
    notes = bench(record(result(raw(passes={"energy": watts})))).notes
    assert any("0.0500 J/image, 0.0400 J/image beyond the 75.0 W" in note for note in notes)
    notes = bench(record(result(raw(passes={"energy": {"reason": "pynvml is not installed"}})))).notes
    assert any("unknown: pynvml is not installed" in note for note in notes)


def test_a_gpu_is_described_before_and_after() -> None:
    assert result(raw()).clocks == {"before": None, "rounds": [], "after": None}
    described = raw("cuda:0", prepared={"captured_ms": None, "gpu": {"sm_mhz": 1980}}, clocks=[{"sm_mhz": 1755}])
    assert result(described).clocks == {"before": {"sm_mhz": 1980}, "rounds": [{"sm_mhz": 1755}], "after": None}


def test_what_torch_was_set_to_and_how_often_a_graph_broke_is_kept() -> None:
    flags = {"cudnn_benchmark": True}
    done = result(raw(mode="compile", prepared={"captured_ms": None, "flags": flags}, warm={**WARM, "graphs_before": 3},
                    after={**AFTER, "graphs": 3}))  # fmt: skip
    assert (done.flags, done.graph_breaks, result(raw()).graph_breaks) == (flags, 2, None)


def test_the_peak_of_the_first_calls_stands_apart() -> None:
    measured = result(raw("cuda:0", warm={**WARM, "first_peak_bytes": 9000})).memory["measured"]
    assert measured == {"requested_bytes": 4096, "first_peak_bytes": 9000}


@pytest.mark.parametrize(
    ("throttle", "times", "ok"), [([], 1.03, False), (["power cap"], 1.03, True), (["power cap"], 1.12, False)]
)
def test_a_chip_at_its_power_cap_may_be_slower_back_to_back(throttle: list[str], times: float, ok: bool) -> None:
    one = raw("cuda:0", blocks=[(6, 6 * 9.9 * times)] * ROUNDS, clocks=[{"throttle": throttle}])
    (check,) = (check for check in result(one).checks if check.id == "throughput-is-device-time")
    assert check.ok is ok


def test_a_step_that_waits_for_the_device_has_no_share_of_either() -> None:
    one = raw("cuda:0", precision="amp-fp16", device_time=[], enqueue=[])
    one.case = replace(one.case, task="train")
    assert result(one).unknown == dict.fromkeys(("device_time", "enqueue"), SCALER) | FEW
