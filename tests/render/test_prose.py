"""Wrapping: no line is too wide, none begins with what should close one, and no text is lost."""

from operator import itemgetter

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import resnet_inspect as ri
from resnet_inspect.render import render
from resnet_inspect.render.prose import CLOSING, OPENING, wrap
from resnet_inspect.report import Column, Report, Row, Section, tabulate

WORD = st.text(st.sampled_from("abcde×·残差块捷径，。（）“”"), min_size=1, max_size=12).filter(
    lambda w: w[0] not in CLOSING
)
WORDS = st.lists(WORD, max_size=30)


def test_english_breaks_between_words() -> None:
    assert wrap("one two three four", 9) == ["one two", "three", "four"]


def test_chinese_breaks_between_characters_but_not_before_a_full_stop() -> None:
    assert wrap("残差块加上捷径。", 14) == ["残差块加上捷", "径。"]
    assert wrap("（残差）块", 6) == ["（残", "差）块"]


def test_a_word_in_chinese_text_stays_whole() -> None:
    assert wrap("变成 64×112×112，再池化", 12) == ["变成", "64×112×112，", "再池化"]


@given(words=WORDS, width=st.integers(8, 60))
def test_no_line_is_too_wide_and_nothing_is_lost(words: list[str], width: int) -> None:
    text = " ".join(words)
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for before, line in zip(["", *lines], lines, strict=False):
        if cell_len(line) > width:  # one piece, which has no place to break
            assert len(wrap(line, 1)) == 1
        if before and before[-1] not in OPENING:
            assert line[0] not in CLOSING


def test_a_lesson_fits_80_columns_in_both_languages() -> None:
    for name in ("resnet50", "resnetrs50", "cbam_resnet50", "resnext101_64x4d", "wrn28_10"):
        for language in ("en", "zh"):
            for line in ri.explain(name, language=language).render("table", 80).splitlines():
                assert cell_len(line) <= 80, line
                assert "…" not in line


COLUMNS: tuple[Column[Row], ...] = (
    Column("层", "层", itemgetter(0)),
    Column("n", "个数", itemgetter(1), "integer"),
)
SECTION = Section(
    "one",
    "A title",
    ("First.", "Second."),
    tabulate("t", "t", COLUMNS, [("卷积", 1), ("归一化", 20)], ("合计", 21)),
)
TOLD = """\
about

A title
  First.

  Second.

  层      个数
  ────────────
  卷积       1
  归一化    20

  合计      21
"""


def test_a_section_is_indented_and_its_table_lines_up_with_wide_characters() -> None:
    report = Report("told", None, "about", sections=(SECTION,))
    assert render(report, "table", 80) == TOLD
    assert render(report, "table") == TOLD


def test_prose_keeps_to_100_columns_in_a_pipe() -> None:
    report = Report("told", None, "about", sections=(Section("one", "A title", ("word " * 100,)),))
    assert max(map(len, render(report, "table").splitlines())) <= 100
