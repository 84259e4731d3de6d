"""The committed reports: each is what the command in its first line makes."""

import re
import shlex
from pathlib import Path

import pytest
from conftest import HERE, Run

REPORTS = sorted((HERE.parent / "reports").glob("*.md"))


@pytest.mark.parametrize("report", REPORTS, ids=lambda path: path.name)
def test_a_report_is_what_the_command_in_its_first_line_makes(report: Path, run: Run, tmp_path: Path) -> None:
    text = report.read_text(encoding="utf-8")
    command = re.match(r"Made by `resnet-inspect (.*)`\.\n", text)
    assert command, f"{report} does not name its command"
    (tmp_path / "reports").mkdir()
    done = run(*shlex.split(command[1]))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports" / report.name).read_text(encoding="utf-8") == text
