"""The linter as a user meets it."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run
from stage_times import breakdown

from resnet_inspect.benchmark.record_json import from_json, to_json

MODEL = "tutorial_resnet18_cifar10"


def test_a_finding_says_what_is_wrong_and_what_to_do(run: Run) -> None:
    done = run("lint", MODEL)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "RI002 conv1: no activation between the stem and layer1.0.conv1" in done.stdout
    assert "(--set stem_act=true)" in done.stdout
    assert "findings  3" in done.stdout


def test_strict_fails_on_a_finding_alone(run: Run) -> None:
    assert run("lint", MODEL, "--strict").returncode == 1
    assert run("lint", MODEL, "--strict", "--ignore", "RI002,RI003,RI004").returncode == 0
    clean = run("lint", "--strict")
    assert clean.returncode == 0
    assert "clean: none of 11 rules reports anything" in clean.stdout


def test_every_format_has_code_where_message_and_hint(run: Run) -> None:
    document = json.loads(run("lint", MODEL, "--format", "json").stdout)
    assert (document["kind"], document["facts"]) == ("lint", {"input": [1, 3, 32, 32], "findings": 3})
    rows = list(csv.DictReader(io.StringIO(run("lint", MODEL, "--format", "csv").stdout)))
    assert rows == document["findings"]
    assert all(set(row) == {"code", "where", "message", "hint"} for row in rows)
    markdown = run("lint", MODEL, "--format", "md").stdout
    for row in rows:
        assert f"- **{row['code']}** {row['where']}: {row['message']}. {row['hint']}" in markdown


@pytest.mark.parametrize("columns", [80, 160])
def test_no_line_is_wider_than_the_terminal(run: Run, columns: int) -> None:
    for model in (MODEL, "resnet50_v1", "resnet14t"):
        assert all(len(line) <= columns for line in run("lint", model, columns=columns).stdout.splitlines())


def test_a_record_without_stage_times_is_said_to_have_none(run: Run, tmp_path: Path, record_json: str) -> None:
    (tmp_path / "run.json").write_text(record_json, encoding="utf-8")
    done = run("lint", "resnet18", "--input", "1,3,32,32", "--record", "run.json")
    assert done.returncode == 0
    assert "the Record has no stage times" in done.stdout


def test_a_record_with_stage_times_names_the_slow_stage(run: Run, tmp_path: Path, record_json: str) -> None:
    record = from_json(record_json)
    stages = breakdown({"stem": 5.0, "layer1": 3.0, "layer2": 2.0, "head": 0.1})
    timed = replace(record, results=(replace(record.results[0], stages=stages),))
    (tmp_path / "run.json").write_text(to_json(timed), encoding="utf-8")
    done = run("lint", "resnet18", "--input", "1,3,32,32", "--record", "run.json", "--format", "json")
    (one,) = [row for row in json.loads(done.stdout)["findings"] if row["code"] == "RI012"]
    assert one["where"] == "stem"
    assert one["message"].startswith("49.5% of the time (5.00 ms in resnet18 1×3×32×32")


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (("--ignore", "RI999"), "no rule 'RI999'", "RI001 to RI013"),
        (("--ignore", ""), "no rule ''", "RI001"),
        (("--precision", "fp8"), "fp8", "--help"),
        (("--lang", "de"), "de", "--help"),
        (("--record", "none.json"), "none.json", "bench -o"),
        (("resnt50",), "unknown model", "resnet50"),
        (("--input", "1,4,32,32"), "4 channels", "in_channels=4"),
        (("--set", "shortcut=E"), "shortcut=E", "export-spec"),
    ],
)
def test_a_wrong_request_is_refused_in_words(run: Run, arguments: tuple[str, ...], said: str, hint: str) -> None:
    done = run("lint", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert said in done.stderr
    assert hint in done.stderr


def test_a_record_of_another_net_is_refused(run: Run, tmp_path: Path, record_json: str) -> None:
    (tmp_path / "run.json").write_text(record_json, encoding="utf-8")
    done = run("lint", "resnet50", "--record", "run.json")
    assert done.returncode == 2
    assert "the Record has no case of resnet50 on images of 1×3×224×224" in done.stderr
    assert "it has resnet18 1×3×32×32" in done.stderr
