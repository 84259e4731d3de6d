"""Every nasty text in every place of a Report, through every format."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from full_report import FULL, TABLE, with_texts
from hypothesis import given, settings
from hypothesis import strategies as st
from latex import compile_pdf, latex_lines, needs_tex
from nasty import NASTY, Page, check_harmless, markdown_texts, shown

from resnet_inspect.escape import LATEX, csv_text
from resnet_inspect.render import FORMATS, Format, render
from resnet_inspect.report import Column, Report, tabulate

# whole commands of what shows a text, and the characters that begin or end one
ACTING = ("\\input{x}", "::error::", "##[debug]", "<b>", "=cmd|", "](x)", "```", "\r\n", "%0A", "&amp;", "**", "\u202e")
TEXTS = st.lists(
    st.sampled_from((*ACTING, *"\\{}$&#%_^~<>|\"'`*[](),:;=+-@!?/ \t\x1baA0é×→–＝")), min_size=1, max_size=12
).map("".join)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_no_text_acts_wherever_it_stands(nasty: str, format: Format) -> None:
    report = with_texts(FULL, nasty)
    check_harmless(render(report, format, command=nasty, pictures="pictures"), format)
    check_harmless(render(replace(report, tables=(), sections=()), format), format)
    for width in (20, 80):
        check_harmless(render(report, format, width, color=True), format)


@settings(deadline=None)  # of a machine that does other work
@given(TEXTS, st.sampled_from(FORMATS))
def test_no_text_of_any_signs_acts(text: str, format: Format) -> None:
    check_harmless(render(with_texts(FULL, text), format, command=text), format)


@needs_tex
def test_a_real_tex_compiles_every_text_in_every_place(tmp_path: Path) -> None:
    ascii = "".join(map(chr, range(32, 127)))
    pages = [render(with_texts(FULL, text), "tex", command=text) for text in (*NASTY.values(), ascii, *LATEX)]
    columns = Column("name", "name", str), Column("n", "n", len, "integer")
    pairs = tabulate("k", "t", columns, [left + right for left in ascii for right in ascii], {"n": 1})
    log = compile_pdf(
        "\n\\clearpage\n".join([*pages, render(Report("k", None, "t", tables=(pairs,)), "tex")]), tmp_path
    )
    assert "(/etc" not in log, "TeX opens no file that a name names"


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_a_reader_sees_every_text_in_every_format(nasty: str) -> None:
    """What is escaped is shown, and reads as it was: only blanks at the ends of a Markdown cell go."""
    report = with_texts(FULL, nasty)
    cell = shown(nasty)
    texts = [*markdown_texts(render(report, "md"))]
    titles, cells = 1 + len(report.sections) + len(report.tables), 3 * (5 + 2 * 2 + 1)
    assert texts.count(cell.strip()) >= titles + cells
    assert Page(render(report, "html")).texts.count(cell) >= 1 + titles + 3 + cells, "and the facts"
    head, first, _ = csv.reader(io.StringIO(render(report, "csv")))
    assert head == [csv_text(cell)] * 5
    assert first == [csv_text(cell), "-1.0", "true", csv_text(f"{cell} -1"), csv_text(cell)]
    lines = [*latex_lines(render(report, "tex"))]
    assert sum(line.count(cell) for line in lines) >= 3 * (5 + 2 * 2 + 1)
    document = json.loads(render(report, "json"))
    assert document["findings"] == [dict.fromkeys(("code", "where", "message", "hint"), nasty)]
    if "  " not in cell:
        assert cell.strip() in render(report, "table")


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_a_table_in_markdown_keeps_its_rows_and_columns(nasty: str) -> None:
    lines = render(Report("k", None, "t", tables=(with_texts(TABLE, nasty),)), "md").splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == 2 + 2 + 1
    cells = [*markdown_texts("\n".join(rows))]
    assert len(cells) == 5 * 4


def test_a_number_stays_a_number() -> None:
    first = render(Report("k", None, "t", tables=(TABLE,)), "csv").splitlines()[1]
    assert first == "text,-1.0,true,part -1,text"


def test_prose_that_begins_with_a_number_is_left_alone() -> None:
    assert render(Report("k", None, "t", notes=("4.09 GMACs", "1×1 and 2-3")), "md") == (
        "## t\n\n> 4.09 GMACs\n\n> 1×1 and 2-3\n"
    )


def test_prose_keeps_its_code_and_a_page_the_command_that_made_it() -> None:
    report = Report("k", None, "t", notes=("see `a < b` and *more*",))
    assert render(report, "md", command="resnet-inspect explain 'a`b'") == (
        "Made by `` resnet-inspect explain 'a`b' ``.\n\n## t\n\n> see `a < b` and \\*more\\*\n"
    )
    page = render(report, "html", command="resnet-inspect list 'a<b'")
    assert "Made by <code>resnet-inspect list &#x27;a&lt;b&#x27;</code>" in page
    assert "see <code>a &lt; b</code> and *more*" in page
