"""The live display, on a terminal that is a string."""

from io import StringIO

from rich.console import Console

from resnet_inspect.render.progress import live


def test_it_says_what_goes_on_how_many_cases_are_done_and_leaves_nothing() -> None:
    out = StringIO()
    with live(Console(file=out, force_terminal=True, width=100, color_system=None)) as (tell, count):
        tell("resnet18 1×3×224×224 infer fp32 eager: round 3, 26.4 ms ±1.9%")
        count(2, 7)
        shown = out.getvalue()
        before = len(shown)
    assert "round 3, 26.4 ms ±1.9%" in shown
    assert "2/7 cases" in shown
    assert out.getvalue()[before:].rstrip().endswith("\x1b[2K"), "the line is erased at the end"


def test_a_line_that_is_too_long_is_cut_and_never_wraps() -> None:
    out = StringIO()
    with live(Console(file=out, force_terminal=True, width=80, color_system=None)) as (tell, _):
        tell("resnet50 256×3×224×224 train amp-bf16 channels_last compile: round 12, 26.4 ms ±1.9%")
        drawn = out.getvalue().rpartition("\r")[2]
    assert "\n" not in drawn.strip()
    assert "…" in drawn
