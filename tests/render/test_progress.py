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
