"""What is advised where measured time lies above its floor, and what is told where it lies below."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from stage_times import STAGE_MS, record, result

from resnet_inspect import api
from resnet_inspect.benchmark.record import Observation, Result
from resnet_inspect.hardware.devices import Device, find
from resnet_inspect.records.efficiency import efficiency
from resnet_inspect.report import Finding
from resnet_inspect.vocabulary import Precision

SLOW = {name: 20 * ms for name, ms in STAGE_MS.items()}
FP32 = {name: 8 * ms for name, ms in STAGE_MS.items()}


def findings(code: str, result: Result, device: Device | None = None) -> list[Finding]:
    graph = api.lower("resnet50", batch_size=result.case.batch_size)
    report = efficiency(graph, device or find("h200"), record(result), result)
    return [finding for finding in report.findings if finding.code == code]


def test_the_stages_furthest_above_their_floors_are_named_first() -> None:
    headroom = findings("headroom", result())
    assert [finding.where for finding in headroom] == ["layer1", "layer2", "layer3"]
    assert headroom[0].message.endswith("of 2.90 ms lie above the floor")
    assert "moves 3.08× the bytes" in headroom[0].hint
    assert "--mode compile" in headroom[0].hint


def test_compiled_calls_are_not_told_to_fuse() -> None:
    first = findings("headroom", result(mode="compile"))[0]
    assert (first.where, first.hint) == ("layer1", "66.6 FLOP a byte: fewer bytes win here, fewer FLOPs do not")
    assert "channels_last" in findings("headroom", result(mode="compile", layout="contiguous"))[0].hint


def test_page_faults_come_before_any_other_remedy() -> None:
    faults = Observation("page-faults", "", {"count": 9000.0, "share": 0.3})
    headroom = findings("headroom", replace(result(), findings=(faults,)))
    assert {finding.hint for finding in headroom} == {"mend the page faults first"}


def test_a_stage_above_its_roof_is_named_and_not_clipped() -> None:
    fast = result(stage_ms={**STAGE_MS, "layer4": 0.2})
    (table,) = api.roofline(record=record(fast)).tables
    keys = [column.key for column in table.columns]
    (row,) = (row for row in table.rows if row[0] == "layer4")
    assert row[keys.index("efficiency")] > 2
    (finding,) = findings("above-roof", fast)
    assert finding.where == "layer4"
    assert "Winograd" in finding.hint


def test_of_several_stages_above_their_roofs_the_furthest_is_named() -> None:
    (finding,) = findings("above-roof", result(stage_ms={**STAGE_MS, "layer4": 0.2, "head": 0.001}))
    assert finding.where == "head"
    assert "and 1 more" in finding.message


def test_within_5_percent_of_the_roof_is_noise() -> None:
    near = result(stage_ms={**STAGE_MS, "layer4": 0.41})
    (table,) = api.roofline(record=record(near)).tables
    keys = [column.key for column in table.columns]
    (row,) = (row for row in table.rows if row[0] == "layer4")
    assert 1 < row[keys.index("efficiency")] < 1.05
    assert findings("above-roof", near) == []


@pytest.mark.parametrize(
    ("stage_ms", "changes", "peaks", "hint"),
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
        (STAGE_MS, {"precision": "fp32", "mode": "compile"}, {"fp32": 9e15}, "fewer FLOPs do not"),
        (STAGE_MS, {"precision": "fp32", "mode": "compile"}, {"fp32": 9e15, "tf32": 1e16}, "fewer FLOPs do not"),
        (STAGE_MS, {"precision": "fp32", "mode": "compile"}, {"fp32": 9e15, "fp16": 1e16}, "--precision fp16 has half"),
    ],
)
def test_advice_follows_the_time_the_mode_and_the_peaks_of_the_device(
    stage_ms: Mapping[str, float], changes: dict[str, Any], peaks: dict[Precision, float], hint: str
) -> None:
    device = replace(find("h200"), peaks=peaks) if peaks else find("h200")
    hints = [finding.hint for finding in findings("headroom", result(stage_ms=stage_ms, **changes), device)]
    assert any(given == hint if hint.startswith("neither") else hint in given for given in hints)
    for absent in {"fp32", "tf32", "bf16", "fp16"} - set(device.peaks):
        assert f"--precision {absent}" not in "".join(hints)


def test_a_larger_batch_is_advised_only_to_a_small_one() -> None:
    def hints(images: int, scale: float) -> str:
        stage_ms = {name: scale * ms for name, ms in STAGE_MS.items()}
        batch = {"batch_size": images, "input": (images, 3, 224, 224)}
        on_cpu = result(stage_ms=stage_ms, device="cpu", precision="fp32", **batch)
        device = replace(find("h200"), peaks={"fp32": 60e12})
        return "\n".join(finding.hint for finding in findings("headroom", on_cpu, device))

    assert "a larger --batch-size" in hints(1, 1.0)
    assert "more --threads, an idle machine, a larger --batch-size" in hints(1, 1.0)
    assert "--batch-size" not in hints(256, 100.0)
    assert "neither roof holds it: calls, threads or other programs" in hints(256, 100.0)
