"""A Record that an earlier version wrote is read, shown, laid on the floor and written again."""

import json
from pathlib import Path

import pytest

import resnet_inspect as api
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.errors import RequestError

FILE = Path(__file__).parent.parent / "reference" / "record_v1.json"
TEXT = FILE.read_text(encoding="utf-8")


def test_an_old_record_is_written_again_key_for_key() -> None:
    assert json.loads(to_json(from_json(TEXT))) == json.loads(TEXT)


def test_an_old_record_has_its_cases_and_what_came_of_them() -> None:
    record = from_json(TEXT)
    assert [(result.case.task, result.case.batch_size) for result in record.results] == [
        ("infer", 1), ("train", 1), ("infer", 2), ("train", 2)
    ]  # fmt: skip
    for result in record.results:
        assert result.valid
        assert result.stages is not None
        assert result.layers is not None
        assert result.stages.of_training == result.layers.of_training == (result.case.task == "train")
        assert (result.phases is not None) == (result.case.task == "train")
        assert result.ceilings is not None
        assert (result.ceilings.floor_ms is not None) == (result.case.task == "infer")
        assert result.metrics.latency is not None
        assert len(result.reference_ms or ()) == len(result.metrics.latency.rounds)
        assert result.has("crowded")
        assert result.memory.measured is not None


def test_an_old_record_is_shown() -> None:
    shown = api.show(FILE).to_markdown()
    assert "4 results, grade C" in shown
    assert "layers of resnet18 2×3×64×64 train fp32 eager 1 thread" in shown
    assert "of a CPU: other programs" in shown


def test_an_old_records_times_are_laid_on_the_floor() -> None:
    assert "layer4" in api.roofline(record=FILE, case=1).to_markdown()
    assert "layer4" in api.roofline(record=FILE, case=3, machine=True).to_markdown()


def test_an_old_quick_record_is_no_baseline() -> None:
    with pytest.raises(RequestError, match="a quick run of two rounds decides nothing"):
        api.verdict(FILE, FILE)
