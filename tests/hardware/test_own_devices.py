"""Devices of a user's own in a pyproject.toml: usable as any other, and checked at the border."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import resnet_inspect as ri
from resnet_inspect.cli import main
from resnet_inspect.errors import RequestError

BOARD = """
[tool.resnet-inspect]
max-params = "26M"
[tool.resnet-inspect.devices.board]
title = "Board X 8 GB"
tflops = { fp32 = 1.3, fp16 = 10 }
gb-per-s = 68
memory-gb = 8
source = "the maker's data sheet, page 3"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "below"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return tmp_path / "pyproject.toml"


def test_an_own_device_is_used_as_any_other(project: Path) -> None:
    project.write_text(BOARD, encoding="utf-8")
    facts = json.loads(ri.roofline("resnet18", device="BOARD").to_json())["facts"]
    assert (facts["device"], facts["precision"], facts["peak_flop_per_s"]) == ("board", "fp16", 10e12)
    rows = json.loads(ri.devices().to_json())["tables"]["devices"]
    assert rows[-1] | {"title": "Board X 8 GB", "fp32_flop_per_s": 1.3e12, "bandwidth_bytes_per_s": 68e9} == rows[-1]
    assert ri.choose("board", among="resnet18").ok
    assert any(note.startswith("fits Board X 8 GB") for note in ri.memory("resnet18", device="board").notes)
    with pytest.raises(RequestError, match="unknown device 'bord'") as raised:
        ri.roofline("resnet18", device="bord")
    assert raised.value.hint == "did you mean 'board'?"


def test_a_budget_reads_its_limits_beside_devices(project: Path) -> None:
    project.write_text(BOARD, encoding="utf-8")
    done = CliRunner().invoke(main, ["budget", "resnet18"])
    assert (done.exit_code, "max-params" in done.output) == (0, True), done.output


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("devices.board]", 'devices."Board X"]', "a name is of small letters"),
        ("devices.board]", "devices.t4]", "the name is taken"),
        ("devices.board]", "devices.cpu]", "the name is taken"),
        ("gb-per-s = 68", "bandwidth = 68", "unknown key 'bandwidth'"),
        ("gb-per-s = 68\n", "", "gb-per-s is missing"),
        ("gb-per-s = 68", "gb-per-s = -1", "gb-per-s = -1 is no number above 0"),
        ("gb-per-s = 68", "gb-per-s = nan", "gb-per-s = nan is no number above 0"),
        ("gb-per-s = 68", 'gb-per-s = "68"', "gb-per-s = '68' is no number"),
        ("gb-per-s = 68", "gb-per-s = true", "gb-per-s = True is no number"),
        ("gb-per-s = 68", "gb-per-s = 68e9", "below 1.00 M"),
        ("memory-gb = 8", "memory-gb = 0", "memory-gb = 0 is no number above 0"),
        ("tflops = { fp32 = 1.3, fp16 = 10 }", "tflops = 1.3", "tflops is no table of peaks by fp32"),
        ("tflops = { fp32 = 1.3, fp16 = 10 }", "tflops = {}", "tflops is no table of peaks"),
        ("fp16 = 10", "int8 = 10", "tflops is no table of peaks by fp32, tf32, bf16, fp16"),
        ("fp16 = 10", "fp16 = inf", "tflops.fp16 = inf is no number"),
        ('source = "the maker\'s data sheet, page 3"', "", "source is missing"),
        ('source = "the maker\'s data sheet, page 3"', 'source = " "', "source is no line of text"),
        ('title = "Board X 8 GB"', 'title = "a\\u001b[31m"', "title is no line of text"),
        ('title = "Board X 8 GB"', "title = 3", "title is no line of text"),
    ],
)
def test_a_wrong_entry_names_the_file_and_the_key(project: Path, old: str, new: str, told: str) -> None:
    assert old in BOARD
    project.write_text(BOARD.replace(old, new), encoding="utf-8")
    with pytest.raises(RequestError) as raised:
        ri.devices()
    assert told in raised.value.message
    assert raised.value.message.startswith(str(project))
    assert raised.value.hint
    assert raised.value.exit_code == 2
    assert ri.roofline("resnet18", device="t4").ok, "a built-in device needs no file"


@pytest.mark.parametrize(
    "content", ["[tool", "[tool.resnet-inspect]\ndevices = 3\n", "[[tool.resnet-inspect.devices]]\n"]
)
def test_a_broken_file_is_said_to_be_one(project: Path, content: str) -> None:
    project.write_text(content, encoding="utf-8")
    with pytest.raises(RequestError, match=r"is not TOML|devices is not a table"):
        ri.devices()
