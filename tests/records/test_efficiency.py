"""Measured times next to floors: which result of a Record is read, what its findings say, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest
from raw_results import CEILINGS
from stage_times import STAGE_MS, breakdown, record, result

import resnet_inspect as api
from resnet_inspect.benchmark.record import Check, Metrics, Observation, Result, RunCeilings
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.hardware.floor import floors
from resnet_inspect.hardware.machine import Grade
from resnet_inspect.records.efficiency import efficiency
from resnet_inspect.report import Report
from resnet_inspect.resnet.fields import to_mapping
from resnet_inspect.typed_json import encode

OF_THIS_RUN = RunCeilings(**{**encode(CEILINGS), "flop_per_s": 790e12, "bytes_per_s": 4.3e12}, each=())


def rows_of(report: Report) -> dict[str, dict[str, Any]]:
    table = report.tables[0]
    rows = [*table.rows, table.total or ()]
    return {str(row[0]): dict(zip((c.key for c in table.columns), row, strict=True)) for row in rows}


def facts_of(report: Report) -> dict[str, Any]:
    return {fact.key: fact.value for fact in report.facts}


def test_each_stage_is_held_against_its_own_floor() -> None:
    rows = rows_of(api.roofline(record=record(result())))
    expected = floors(api.lower("resnet50", batch_size=256), find_device("h200"), "bf16")
    for stage, floor in expected.items():
        row = rows[stage]
        assert row["measured_ms"] == STAGE_MS[stage]
        assert row["efficiency"] == pytest.approx(1e3 * floor.floor_s / STAGE_MS[stage])
        assert row["headroom_ms"] == pytest.approx(STAGE_MS[stage] - 1e3 * floor.floor_s)
    for key in ("measured_ms", "headroom_ms", "headroom_share", "floor_ms"):
        assert sum(rows[stage][key] for stage in STAGE_MS) == pytest.approx(rows["total"][key])


def test_without_stages_the_device_time_of_the_whole_is_held_against_the_whole_floor() -> None:
    report = api.roofline(record=record(result(stage_ms=None)))
    rows = rows_of(report)
    assert rows["total"]["measured_ms"] == 8.4
    assert rows["layer1"]["measured_ms"] is None
    assert [f.code for f in report.findings] == ["no-stages"]
    assert "bench --per stage" in report.findings[0].hint


def test_why_there_are_no_stages_and_which_self_check_failed_is_told() -> None:
    invalid = replace(
        result(stage_ms=None),
        unknown={"stages": "the queue ran dry"},
        valid=False,
        checks=(Check("outputs-finite", True, None, None), Check("order", False, 1.0, 0.5)),
    )
    messages = {f.code: f.message for f in api.roofline(record=record(invalid)).findings}
    assert messages["no-stages"].endswith(": the queue ran dry")
    assert messages["invalid"] == "failed its self-checks: order"


def test_the_calls_of_a_pass_are_added_up() -> None:
    graph = api.lower("resnet50", batch_size=256)
    layers = breakdown({node.name: 0.01 for node in graph.nodes[1:]})
    by_layer = replace(result(stage_ms=None), layers=layers)
    passes = rows_of(efficiency(graph, find_device("h200"), record(by_layer), by_layer, "layer"))
    assert passes["layer1.0.conv3"]["measured_ms"] == pytest.approx(0.04), "conv, norm, sum and ReLU"
    blocks = rows_of(efficiency(graph, find_device("h200"), record(by_layer), by_layer, "block"))
    assert blocks["layer1.0"]["measured_ms"] == pytest.approx(0.12)
    stages = rows_of(efficiency(graph, find_device("h200"), record(by_layer), by_layer, "stage"))
    assert stages["total"]["measured_ms"] == pytest.approx(0.01 * (len(graph.nodes) - 1))


def test_the_net_is_the_one_that_was_measured_and_not_what_its_name_means_now() -> None:
    narrow = replace(result(model="resnet18", stage_ms=None), spec=to_mapping(api.spec("resnet18", ["depths=1,1,1,1"])))
    written = from_json(to_json(record(narrow)))
    assert rows_of(api.roofline(record=written))["total"]["flop"] < 2 * 256 * 1_000_000_000


def test_autocast_is_held_against_the_type_it_casts_to() -> None:
    assert facts_of(api.roofline(record=record(result(precision="amp-bf16"))))["precision"] == "bf16"


def test_ceilings_of_the_same_run_come_before_the_data_sheet() -> None:
    facts = facts_of(api.roofline(record=record(replace(result(), ceilings=OF_THIS_RUN))))
    assert (facts["peak_flop_per_s"], facts["source"]) == (790e12, CEILINGS.source)


def test_the_case_is_the_one_that_fits_or_the_one_that_is_numbered() -> None:
    two = record(result(), result("resnext50_32x4d", {**STAGE_MS, "layer1": 4.1}))
    assert api.roofline("resnext50_32x4d", record=two).model == "resnext50_32x4d"
    assert api.roofline(record=two, case=2).model == "resnext50_32x4d"
    with pytest.raises(RequestError, match="2 cases of the Record fit") as refused:
        api.roofline(record=two)
    assert "1 is resnet50" in refused.value.hint
    assert "2 is resnext50_32x4d" in refused.value.hint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "resnet18"}, "no case of the Record fits the request"),
        ({"batch_size": 8}, "no case of the Record fits the request"),
        ({"precision": "fp32"}, "no case of the Record fits the request"),
        ({"input": (1, 3, 224, 224)}, "no case of the Record fits the request"),
        ({"case": 0}, "--case 0: the Record has 1"),
        ({"case": 2}, "--case 2: the Record has 1"),
        ({"settings": ["groups=2"]}, "--set cannot change a network"),
        ({"device": "h300"}, "unknown device 'h300'"),
    ],
)
def test_what_the_record_does_not_hold_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        api.roofline(record=record(result()), **options)


def test_a_training_step_and_a_lost_case_have_no_roofline() -> None:
    with pytest.raises(RequestError, match="the roofline is of inference"):
        api.roofline(record=record(result(task="train")))
    with pytest.raises(RequestError, match="oom, it has no times"):
        api.roofline(record=record(replace(result(), status="oom", metrics=Metrics())))


def test_another_machine_than_the_one_that_was_measured_is_refused() -> None:
    with pytest.raises(RequestError, match="no peaks are known of NVIDIA Imagined"):
        api.roofline(record=record(result(), gpu="NVIDIA Imagined"))
    with pytest.raises(RequestError, match="the Record is of AMD EPYC 9654, not of NVIDIA H200"):
        api.roofline(record=record(result(device="cpu")), device="h200")


def test_times_of_another_net_are_refused() -> None:
    with pytest.raises(RequestError, match="layer9"):
        api.roofline(record=record(result(stage_ms={"layer9": 1.0})))


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ({"model": "resnet18"}, "not resnet18"),
        ({"batch_size": 8}, "not --batch-size 8"),
        ({"precision": "fp32"}, "not --precision fp32"),
        ({"input": "1,3,224,224"}, "not --input 1,3,224,224"),
        ({"model": "resnet18", "batch_size": 8}, "not resnet18, --batch-size 8"),
    ],
)
def test_a_numbered_case_fits_the_rest_of_the_optionsor_is_refused(options: dict[str, Any], end: str) -> None:
    both = record(result("resnet18", stage_ms=None, precision="fp32"), result())
    with pytest.raises(RequestError, match="--case 2 is resnet50 256×3×224×224") as refused:
        api.roofline(record=both, case=2, **options)
    assert refused.value.message.endswith(end)
    fitting = {"model": "resnet50", "batch_size": 256, "precision": "bf16", "input": "256,3,224,224"}
    assert api.roofline(record=both, case=2, **{key: fitting[key] for key in options}).model == "resnet50"


def test_the_findings_and_the_grade_of_the_record_are_repeated() -> None:
    noisy = record(replace(result(), findings=(Observation("noisy", "resnet50", {"spread": 0.71}),)))
    graded = replace(noisy, environment=replace(noisy.environment, grade=Grade("C", ("load 40 on 8 CPUs",))))
    report = api.roofline(record=graded)
    assert (report.findings[0].code, report.findings[0].message) == ("noisy", "round medians differ by 71.0%")
    assert facts_of(report)["grade"] == "C; load 40 on 8 CPUs"


def test_a_fact_names_the_statistic_that_was_measured() -> None:
    def statistic(result: Result) -> object:
        return facts_of(api.roofline(record=record(result)))["measured_is"]

    assert statistic(result()) == "the sum over its parts of the mean of the marked calls"
    assert statistic(result(stage_ms=None)) == "the median device time of one call"
    whole = result(stage_ms=None)
    waited = replace(whole, metrics=replace(whole.metrics, device_time=None))
    assert statistic(waited) == "the median latency of one call"


def test_stages_that_add_up_to_something_else_than_the_call_are_found() -> None:
    assert "apart" not in [f.code for f in api.roofline(record=record(result())).findings]
    for whole_ms in (6.0, 12.0):
        findings = {f.code: f for f in api.roofline(record=record(result(whole_ms=whole_ms))).findings}
        assert findings["apart"].message.startswith("the stages add up to 8.37 ms, the median call takes")


@pytest.mark.parametrize("device", [None, "cpu", "CPU"])
def test_a_record_with_ceilings_of_its_own_needs_no_data_sheet(device: str | None) -> None:
    ceilings = replace(OF_THIS_RUN, device="cpu", title="AMD EPYC 9654")
    on_cpu = record(replace(result(device="cpu"), ceilings=ceilings))
    facts = facts_of(api.roofline(record=on_cpu, device=device))
    assert (facts["device"], facts["peak_flop_per_s"]) == ("cpu", 790e12)


@pytest.mark.parametrize("device", [None, "cpu"])
def test_without_ceilings_both_ways_to_them_are_offered(device: str | None) -> None:
    with pytest.raises(RequestError, match="no peaks are known of AMD EPYC 9654") as refused:
        api.roofline(record=record(result(device="cpu")), device=device)
    assert "--machine --device cpu" in refused.value.hint
    assert "bench --ceilings" in refused.value.hint


def test_the_data_sheet_of_another_gpu_is_refused() -> None:
    with pytest.raises(RequestError, match="the Record is of NVIDIA H200, not of NVIDIA T4 16 GB") as refused:
        api.roofline(record=record(result()), device="t4")
    assert refused.value.hint == "--device h200"
    for device in ("h200", "h200-measured", "cuda", "cuda:0"):
        assert api.roofline(record=record(result()), device=device).kind == "roofline"
