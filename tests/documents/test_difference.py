"""Two nets on one page: the sentences on which is faster, where and why agree with the numbers."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage_times import STAGE_MS, record, result, saved

import resnet_inspect as ri
from resnet_inspect.benchmark.record import Record
from resnet_inspect.documents.difference import SMALL
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.hardware.floor import floors_ms
from resnet_inspect.report import Section
from resnet_inspect.units import text

NETS = ("resnet18", "resnet34", "resnet50", "resnet50d", "resnet50_v1", "seresnet50", "resnext50_32x4d", "resnetv2_50")


def difference(a: str, b: str, records: tuple[Record, ...] = (), **options: object) -> Section:
    page = ri.make_report([a, b], records=records, **options)  # type: ignore[arg-type]  # options of make_report
    (section,) = (section for section in page.sections if section.key == "difference_1")
    return section


def stages(section: Section) -> dict[str, tuple[float, float]]:
    """Milliseconds of both nets by stage."""
    assert section.table
    keys = [column.key for column in section.table.columns]
    a, b = keys.index("a_ms"), keys.index("b_ms")
    return {str(row[0]): (row[a], row[b]) for row in section.table.rows}  # type: ignore[misc]  # milliseconds


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(NETS), st.sampled_from(NETS), st.sampled_from(["a100", "t4"]), st.sampled_from([1, 32]))
def test_the_stages_add_up_to_the_least_times_and_the_sentences_name_what_differs(
    a: str, b: str, device: str, batch_size: int
) -> None:
    if a == b:
        return
    section = difference(a, b, device=device, batch_size=batch_size)
    sheet = find_device(device)
    x, y = (floors_ms(ri.lower(name, batch_size=batch_size), sheet, sheet.precision)[0] for name in (a, b))
    times = stages(section)
    assert sum(ms for ms, _ in times.values()) == pytest.approx(x)
    assert sum(ms for _, ms in times.values()) == pytest.approx(y)
    overall, where, *why = section.paragraphs
    if abs(x - y) > SMALL * max(x, y):
        assert f"{a if x < y else b} is faster" in overall
        assert text(max(x, y) / min(x, y), "ratio") in overall
    for stage, (before, after) in times.items():
        assert (f"{stage} (" in where) == (abs(after - before) > SMALL * max(x, y))
    assert len(why) <= 3


def slower(stage: str, times: float) -> Mapping[str, float]:
    return STAGE_MS | {stage: times * STAGE_MS[stage]}


def test_measured_stages_come_before_least_times() -> None:
    stem = slower("stem", 2.0)
    both = saved(record(result("resnet50"), result("resnet50d", stem, whole_ms=8.9)))
    section = difference("resnet50", "resnet50d", (both,), batch_size=256)
    measured, _, where, why, *_ = section.paragraphs
    assert measured.startswith("Measured in Record 1, resnet50 is faster: resnet50 takes 16.8 ms, resnet50d 17.8 ms")
    assert (
        where == "Where: resnet50d is slower in stem (+0.500 ms); the others differ by less than 0.5% of the pass "
        "(measured in Record 1)."
    )
    assert why.startswith("Why in stem: stem 7:2:64 → 3:2:32,3:1:32,3:1:64, so 3.03× the arithmetic and 1.82× the ")


def test_a_stage_that_is_the_same_in_both_is_said_to_be() -> None:
    both = saved(record(result("resnet50"), result("resnet50d", slower("head", 9.0))))
    assert any(
        paragraph.startswith("Why in head: its calls are the same")
        for paragraph in difference("resnet50", "resnet50d", (both,), batch_size=256).paragraphs
    )


def test_times_under_other_conditions_are_not_compared() -> None:
    other = replace(result("resnet50d"), case=replace(result("resnet50d").case, layout="contiguous"))
    section = difference("resnet50", "resnet50d", (saved(record(result("resnet50"), other)),), batch_size=256)
    assert not any("easured" in paragraph for paragraph in section.paragraphs)


def test_two_records_have_a_verdict_and_two_machines_say_why_not() -> None:
    old, new = (saved(record(result(whole_ms=ms))) for ms in (8.4, 12.0))
    page = {section.key: section for section in ri.make_report(records=(old, new)).sections}
    assert page["verdict"].table == ri.verdict(old, new).tables[0]
    assert page["verdict"].chart
    elsewhere = saved(record(result(), gpu="NVIDIA A100-SXM4-80GB"))
    page = {section.key: section for section in ri.make_report(records=(old, elsewhere)).sections}
    assert page["verdict"].paragraphs == ("No verdict: the two runs differ in gpu or driver.",)


def test_the_front_is_drawn_where_two_nets_have_a_published_top1() -> None:
    def keys(*models: str) -> set[str]:
        return {section.key for section in ri.make_report([*models]).sections}

    assert {"pareto_macs", "pareto_time"} <= keys("resnet18", "resnet50")
    assert not {"pareto_macs", "pareto_time"} & keys("tutorial_resnet18_cifar10", "resnet18")


@pytest.mark.parametrize("device", [None, "t4"])
def test_times_of_two_machines_never_share_a_picture(device: str | None) -> None:
    outside = "regnet_y_400mf"
    (row,) = json.loads(ri.predict(outside, profile="i7-12700h-compiled").to_json())["tables"]["predictions"]
    assert row["basis"] == "outside"
    page = ri.make_report(["resnet18", "resnet50", outside], profile="i7-12700h-compiled", device=device)
    by_key = {section.key: section for section in page.sections}
    drawn = by_key["pareto_time"].chart
    assert drawn
    assert drawn.title == "Top-1 against predicted time, fp32 contiguous compile on Intel Core i7-12700H"
    sentences = " ".join((*by_key["answer"].paragraphs, *by_key["difference_1"].paragraphs))
    assert "H200" not in sentences
    assert by_key["difference_1"].notes[0].endswith("SXM 141 GB" if device is None else "T4 16 GB")
    assert ("shortest predicted time" in sentences) == (device is None)
    assert ("By least time in fp32 on NVIDIA T4" in sentences) == (device is not None)
