"""The page on one net: its tables are those of the commands, and its sentences say what the tables say."""

from dataclasses import replace
from typing import Any

import pytest
from stage_times import record, result, saved

import resnet_inspect as ri
from resnet_inspect.graph.facts.memory import memory_peak
from resnet_inspect.graph.facts.work import stage_of, work_by
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.hardware.floor import floors_ms
from resnet_inspect.report import Section
from resnet_inspect.units import giga, text

NETS = ("resnet50", "resnet18", "tutorial_resnet18_cifar10", "seresnet50", "regnet_y_400mf")


def sections(*models: str, **options: object) -> dict[str, Section]:
    return {section.key: section for section in ri.make_report([*models], **options).sections}  # type: ignore[arg-type]  # options of make_report


@pytest.mark.parametrize("name", NETS)
def test_its_tables_are_those_of_the_commands(name: str) -> None:
    page = sections(name, device="a100", batch_size=2)
    assert page["architecture"].table == ri.summary(name, batch_size=2).tables[0]
    assert page["memory"].table == ri.memory(name, batch_size=2).tables[0]
    assert page["roofline"].table == ri.roofline(name, batch_size=2, device="a100").tables[0]
    assert page["counters"].table == ri.reconcile(name, batch_size=2).tables[0]
    assert page["lint"].findings == ri.lint(name, batch_size=2).findings


@pytest.mark.parametrize("name", NETS)
def test_three_sentences_say_what_it_costs_where_and_how_long_a_pass_takes(name: str) -> None:
    graph = ri.lower(name)
    costs, where, least = sections(name, device="a100")["answer"].paragraphs
    works = work_by(graph, stage_of)
    macs = sum(work.macs for work in works.values())
    assert f"{giga(macs)} GMACs, or {giga(2 * macs)} GFLOPs" in costs
    assert where.startswith(f"{max(works, key=lambda stage: works[stage].macs)} does the most work")
    moment, peak = memory_peak(graph)
    assert f"{text(peak.peak_bytes, 'bytes')} at its peak, in {moment.node}" in where
    device = find_device("a100")
    assert f"at least {text(floors_ms(graph, device, 'bf16')[0], 'ms')} " in least


def test_every_picture_has_its_figures_as_a_table_and_a_sentence() -> None:
    drawn = [section.chart for section in ri.make_report("resnet18").sections if section.chart]
    assert {chart.key for chart in drawn} >= {"architecture", "stages", "memory", "roofline"}
    for chart in drawn:
        assert chart.table.rows
        assert chart.alt


def test_every_section_and_picture_has_a_name_of_its_own() -> None:
    trained = [result(batch_size=n, input=(n, 3, 224, 224), task="train", processes=p) for p in (1, 2) for n in (8, 64)]
    page = ri.make_report("resnet50", records=[record(result(), *trained)] * 2)
    keys = [section.key for section in page.sections]
    assert {"run_1_scaling", "run_1_by_batch"} <= {*keys}
    for names in (keys, [section.chart.key for section in page.sections if section.chart]):
        assert len({*names}) == len(names)


def test_a_record_adds_its_times_and_is_of_the_nets_of_the_page() -> None:
    page = ri.make_report(records=saved(record(result(whole_ms=8.4))))
    assert page.title == "resnet50, input 256×3×224×224"
    *_, measured = page.sections[0].paragraphs
    assert measured.startswith("Measured in Record 1: 16.8 ms")
    drawn = {section.chart.key for section in page.sections if section.chart}
    assert {"run_1_latency", "run_1_rounds_1"} <= drawn


def test_stage_times_stand_under_the_roofline_of_the_device_that_took_them() -> None:
    taken = saved(record(result()))
    page = {section.key: section for section in ri.make_report(records=taken).sections}
    assert page["roofline"].title == "Roofline: bf16 on NVIDIA H200 SXM 141 GB"
    assert page["roofline"].table == ri.roofline(record=taken).tables[0]
    elsewhere = {section.key: section for section in ri.make_report(records=taken, device="a100").sections}
    assert elsewhere["roofline"].table == ri.roofline(batch_size=256, device="a100").tables[0]


@pytest.mark.parametrize("asked", [{"models": "resnet18"}, {"models": "resnet50", "batch_size": 8}])
def test_no_sentence_takes_the_times_of_another_net_or_batch(asked: dict[str, Any]) -> None:
    answer, *_ = ri.make_report(**asked, records=saved(record(result()))).sections
    assert not any("Measured" in paragraph for paragraph in answer.paragraphs)


def test_an_invalid_measurement_is_told_and_not_used() -> None:
    page = ri.make_report(records=saved(record(replace(result(), status="invalid", valid=False))))
    *_, last = page.sections[0].paragraphs
    assert last == "Record 1 measured it, but not validly: its times stand below, and nothing here rests on them."
    roofline = next(section for section in page.sections if section.key == "roofline")
    assert roofline.table == ri.roofline(batch_size=256, device="h200").tables[0]


def test_a_record_of_another_net_or_input_is_said_to_be_one() -> None:
    of = {
        size: sections("resnet18", input=(1, 3, size, size), records=saved(record(result())))["run_1"]
        for size in (224, 64)
    }
    assert of[224].paragraphs[1:] == ("It has no inference of resnet18 at 1×3×224×224.",)
    assert of[64].paragraphs[1:] == ("It has no inference of resnet18 at 1×3×64×64.",)
    taken = saved(record(result()))
    at_its_input = sections("resnet50", input=(256, 3, 224, 224), records=taken)["run_1"]
    assert not at_its_input.paragraphs[1:]


def test_a_record_of_code_makes_no_code_run() -> None:
    of_code = record(replace(result(), spec={}))
    with pytest.raises(ri.InspectError, match="which is code"):
        ri.make_report(records=of_code)


def test_only_what_was_measured_is_called_so() -> None:
    sheet, measured = (sections("resnet50", profile=name) for name in ("rtx3090-amp", "xeon-2-threads"))
    assert "In fp16 on GeForce RTX 3090 24 GB, a pass takes at least" in sheet["answer"].paragraphs[2]
    assert "as measured, a pass takes at least" in measured["answer"].paragraphs[2]
    for page, is_measured in ((sheet, False), (measured, True)):
        assert ("as measured" in page["roofline"].title) is is_measured


def test_least_times_of_a_device_that_nobody_named_stay_out_of_the_answer() -> None:
    page, named = (sections("resnet50", profile="i7-12700h-compiled", **more) for more in ({}, {"device": "a100"}))
    *others, predicted = page["answer"].paragraphs
    assert predicted.startswith("It is predicted to take ")
    assert not any("H200" in paragraph for paragraph in others)
    assert page["stages"].chart
    assert "H200" not in page["stages"].chart.title
    assert page["roofline"].notes[0] == (
        "no peaks are known of Intel Core i7-12700H: these least times are of NVIDIA H200 SXM 141 GB; "
        "--device names another"
    )
    assert any("on NVIDIA A100 SXM 80 GB, a pass takes at least" in each for each in named["answer"].paragraphs)
    assert not any("no peaks are known" in note for note in named["roofline"].notes)
