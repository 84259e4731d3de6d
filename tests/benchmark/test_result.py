"""A worker's answers become a result: statistics, unknown quantities, what a lost case keeps, and the floor."""

from dataclasses import replace

import pytest
from raw_results import (
    CEILINGS,
    COUNTED,
    CPU_ROUND,
    FINISHED,
    GPU,
    GPU_STATE,
    MEMORY,
    PLAN,
    PREPARED,
    WARMED_UP,
    codes,
    failed,
    pairs,
    raw,
    record,
    result,
    rounds,
    trained,
    values,
)

from resnet_inspect.benchmark.case import DRY, SCALER
from resnet_inspect.benchmark.messages import Energy, Lost, Phases
from resnet_inspect.benchmark.record import Clocks, Memory, Roof, RunCeilings
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.benchmark.result import UNSEEN, hold_to_ceilings
from resnet_inspect.records.bench import bench
from resnet_inspect.vocabulary import Mode, RunPrecision

ROOF = Roof(CEILINGS.flop_per_s, CEILINGS.bytes_per_s)


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
@pytest.mark.parametrize("mode", ["eager", "compile"])
def test_a_case_with_nothing_wrong_is_valid_and_has_no_findings(device: str, mode: Mode) -> None:
    measured = result(raw(device, mode))
    assert (measured.status, measured.valid, measured.stopped) == ("ok", True, "precise")
    assert codes(measured) == failed(measured) == []
    assert (measured.cost, measured.spec) == (COUNTED.cost, COUNTED.spec)
    assert measured.memory == Memory(COUNTED.predicted, MEMORY)
    assert measured.metrics.images_per_s == pytest.approx(8 / (10.0e-3 if device == "cpu" else 9.9e-3))
    assert measured.first_call_ms == 30.0
    assert measured.compile_ms == (20.0 if mode == "compile" else None)


def test_the_first_call_of_a_captured_graph_is_the_one_before_its_capture() -> None:
    captured = raw("cuda:0", "compile+graph", prepared=replace(PREPARED, captured_ms=500.0))
    assert (result(captured).first_call_ms, result(captured).compile_ms) == (500.0, 490.0)


FEW = {"p99_ms": "20 samples; it takes 300"}


def test_a_quantity_that_a_cpu_cannot_tell_is_none_and_says_why() -> None:
    measured = result(raw())
    assert (measured.metrics.device_time, measured.metrics.enqueue) == (None, None)
    for name in ("device_time", "enqueue"):
        assert measured.unknown[name] == "cpu has no events on a stream"
    assert result(raw("cuda:0")).unknown == FEW


def test_a_queue_that_ran_dry_leaves_the_device_time_unknown_and_the_enqueue_time_known() -> None:
    measured = result(raw("cuda:0", device_time_ms=[]))
    assert measured.metrics.enqueue is not None
    assert measured.unknown == {"device_time": DRY} | FEW


def test_the_99th_percentile_is_told_from_300_samples_on() -> None:
    assert result(raw(latency_ms=rounds(*[10.0] * 59))).unknown["p99_ms"] == "295 samples; it takes 300"
    assert "p99_ms" not in result(raw(latency_ms=rounds(*[10.0] * 60))).unknown


@pytest.mark.parametrize("status", ["oom", "crashed", "timeout"])
def test_a_lost_case_says_how_and_keeps_what_was_counted_and_sampled(status: Lost) -> None:
    crowded = replace(CPU_ROUND, cpu_share=0.2)
    played = raw(status=status, detail="exit code 1: no luck", states=[crowded] * 5, finished=None)
    lost = result(played)
    assert (lost.status, lost.valid) == (status, False)
    assert codes(lost) == [status], "its loss explains whatever else is odd"
    assert values(lost, status) == {"detail": "exit code 1: no luck"}
    assert lost.memory == Memory(COUNTED.predicted, None)
    assert lost.metrics.latency is not None
    assert lost.metrics.latency.samples_ms == (10.0,) * 20
    assert (lost.metrics.throughput, lost.metrics.images_per_s) == (None, None)
    assert lost.cost == COUNTED.cost
    assert from_json(to_json(record(lost))) == record(lost)
    assert any("exit code 1: no luck" in finding.message for finding in bench(record(lost)).findings)


def test_a_case_that_is_lost_before_its_first_round_has_no_latency() -> None:
    assert result(raw(status="oom", rounds=(), prepared=None, finished=None)).metrics.latency is None


def test_an_extra_is_in_the_result_or_says_why_it_is_not() -> None:
    reason = "a compiled kernel is of many layers"
    measured = result(raw(stage=pairs(), unavailable={"layer": reason}))
    assert measured.valid
    assert measured.stages is not None
    stem, head = measured.stages.rows
    assert (stem.name, stem.ms, stem.share, stem.macs, head.name) == ("stem", 6.0, 0.6, 1, "head")
    assert measured.layers is None
    assert measured.unknown["layers"] == reason
    assert from_json(to_json(record(measured))) == record(measured)
    assert any(reason in note for note in bench(record(measured)).notes)


def test_a_training_step_has_its_phases() -> None:
    phases = Phases(4.0, 5.0, 1.0, 10.0)
    assert result(trained(raw(phases=phases))).phases == phases
    assert result(trained(raw(unavailable={"phases": "timeout"}))).unknown["phases"] == "timeout"


