"""The files of a document, and what it needs to be made."""

import json
import os
import re
from pathlib import Path

import pytest
from conftest import Run
from markdown_it import MarkdownIt  # rich brings it
from pymarkdown.api import PyMarkdownApi
from stage_times import record, result

from resnet_inspect.benchmark.record_json import to_json

# Tables are long lines; a page of this program begins with the command that makes it.
UNCHECKED = ("md013", "md041")


def lint(page: Path) -> list[str]:
    """What a linter of Markdown has to say of a page."""
    linter = PyMarkdownApi().set_string_property("plugins.md033.allowed_elements", "details,summary")
    for rule in UNCHECKED:
        linter = linter.disable_rule_by_identifier(rule)
    return [f"{found.line_number}: {found.rule_description}" for found in linter.scan_path(str(page)).scan_failures]


def pictures(page: Path) -> list[str]:
    """The targets of the pictures on a page of Markdown."""
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    children = (child for token in tokens for child in token.children or ())
    return [str(child.attrs["src"]) for child in children if child.type == "image"]


@pytest.fixture
def run_json(tmp_path: Path) -> str:
    (tmp_path / "run.json").write_text(to_json(record(result(), result("resnet50d"))), encoding="utf-8")
    return "run.json"


@pytest.mark.parametrize("asked", [["resnet18"], ["resnet18", "resnet34"], ["--record", "run.json"]], ids=" ".join)
def test_a_markdown_page_has_its_pictures_next_to_it_and_keeps_the_rules_of_a_linter(
    run: Run, tmp_path: Path, run_json: str, asked: list[str]
) -> None:
    done = run("report", *asked, "-o", "a page.md")
    assert (done.returncode, done.stderr) == (0, "wrote a page.md\n")
    page = tmp_path / "a page.md"
    assert pictures(page)
    for target in pictures(page):
        assert re.fullmatch(r"a%20page-pictures/[a-z0-9-]+\.svg", target)
        assert (tmp_path / target.replace("%20", " ")).read_text(encoding="utf-8").startswith("<svg ")
    assert lint(page) == []


def test_a_folder_gets_both_pages_and_the_pictures(run: Run, tmp_path: Path) -> None:
    done = run("report", "resnet18", "-o", "made/here")
    assert (done.returncode, done.stderr) == (0, "wrote made/here/index.html\n")
    folder = tmp_path / "made" / "here"
    assert {path.name for path in folder.iterdir()} == {"index.html", "report.md", "pictures"}
    assert {f"pictures/{path.name}" for path in (folder / "pictures").iterdir()} == {*pictures(folder / "report.md")}
    assert "Made by <code>resnet-inspect report resnet18 -o made/here</code>" in (folder / "index.html").read_text(
        encoding="utf-8"
    )
    assert run("report", "resnet18", "-o", "made/here").returncode == 0, "and again"


def test_the_other_formats_are_those_of_every_command(run: Run) -> None:
    assert json.loads(run("report", "resnet18", "--format", "json").stdout)["kind"] == "report"
    assert run("report", "resnet18").stdout.startswith("resnet18, input 1×3×224×224\n")
    assert run("report", "resnet18", "--format", "html").stdout.startswith("<!doctype html>")
    assert "![" not in run("report", "resnet18", "--format", "md").stdout, "no file could be next to it"


def test_a_folder_keeps_no_picture_of_an_earlier_page_and_every_file_of_the_user(
    run: Run, tmp_path: Path, run_json: str
) -> None:
    folder = tmp_path / "here" / "pictures"
    assert run("report", "--record", run_json, "--record", run_json, "-o", "here").returncode == 0
    first = {path.name for path in folder.iterdir()}
    assert {"verdict.svg", "run-1-latency.svg"} <= first
    for name in ("logo.svg", "stages.png"):
        (folder / name).touch()
    assert run("report", "resnet18", "-o", "here").returncode == 0
    shown = {Path(target).name for target in pictures(tmp_path / "here" / "report.md")}
    assert {path.name for path in folder.iterdir()} == shown | {"logo.svg", "stages.png"}
    assert first - shown


def test_a_device_gets_the_page_alone(run: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    done = run("report", "resnet18", "--format", "md", "-o", "/dev/stderr")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("Made by")
    assert "![" not in done.stderr
    assert run("report", "resnet18", "-o", "pipe.md", "--bench", scripted=True).returncode == 2
    os.close(reader)
    assert {path.name for path in tmp_path.iterdir()} == {"pipe.md"}


def test_a_static_page_is_small(run: Run, tmp_path: Path) -> None:
    assert run("report", "resnet50", "-o", "page.html").returncode == 0
    assert (tmp_path / "page.html").stat().st_size < 300_000


def test_bench_measures_first_and_keeps_the_record(run: Run, tmp_path: Path) -> None:
    done = run("report", "resnet18", "--input", "1,3,32,32", "--bench", "-o", "here", scripted=True)
    assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "here" / "run.json").read_text(encoding="utf-8"))
    assert [arm["config"]["model"] for arm in kept["arms"]] == ["resnet18"]
    assert "Measured in run.json" in (tmp_path / "here" / "report.md").read_text(encoding="utf-8")


def test_bench_measures_what_the_records_did_in_the_precision_of_the_page(
    run: Run, tmp_path: Path, run_json: str
) -> None:
    done = run("report", "--record", run_json, "--precision", "bf16", "--bench", "-o", "here", scripted=True)
    assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "here" / "run.json").read_text(encoding="utf-8"))
    measured = [arm["config"] for arm in kept["arms"]]
    assert [each["model"] for each in measured] == ["resnet50", "resnet50d"]
    assert {(*each["input"], each["precision"]) for each in measured} == {(256, 3, 224, 224, "bf16")}


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ([], "--bench keeps its Record next to the page"),
        (["-o", "page.json"], "--bench keeps its Record as page.json"),
        (["-o", "page.xyz"], "-o page.xyz: no format has the suffix '.xyz'"),
        (["-o", "none/page.html"], "-o none/page.json: there is no folder none"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_nothing_is_measured_that_could_not_be_kept_or_shown(run: Run, output: list[str], error: str) -> None:
    done = run("report", "resnet18", "--input", "1,3,32,32", "--bench", *output, scripted=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {error}\nhint:  ")


def test_a_folder_that_cannot_be_made_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("report", "resnet18", "-o", "file/below")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: cannot make the folder file/below")
