"""Bars and lines of block characters, and where a table has room for them."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import resnet_inspect as ri
from resnet_inspect.api.answer import Answer
from resnet_inspect.benchmark.record_json import from_json
from resnet_inspect.records.bench import bench
from resnet_inspect.render import render
from resnet_inspect.render.blocks import EIGHTHS, LEVELS, bar, sparkline
from resnet_inspect.report import Column, Report, tabulate

CELLS = st.integers(1, 40)
SHARES = st.floats(0, 1)
TIMES = st.lists(st.floats(1e-6, 1e9), min_size=2, max_size=200)
BARS = re.compile("[▏▎▍▌▋▊▉█]+")


@given(SHARES, SHARES, CELLS)
def test_a_bar_is_as_long_as_its_share_to_an_eighth_of_a_character(a: float, b: float, cells: int) -> None:
    def eighths(share: float) -> int:
        return sum(map(EIGHTHS.index, bar(share, cells)))

    for share in (a, b):
        assert len(bar(share, cells)) <= cells
        assert abs(eighths(share) - 8 * cells * share) <= (1 if share else 0)
        assert bool(bar(share, cells)) is (share > 0)
    assert (eighths(a) <= eighths(b)) or a > b


@pytest.mark.parametrize("share", [None, -0.1, 1.000001, math.nan, math.inf, "", (0.5,)])
def test_what_is_no_share_of_a_whole_has_no_bar(share: object) -> None:
    assert bar(share, 10) == ""


@given(TIMES, CELLS)
def test_a_line_has_a_character_for_each_round_or_for_each_cell(times: list[float], cells: int) -> None:
    line = sparkline(times, cells)
    assert len(line) == (min(len(times), cells) if cells > 1 else 0)
    assert set(line) <= set(LEVELS)


@given(st.lists(st.sampled_from([10.0, 20.0]), min_size=2, max_size=20))
def test_a_line_shows_which_rounds_were_slow(times: list[float]) -> None:
    slow, fast = (LEVELS[-1], LEVELS[0]) if len(set(times)) == 2 else (LEVELS[0], LEVELS[0])
    assert sparkline(times, 20) == "".join(slow if ms == 20 else fast for ms in times)


@given(st.lists(st.floats(99.6, 100.0), min_size=2, max_size=20))
def test_noise_under_half_a_per_cent_is_flat(times: list[float]) -> None:
    assert set(sparkline(times, 20)) == {LEVELS[0]}


def test_more_rounds_than_characters_are_medians_of_neighbours() -> None:
    assert sparkline([10.0, 90.0, 10.0, 20.0, 20.0, 20.0], 2) == LEVELS[0] + LEVELS[-1]


class Part(NamedTuple):
    name: str
    share: float
    round_ms: tuple[float, ...] | None


COLUMNS: tuple[Column[Part], ...] = (
    Column("name", "name", lambda part: part.name),
    Column("share", "%", lambda part: part.share, "share"),
    Column("error", "error", lambda part: part.share, "share"),
    Column("round_ms", "", lambda part: part.round_ms, "rounds"),
)
PARTS = [Part("stem", 0.25, (10.0, 20.0)), Part("head", 0.75, None)]
REPORT = Report(kind="x", model=None, title="parts", tables=(tabulate("parts", "parts", COLUMNS, PARTS),))


def test_pictures_take_the_room_that_is_left_bars_first() -> None:
    def head(width: int) -> str:
        return render(REPORT, "table", width, bars=True).splitlines()[1]

    plain = "name      %  error"
    assert head(len(plain)) == head(len(plain) + 5) == plain
    assert [bool(BARS.search(render(REPORT, "table", len(plain) + more, bars=True))) for more in (5, 6)] == [
        False,
        True,
    ]
    assert "rounds" not in head(len(plain) + 20)
    assert head(len(plain) + 21).endswith("  rounds")
    assert "error" in head(200)
    lines = render(REPORT, "table", 200, bars=True).splitlines()
    assert lines[3] == "stem  25.0% ██▌         25.0%  ▁█"
    assert lines[4] == "head  75.0% ███████▌    75.0%  –"


@pytest.mark.parametrize("ask", [ri.summary, ri.flops, ri.memory, ri.roofline])
def test_a_picture_costs_no_column_no_cell_and_no_line(ask: Callable[[str], Answer]) -> None:
    answer = ask("resnet50")
    for width in range(40, 240, 3):
        plain = render(answer, "table", width).splitlines()
        pictured = render(answer, "table", width, bars=True).splitlines()
        assert len(plain) == len(pictured)
        for line, with_pictures in zip(plain, pictured, strict=True):
            if not line.startswith("─"):
                assert BARS.sub("", with_pictures).split() == line.split()
        fits = max(map(cell_len, plain)) <= width
        assert not fits or max(map(cell_len, pictured)) <= width


@pytest.mark.parametrize("width", [40, 80])
def test_rounds_without_room_in_the_table_stand_below_it(record_json: str, width: int) -> None:
    record = from_json(record_json)
    one = render(bench(record), "table", width, bars=True)
    assert re.search(rf"^rounds  [{LEVELS}]{{2,20}}  [\d.]+ ms to [\d.]+ ms$", one, re.MULTILINE)
    two = render(bench(replace(record, results=record.results * 2)), "table", width, bars=True)
    assert re.findall(rf"^rounds of (\d)  [{LEVELS}]+ ", two, re.MULTILINE) == ["1", "2"]
    assert "rounds of" not in render(bench(replace(record, results=record.results * 2)), "table", width)


def test_a_program_is_given_the_rounds_as_numbers(record_json: str) -> None:
    record = from_json(record_json)
    (row,) = json.loads(render(bench(record), "json"))["tables"]["results"]
    latency = record.results[0].metrics.latency
    assert latency is not None
    assert row["round_ms"] == [pytest.approx(median(times)) for times in latency.rounds]