def test_energy_is_told_or_why_it_is_not() -> None:
    energy = Energy(j_per_image=0.05, net_j_per_image=0.04, idle_w=75.0, busy_w=375.0, window_s=10.0, images=8)
    notes = bench(record(result(raw(energy=energy)))).notes
    assert any("0.0500 J/image, 0.0400 J/image more than the 75.0 W" in note for note in notes)
    notes = bench(record(result(raw(unavailable={"energy": "pynvml is not installed"})))).notes
    assert any("unknown: pynvml is not installed" in note for note in notes)


def test_a_gpu_is_described_before_the_rounds_in_each_of_them_and_after() -> None:
    assert result(raw()).clocks == Clocks(None, (CPU_ROUND,) * 5, None)
    warm = replace(GPU_STATE, temperature_c=60)
    measured = raw("cuda:0", prepared=replace(PREPARED, gpu=GPU), finished=replace(FINISHED, gpu=warm))
    assert result(measured).clocks == Clocks(GPU, (GPU_STATE,) * 5, warm)


def test_torchs_flags_and_the_graph_breaks_are_kept() -> None:
    flags = {"cudnn_benchmark": True}
    compiled = raw(
        mode="compile",
        prepared=replace(PREPARED, flags=flags),
        warmed_up=replace(WARMED_UP, compiled_graphs=3),
        finished=replace(FINISHED, compiled_graphs=3),
    )
    assert (result(compiled).flags, result(compiled).graph_breaks) == (flags, 2)
    assert result(raw()).graph_breaks is None


def test_the_peak_of_the_first_calls_stands_apart() -> None:
    measured = result(raw("cuda:0", warmed_up=replace(WARMED_UP, first_peak_bytes=9000))).memory.measured
    assert measured == replace(MEMORY, first_peak_bytes=9000)


def test_a_step_that_waits_for_the_device_has_no_share_of_either() -> None:
    waiting = trained(raw("cuda:0", precision="amp-fp16", device_time_ms=[], enqueue_ms=[]))
    assert result(waiting).unknown == dict.fromkeys(("device_time", "enqueue"), SCALER) | FEW


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
def test_a_device_time_below_the_arithmetics_floor_is_no_measurement(
    device: str, precision: RunPrecision, floor_ms: float, arithmetic_ms: float, valid: bool, cached: bool
) -> None:
    measured = result(raw(device, precision=precision, ceilings_after=CEILINGS))
    assert measured.ceilings is not None
    held = hold_to_ceilings(measured, measured.ceilings, floor_ms, arithmetic_ms, PLAN)
    assert held.valid is valid
    assert held.status == ("ok" if valid else "invalid")
    assert failed(held) == ([] if valid else ["device-time-above-floor"])
    assert held.has("cached") is cached
    assert held.ceilings == replace(measured.ceilings, floor_ms=floor_ms)
    (row,) = bench(record(held)).tables[0].rows
    assert floor_ms in row


def test_a_floor_of_no_device_time_at_all_is_written_and_read() -> None:
    measured = result(raw("cuda:0", precision="bf16", device_time_ms=[[0.0] * 4] * 5, ceilings_after=CEILINGS))
    assert measured.ceilings is not None
    held = hold_to_ceilings(measured, measured.ceilings, 5.0, 5.0, PLAN)
    assert not held.valid
    assert from_json(to_json(record(held))) == record(held)


def test_the_higher_of_two_ceilings_counts() -> None:
    before, after = replace(CEILINGS, flop_per_s=9e14), replace(CEILINGS, bytes_per_s=4.1e12, flop_spread=0.02)
    ceilings = result(raw("cuda:0", ceilings_before=before, ceilings_after=after)).ceilings
    assert ceilings is not None
    assert (ceilings.flop_per_s, ceilings.bytes_per_s) == (9e14, 4.1e12)
    assert ceilings.flop_spread == 0.02, "the later spread"
    assert ceilings.each == (Roof(9e14, 4e12), Roof(8e14, 4.1e12))


def test_ceilings_that_were_measured_only_after_the_rounds_count_alone() -> None:
    ceilings = result(raw("cuda:0", ceilings_after=CEILINGS)).ceilings
    assert isinstance(ceilings, RunCeilings)
    assert (ceilings.each, ceilings.flop_per_s, ceilings.floor_ms) == ((ROOF,), CEILINGS.flop_per_s, None)
    lost = result(raw("cuda:0", ceilings_before=CEILINGS, unavailable={"ceilings": "no room"}))
    assert (lost.ceilings, lost.unknown["ceilings"]) == (None, "no room")


def test_outputs_that_an_interrupted_run_did_not_look_at_are_unknown_and_its_rounds_are_kept() -> None:
    for latency_ms in ([[10.0, 11.0]], [[10.0, 11.0], [10.0, 12.0]]):
        interrupted = result(raw(latency_ms=latency_ms, stopped="interrupted", finished=None))
        assert (interrupted.status, interrupted.unknown["outputs"]) == ("ok", UNSEEN)
        assert "outputs-finite" not in [check.id for check in interrupted.checks]
        assert interrupted.metrics.latency is not None
        assert len(interrupted.metrics.latency.round_lengths) == len(latency_ms)
        assert values(interrupted, "interrupted") == {"rounds": len(latency_ms)}
        assert bench(record(interrupted), strict=True).exit_code == 4
