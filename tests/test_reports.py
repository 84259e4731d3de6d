"""The committed reports: each is what the command in its first line makes, with its pictures."""

import re
import shlex
from pathlib import Path

import pytest
from conftest import HERE, Run

FOLDER = HERE.parent / "reports"
INDEX = FOLDER / "README.md"
REPORTS = sorted({*FOLDER.glob("*.md")} - {INDEX})
RECORD = FOLDER / "bench-cpu.json"
TORCHVISION = (
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    *("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"),
    *("wide_resnet50_2", "wide_resnet101_2"),
)


def texts(page: Path) -> dict[str, str]:
    """The page and its pictures, by their paths next to it."""
    files = (page, *page.parent.glob(f"{page.stem}-pictures/*"))
    return {str(file.relative_to(page.parent)): file.read_text(encoding="utf-8") for file in files}


@pytest.mark.parametrize("report", REPORTS, ids=lambda path: path.name)
def test_a_report_is_what_the_command_in_its_first_line_makes(report: Path, run: Run, tmp_path: Path) -> None:
    command = re.match(r"Made by `resnet-inspect (.*)`\.\n", report.read_text(encoding="utf-8"))
    assert command, f"{report} does not name its command"
    (tmp_path / "reports").mkdir()
    if RECORD.name in command[1]:
        (tmp_path / "reports" / RECORD.name).write_bytes(RECORD.read_bytes())
    done = run(*shlex.split(command[1]))
    assert done.returncode == 0, done.stderr
    assert texts(tmp_path / "reports" / report.name) == texts(report)


def test_each_resnet_of_torchvision_has_a_report_with_pictures() -> None:
    for name in TORCHVISION:
        assert len(texts(FOLDER / f"{name}.md")) > 1, name


def test_the_index_links_to_every_report_and_to_nothing_else() -> None:
    links = re.findall(r"\]\(([^)]+\.md)\)", INDEX.read_text(encoding="utf-8"))
    assert sorted(links) == [report.name for report in REPORTS]


def test_every_picture_of_a_report_is_shown_by_it() -> None:
    shown = {
        FOLDER / link for page in REPORTS for link in re.findall(r"\(([\w-]+/[\w-]+\.svg)\)", page.read_text("utf-8"))
    }
    assert shown == {*FOLDER.glob("*/*")}


def test_the_committed_record_names_no_folder_of_the_machine_that_measured_it() -> None:
    text = RECORD.read_text(encoding="utf-8")
    assert len(text) < 200_000
    assert not re.search(r'"[^"]*(?:/home|/root|/tmp|/Users)', text)
