"""The live display, on a terminal that is a string."""

from io import StringIO
from typing import IO

import pytest
from rich.console import Console

from resnet_inspect.render.progress import LastingStream, live


def console(out: IO[str]) -> Console:
    return Console(file=out, force_terminal=True, width=100, color_system=None)


def drawn(out: StringIO) -> str:
    return out.getvalue().rpartition("\r")[2]


def test_before_the_first_case_ends_it_says_how_many_there_are_and_nothing_that_is_unknown() -> None:
    out = StringIO()
    with live(console(out)) as (tell, count, _):
        tell("loading torch")
        assert "loading torch" in drawn(out)
        assert not set("?/") & set(drawn(out))
        assert "left" not in drawn(out)
        count(0, 7)
        tell("resnet18: warming up")
        assert "0/7 cases, resnet18: warming up" in drawn(out)


def test_it_says_how_long_the_other_cases_will_take_once_some_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    out, clock = StringIO(), [100.0]
    screen = console(out)
    screen.get_time = lambda: clock[0]  # type: ignore[method-assign]  # rich's own clock
    with live(screen) as (_, count, _):
        for ended in range(4):
            count(ended, 7)
            clock[0] += 10
        count(4, 7)
        assert "4/7 cases, 0:00:30 left," in drawn(out)


def test_a_round_is_a_part_of_a_case_and_tells_the_time_before_the_first_case_ends() -> None:
    out, clock = StringIO(), [100.0]
    screen = console(out)
    screen.get_time = lambda: clock[0]  # type: ignore[method-assign]  # rich's own clock
    with live(screen) as (_, count, _):
        count(0, 2)
        clock[0] += 10
        count(0.5, 2)
        assert "0/2 cases, 0:00:30 left," in drawn(out)


def test_a_run_that_is_resumed_is_timed_from_where_it_was() -> None:
    out, clock = StringIO(), [100.0]
    screen = console(out)
    screen.get_time = lambda: clock[0]  # type: ignore[method-assign]  # rich's own clock
    with live(screen, noun="steps") as (_, count, _):
        count(800, 1000)
        assert "left" not in drawn(out)
        clock[0] += 10
        count(900, 1000)
        assert "900/1000 steps, 0:00:10 left," in drawn(out)


def test_a_time_that_everything_may_take_is_known_from_the_start() -> None:
    out, clock = StringIO(), [100.0]
    screen = console(out)
    screen.get_time = lambda: clock[0]  # type: ignore[method-assign]  # rich's own clock
    with live(screen, at_most_s=300) as (tell, count, _):
        assert "at most 0:05:00 left," in drawn(out)
        clock[0] += 60
        count(1, 9)
        assert "1/9 cases, at most 0:04:00 left," in drawn(out)
        clock[0] += 600
        tell("the last race")
        assert "at most 0:00:00 left," in drawn(out)


@pytest.mark.parametrize("width", [24, 40, 59, 60, 80])
def test_it_is_one_line_of_any_terminal_and_the_count_is_whole(width: int) -> None:
    out = StringIO()
    with live(Console(file=out, force_terminal=True, width=width, color_system=None)) as (tell, count, _):
        tell("resnet50 256×3×224×224 train amp-bf16 channels_last compile: round 12, 26.4 ms ±1.9%")
        count(3, 12)
        line = drawn(out)
    assert "\n" not in line.strip()
    assert len(line.rpartition("K")[2]) <= width
    assert "3/12 cases" in line


def test_a_line_that_is_left_stands_above_and_stays() -> None:
    out = StringIO()
    with live(console(out)) as (tell, _, leave):
        tell("round 3")
        leave("warning: [no markup]")
    assert "warning: [no markup]\n" in out.getvalue()


class Closed(StringIO):
    """A terminal whose window was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")

    def flush(self) -> None:
        self.write("")


def test_a_terminal_that_is_closed_ends_the_display_alone() -> None:
    with live(console(LastingStream(Closed()))) as (tell, count, leave):  # type: ignore[arg-type]  # what rich uses
        tell("round 3")
        count(1, 2)
        leave("warning")


def test_it_says_what_goes_on_how_many_cases_are_done_and_leaves_nothing() -> None:
    out = StringIO()
    with live(Console(file=out, force_terminal=True, width=100, color_system=None)) as (tell, count, _):
        tell("resnet18 1×3×224×224 infer fp32 eager: round 3, 26.4 ms ±1.9%")
        count(2, 7)
        shown = out.getvalue()
        before = len(shown)
    assert "round 3, 26.4 ms ±1.9%" in shown
    assert "2/7 cases" in shown
    assert out.getvalue()[before:].rstrip().endswith("\x1b[2K"), "the line is erased at the end"


def test_a_line_that_is_too_long_is_cut_and_never_wraps() -> None:
    out = StringIO()
    with live(Console(file=out, force_terminal=True, width=80, color_system=None)) as (tell, _, _):
        tell("resnet50 256×3×224×224 train amp-bf16 channels_last compile: round 12, 26.4 ms ±1.9%")
        drawn = out.getvalue().rpartition("\r")[2]
    assert "\n" not in drawn.strip()
    assert "…" in drawn
