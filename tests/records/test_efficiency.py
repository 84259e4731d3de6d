"""Measured times beside floors: what is read of a Record, what is said of it, what is refused."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import resnet_inspect as api
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.record import Check, Record, Result, from_json, metric, to_json
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.hardware.floor import floors
from resnet_inspect.records.efficiency import attained
from resnet_inspect.report import Report
from resnet_inspect.resnet.fields import to_mapping

TIMES = {"stem": 0.5, "layer1": 2.9, "layer2": 2.6, "layer3": 1.9, "layer4": 0.45, "head": 0.02}


def result(
    model: str = "resnet50", times: Mapping[str, float] | None = TIMES, whole: float = 8.4, **changes: Any
) -> Result:
    """An arm of 256 images on a GPU, with ``times`` of its stages; ``changes`` are of its configuration."""
    case = Case(model, "cuda:0", 256, (256, 3, 224, 224), "infer", "bf16", "channels_last", "eager", 1)
    rows = None if times is None else {"rows": [{"name": n, "ms": t} for n, t in times.items()]}
    spent = metric([[0.98 * whole, whole, 1.02 * whole] * 7], 0)
    return Result(
        replace(case, **changes),
        "ok",
        True,
        {"latency": metric([[2 * whole] * 20], 0), "device_time": spent, "throughput": spent, "enqueue": spent},
        spec=to_mapping(api.spec(model)),
        stages=rows,
    )


def record(*results: Result, gpu: str = "NVIDIA H200") -> Record:
    environment = {
        "date": "2025-01-01T00:00:00+00:00",
        "machine": {"cpu_model": "AMD EPYC 9654", "cpus": 8, "memory_bytes": None},
        "versions": {"torch": "2.11.0"},
        "grade": {"letter": "A", "reasons": []},
        "gpu": {"name": gpu},
    }
    return Record((), environment, plan_for("cuda:0", False, 0, None, None), len(results), results)


def rows_of(report: Report) -> dict[str, dict[str, Any]]:
    table = report.tables[0]
    rows = [*table.rows, table.total or ()]
    return {str(row[0]): dict(zip((c.key for c in table.columns), row, strict=True)) for row in rows}


def test_each_stage_is_held_against_its_own_floor() -> None:
    report = api.roofline(record=record(result()))
    rows = rows_of(report)
    expected = floors(api.lower("resnet50", batch_size=256), find_device("h200"), "bf16")
    for stage, floor in expected.items():
        row = rows[stage]
        assert row["measured_ms"] == TIMES[stage]
        assert row["reached"] == pytest.approx(1e3 * floor.floor_s / TIMES[stage])
        assert row["to_win_ms"] == pytest.approx(TIMES[stage] - 1e3 * floor.floor_s)
    for key in ("measured_ms", "to_win_ms", "to_win_share", "floor_ms"):
        assert sum(rows[stage][key] for stage in TIMES) == pytest.approx(rows["total"][key])


def test_the_stage_with_most_to_win_is_named_first() -> None:
    found = [finding for finding in api.roofline(record=record(result())).findings if finding.code == "to-win"]
    assert [finding.where for finding in found] == ["layer1", "layer2", "layer3"]
    assert "moves 3.08× the bytes" in found[0].hint
    assert "--mode compile" in found[0].hint


def test_what_is_fused_already_is_not_told_to_fuse() -> None:
    said = api.roofline(record=record(result(mode="compile"))).findings[0]
    assert (said.where, said.hint) == ("layer1", "66.6 FLOP a byte: fewer bytes win here, fewer FLOPs do not")
    other = api.roofline(record=record(result(mode="compile", layout="contiguous"))).findings[0]
    assert "channels_last" in other.hint


def test_page_faults_come_before_any_other_remedy() -> None:
    faults = {"code": "page-faults", "where": "", "values": {"count": 9000.0, "share": 0.3}}
    said = api.roofline(record=record(replace(result(), findings=(faults,)))).findings
    assert {one.hint for one in said if one.code == "to-win"} == {"page faults first: see that finding"}


def test_faster_than_the_roof_is_marked_and_not_clipped() -> None:
    report = api.roofline(record=record(result(times={**TIMES, "layer4": 0.2})))
    assert rows_of(report)["layer4"]["reached"] > 2
    assert [f.where for f in report.findings if f.code == "above-roof"] == ["layer4"]
    assert "Winograd" in next(f.hint for f in report.findings if f.code == "above-roof")
    noisy = api.roofline(record=record(result(times={**TIMES, "layer4": 0.2, "head": 0.001})))
    assert [(f.where, "and 1 more" in f.message) for f in noisy.findings if f.code == "above-roof"] == [("head", True)]
    near = api.roofline(record=record(result(times={**TIMES, "layer4": 0.41})))
    assert rows_of(near)["layer4"]["reached"] > 1
    assert not [f for f in near.findings if f.code == "above-roof"], "within 5 % of it is noise"


def test_without_stages_the_device_time_of_the_whole_is_held_against_the_whole_floor() -> None:
    report = api.roofline(record=record(result(times=None)))
    rows = rows_of(report)
    assert rows["total"]["measured_ms"] == 8.4
    assert rows["layer1"]["measured_ms"] is None
    assert [f.code for f in report.findings] == ["no-stages"]
    assert "bench --per stage" in report.findings[0].hint
    other = replace(
        result(times=None),
        unknown={"stages": "the queue ran dry"},
        valid=False,
        checks=(Check("order", False, 1.0, 0.5),),
    )
    said = {f.code: f.message for f in api.roofline(record=record(other)).findings}
    assert said["no-stages"].endswith(": the queue ran dry")
    assert said["invalid"] == "the measurement failed its self-checks: order"


def test_the_calls_of_a_pass_are_added_up() -> None:
    graph = api.lower("resnet50", batch_size=256)
    layers = {"rows": [{"name": node.name, "ms": 0.01} for node in graph.nodes[1:]]}
    one = replace(result(times=None), layers=layers)
    passes = rows_of(attained(graph, find_device("h200"), record(one), one, "layer"))
    assert passes["layer1.0.conv3"]["measured_ms"] == pytest.approx(0.04), "conv, norm, sum and ReLU"
    blocks = rows_of(attained(graph, find_device("h200"), record(one), one, "block"))
    assert blocks["layer1.0"]["measured_ms"] == pytest.approx(0.12)
    stages = rows_of(attained(graph, find_device("h200"), record(one), one, "stage"))
    assert stages["total"]["measured_ms"] == pytest.approx(0.01 * (len(graph.nodes) - 1))


def test_the_net_is_the_one_that_was_measured_and_not_what_its_name_means_now() -> None:
    narrow = replace(result(model="resnet18", times=None), spec=to_mapping(api.spec("resnet18", ["depths=1,1,1,1"])))
    written = from_json(to_json(record(narrow)))
    assert rows_of(api.roofline(record=written))["total"]["flop"] < 2 * 256 * 1_000_000_000


def test_autocast_is_held_against_the_type_it_casts_to() -> None:
    facts = {f.key: f.value for f in api.roofline(record=record(result(precision="amp-bf16"))).facts}
    assert facts["precision"] == "bf16"


def test_ceilings_of_the_same_run_come_before_the_data_sheet() -> None:
    ceilings = {
        "device": "cuda:0",
        "title": "NVIDIA H200",
        "precision": "bf16",
        "flop_per_s": 790e12,
        "flop_spread": 0.01,
        "bytes_per_s": 4.3e12,
        "bytes_spread": 0.02,
        "source": "measured",
    }
    facts = {f.key: f.value for f in api.roofline(record=record(replace(result(), ceilings=ceilings))).facts}
    assert facts["peak_flop_per_s"] == 790e12
    assert facts["source"] == "measured"


def test_the_arm_is_the_one_that_fits_or_the_one_that_is_numbered() -> None:
    two = record(result(), result("resnext50_32x4d", {**TIMES, "layer1": 4.1}))
    assert api.roofline("resnext50_32x4d", record=two).model == "resnext50_32x4d"
    assert api.roofline(record=two, case=2).model == "resnext50_32x4d"
    with pytest.raises(RequestError, match="2 arms of the Record fit") as caught:
        api.roofline(record=two)
    assert "1 is resnet50" in caught.value.hint
    assert "2 is resnext50_32x4d" in caught.value.hint


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "resnet18"}, "no arm of the Record is what was asked for"),
        ({"batch_size": 8}, "no arm of the Record is what was asked for"),
        ({"precision": "fp32"}, "no arm of the Record is what was asked for"),
        ({"input": (1, 3, 224, 224)}, "no arm of the Record is what was asked for"),
        ({"case": 0}, "--case 0: the Record has 1"),
        ({"case": 2}, "--case 2: the Record has 1"),
        ({"settings": ["groups=2"]}, "--set cannot change a network"),
        ({"device": "h300"}, "unknown device 'h300'"),
    ],
)
def test_what_the_record_does_not_hold_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        api.roofline(record=record(result()), **asked)


def test_a_training_step_and_a_lost_arm_have_no_roofline() -> None:
    with pytest.raises(RequestError, match="that of inference"):
        api.roofline(record=record(result(task="train")))
    with pytest.raises(RequestError, match="oom, it has no times"):
        api.roofline(record=record(replace(result(), status="oom", metrics={})))


def test_another_machine_than_the_one_that_was_measured_is_refused() -> None:
    with pytest.raises(RequestError, match="no peaks are known of NVIDIA Imagined"):
        api.roofline(record=record(result(), gpu="NVIDIA Imagined"))
    with pytest.raises(RequestError, match="the Record is of AMD EPYC 9654, not of NVIDIA H200"):
        api.roofline(record=record(result(device="cpu")), device="h200")


def test_times_of_another_net_are_refused() -> None:
    with pytest.raises(RequestError, match="layer9"):
        api.roofline(record=record(result(times={"layer9": 1.0})))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "resnet18"}, "not resnet18"),
        ({"batch_size": 8}, "not --batch-size 8"),
        ({"precision": "fp32"}, "not --precision fp32"),
        ({"input": "1,3,224,224"}, "not --input 1,3,224,224"),
        ({"model": "resnet18", "batch_size": 8}, "not resnet18, --batch-size 8"),
    ],
)
def test_a_numbered_arm_is_what_else_was_asked_for_or_refused(asked: dict[str, Any], said: str) -> None:
    both = record(result("resnet18", times=None, precision="fp32"), result())
    with pytest.raises(RequestError, match="--case 2 is resnet50 256×3×224×224") as caught:
        api.roofline(record=both, case=2, **asked)
    assert caught.value.message.endswith(said)
    alike = {"model": "resnet50", "batch_size": 256, "precision": "bf16", "input": "256,3,224,224"}
    assert api.roofline(record=both, case=2, **{key: alike[key] for key in asked}).model == "resnet50"


def test_what_the_record_says_against_itself_is_said_here_too() -> None:
    noisy = {"code": "noisy", "where": "resnet50", "values": {"spread": 0.71}}
    bad = record(replace(result(), findings=(noisy,)))
    bad.environment["grade"].update(letter="C", reasons=["load 40 on 8 CPUs"])
    report = api.roofline(record=bad)
    assert (report.findings[0].code, report.findings[0].message) == ("noisy", "71.0% between rounds")
    assert {f.key: f.value for f in report.facts}["grade"] == "C; load 40 on 8 CPUs"


def test_it_is_said_which_statistic_was_measured() -> None:
    def said(one: Result) -> object:
        return {f.key: f.value for f in api.roofline(record=record(one)).facts}["measured_is"]

    assert said(result()) == "the sum over its parts of the mean of the marked calls"
    assert said(result(times=None)) == "the median device time of one call"
    host = result(times=None)
    assert said(replace(host, metrics={**host.metrics, "device_time": None})) == "the median latency of one call"


def test_stages_that_add_up_to_something_else_than_the_call_are_found() -> None:
    assert "apart" not in [f.code for f in api.roofline(record=record(result())).findings]
    for whole in (6.0, 12.0):
        found = {f.code: f for f in api.roofline(record=record(result(whole=whole))).findings}["apart"]
        assert found.message.startswith("the stages add up to 8.37 ms, the median call takes")


FP32 = {name: 8 * time for name, time in TIMES.items()}
SLOW = {name: 20 * time for name, time in TIMES.items()}


@pytest.mark.parametrize(
    ("times", "changes", "precisions", "hint"),
    [
        (
            SLOW,
            {},
            {},
            "neither roof holds it: launches, or work too small for the device; try --mode graph or compile",
        ),
        (SLOW, {"mode": "graph"}, {}, "neither roof holds it: launches, or work too small for the device"),
        (FP32, {"precision": "fp32", "mode": "compile"}, {"fp32": 60e12}, "fewer FLOPs win here"),
        (
            FP32,
            {"precision": "fp32", "mode": "compile"},
            {"fp32": 60e12, "bf16": 600e12},
            "--precision bf16 has 10.0×",
        ),
        (TIMES, {"precision": "fp32", "mode": "compile"}, {"fp32": 9e15}, "fewer FLOPs do not"),
        (TIMES, {"precision": "fp32", "mode": "compile"}, {"fp32": 9e15, "tf32": 1e16}, "fewer FLOPs do not"),
        (TIMES, {"precision": "fp32", "mode": "compile"}, {"fp32": 9e15, "fp16": 1e16}, "--precision fp16 has half"),
    ],
)
def test_advice_follows_the_time_the_mode_and_what_the_device_has(
    times: Mapping[str, float], changes: dict[str, str], precisions: dict[Any, float], hint: str
) -> None:
    one = result(times=times, **changes)
    device = replace(find_device("h200"), peaks=precisions) if precisions else find_device("h200")
    report = attained(api.lower("resnet50", batch_size=256), device, record(one), one)
    hints = [f.hint for f in report.findings if f.code == "to-win"]
    assert any(said == hint if hint.startswith("neither") else hint in said for said in hints)
    for absent in {"fp32", "tf32", "bf16", "fp16"} - set(precisions or find_device("h200").peaks):
        assert f"--precision {absent}" not in "".join(hints)


def test_a_larger_batch_is_advised_only_to_a_small_one() -> None:
    def hints(images: int, scale: float) -> str:
        times = {name: scale * time for name, time in TIMES.items()}
        one = result(times=times, batch_size=images, input=(images, 3, 224, 224), device="cpu", precision="fp32")
        limits = replace(find_device("h200"), peaks={"fp32": 60e12})
        report = attained(api.lower("resnet50", batch_size=images), limits, record(one), one)
        return "\n".join(f.hint for f in report.findings if f.code == "to-win")

    assert "a larger --batch-size" in hints(1, 1.0)
    assert "more --threads, an idle machine, a larger --batch-size" in hints(1, 1.0)
    assert "--batch-size" not in hints(256, 100.0)
    assert "neither roof holds it: calls, threads or other programs" in hints(256, 100.0)


CEILINGS = {
    "device": "cpu",
    "title": "AMD EPYC 9654",
    "precision": "bf16",
    "flop_per_s": 790e12,
    "flop_spread": 0.01,
    "bytes_per_s": 4.3e12,
    "bytes_spread": 0.02,
    "source": "measured",
}


@pytest.mark.parametrize("device", [None, "cpu", "CPU"])
def test_a_record_with_ceilings_of_its_own_needs_no_data_sheet(device: str | None) -> None:
    held = record(replace(result(device="cpu"), ceilings=CEILINGS))
    facts = {f.key: f.value for f in api.roofline(record=held, device=device).facts}
    assert (facts["device"], facts["peak_flop_per_s"]) == ("cpu", 790e12)


@pytest.mark.parametrize("device", [None, "cpu"])
def test_without_ceilings_both_ways_to_them_are_offered(device: str | None) -> None:
    with pytest.raises(RequestError, match="no peaks are known of AMD EPYC 9654") as caught:
        api.roofline(record=record(result(device="cpu")), device=device)
    assert "--machine --device cpu" in caught.value.hint
    assert "bench --ceilings" in caught.value.hint


def test_the_data_sheet_of_another_gpu_is_refused() -> None:
    with pytest.raises(RequestError, match="the Record is of NVIDIA H200, not of NVIDIA T4 16 GB") as caught:
        api.roofline(record=record(result()), device="t4")
    assert caught.value.hint == "--device h200"
    for device in ("h200", "h200-measured", "cuda", "cuda:0"):
        assert api.roofline(record=record(result()), device=device).kind == "roofline"
