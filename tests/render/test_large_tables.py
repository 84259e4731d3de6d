"""A table of thousands of rows: what a format needs grows with the rows, and stays close to what it writes."""

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType

import pytest

from resnet_inspect.render import FORMATS, Format, render
from resnet_inspect.report import Column, Report, tabulate

COLUMNS: tuple[Column[int], ...] = (
    Column("name", "name", lambda row: f"layer{row}.conv"),
    Column("op", "a few words", lambda row: "Conv2d of a block"),
    Column("output", "output", lambda row: (1, 64, 56, row), "shape"),
    Column("params", "params", lambda row: 1000 * row, "count"),
    Column("parts", "is the sum of", lambda row: {"Conv2d": row, "ReLU": 2 * row}, "sum"),
)


def report(rows: int) -> Report:
    total = {"name": "total", "params": 500 * rows * (rows - 1)}
    return Report("k", None, "t", tables=(tabulate("rows", "rows", COLUMNS, range(rows), total),))


def peak_bytes(act: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def calls(act: Callable[[], object]) -> int:
    """How many functions of Python and of C run: a measure of time that a busy machine does not change."""
    count = 0

    def see(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(see)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("width", [60, None])
@pytest.mark.parametrize("format", FORMATS)
def test_the_memory_for_a_table_is_a_few_times_its_text(format: Format, width: int | None) -> None:
    large = report(5000)
    text = render(large, format, width)  # modules and caches, too, are there now
    assert peak_bytes(lambda: render(large, format, width)) < 8 * len(text.encode())


@pytest.mark.parametrize("width", [60, None])
@pytest.mark.parametrize("format", FORMATS)
def test_twice_the_rows_take_twice_the_work(format: Format, width: int | None) -> None:
    small, large = (calls(lambda rows=rows: render(report(rows), format, width)) for rows in (1000, 2000))
    assert large < 2.1 * small
    assert large < 200 * 2000 * len(COLUMNS)


def test_every_row_and_the_total_are_there() -> None:
    lines = render(report(5000), "table", 60).splitlines()
    assert sum(line.startswith("layer") for line in lines) == 5000
    assert any(line.startswith("total") and "12.5 G" in line for line in lines)
