"""What a long command shows of itself on a terminal, and what it leaves there."""

import re
from pathlib import Path

import pytest
import screens

BENCH = ("bench", "resnet18", "resnet34", "--batch-size", "1,2", "--device", "cpu", "--quick", "--input", "1,3,32,32")
CURSOR = "\x1b[?25h"  # shown again
DRAWN = re.compile(r"\r\x1b\[2K([^\r\n]*)")


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """By columns, what a benchmark of four cases writes that is interrupted in the warm-up of the first."""
    waits = {"SCRIPTED_WAIT_S": "60"}
    return {
        columns: screens.written(
            *BENCH, columns=columns, cwd=tmp_path_factory.mktemp("run"), command=screens.SCRIPTED,
            interrupt_at="0/4 cases, resnet", variables=waits,
        )
        for columns in (40, 80)
    }  # fmt: skip


@pytest.mark.parametrize("columns", [40, 80])
def test_the_first_line_that_is_drawn_knows_the_total(interrupted: dict[int, str], columns: int) -> None:
    counted = [line for line in DRAWN.findall(interrupted[columns]) if "cases" in line]
    assert counted
    assert all("0/4 cases," in line for line in counted)
    assert "starting" in counted[0], "before torch has said what the device is"


@pytest.mark.parametrize("columns", [40, 80])
def test_ctrl_c_leaves_nothing_on_the_terminal(interrupted: dict[int, str], columns: int) -> None:
    text = interrupted[columns]
    assert CURSOR in text
    lines = [line for line in screens.screen(text, columns) if line]
    assert not [line for line in lines if "/4 cases" in line or "━" in line], lines


@pytest.mark.parametrize("columns", [40, 80])
def test_a_benchmark_shows_one_line_and_then_its_answer_alone(tmp_path: Path, columns: int) -> None:
    text = screens.written(*BENCH, columns=columns, cwd=tmp_path, command=screens.SCRIPTED)
    widest = max(len(re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", line)) for line in DRAWN.findall(text))
    assert widest <= columns
    assert "4/4 cases, 0:00:00 left," in text
    lines = screens.screen(text, columns)
    assert lines[0].startswith("4 results, grade ")
    assert not [line for line in lines if "4/4 cases" in line]


def test_quiet_draws_nothing(tmp_path: Path) -> None:
    text = screens.written(*BENCH, "-q", "--no-color", columns=80, cwd=tmp_path, command=screens.SCRIPTED)
    assert "\x1b" not in text
    assert text.startswith("4 results, grade ")


def test_the_display_keeps_to_columns(tmp_path: Path) -> None:
    text = screens.written(*BENCH, "--columns", "50", columns=200, cwd=tmp_path, command=screens.SCRIPTED)
    assert max(len(re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", line)) for line in DRAWN.findall(text)) <= 50
