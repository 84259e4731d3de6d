"""A page: whole, escaped, and in need of nothing else."""

import re
from html.parser import HTMLParser

import pytest

import resnet_inspect as ri
from resnet_inspect.render import render
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate

VOID = {"meta", "br"}


class Page(HTMLParser):
    """The cells of every table row by row, and the words of all else; every tag that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.titles: list[str | None] = []
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.titles.append(dict(attrs).get("title"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def page(**changes: object) -> Page:
    return Page(render(Report(kind="k", model=None, title="t", **changes), "html"))  # type: ignore[arg-type]  # fields


@pytest.mark.parametrize(
    "answer",
    [
        ri.summary("resnet18"),
        ri.explain("resnet18", language="zh"),
        ri.lint("tutorial_resnet18_biased"),
        ri.reconcile("resnet18"),
    ],
    ids=lambda answer: str(answer.kind),
)
def test_a_page_holds_every_cell_of_every_table(answer: ri.Answer) -> None:
    read = Page(answer.to_html())
    tables = [section.table for section in answer.sections if section.table] + [*answer.tables]
    expected = [
        [cell for column, cell in zip(table.columns, texts, strict=True) if column.title]
        for table in tables
        for texts in (*table.texts(), *([table.total_texts()] if table.total else []))
    ]
    heads = [[column.title for column in table.columns if column.title] for table in tables]
    assert [row for row in read.rows if row not in heads] == [row for row in expected if row not in heads]
    for fact in answer.facts:
        assert fact.title in read.words


def test_what_looks_like_a_tag_is_text() -> None:
    evil = "<script>alert('&')</script>"
    table = tabulate("k", evil, [Column("a", evil, str)], [evil])
    finding = Finding(evil, evil, evil, evil)
    read = page(tables=(table, table), facts=(Fact("f", evil, evil),), findings=(finding,), notes=(evil,))
    assert "script" not in read.open
    assert read.rows == [[evil], [evil]] * 2
    assert read.words.count(evil) == 2 + 4 + 2 + 4 + 1  # headings, cells, the fact, the finding, the note


def test_a_number_says_on_hovering_what_it_is_in_full() -> None:
    counts: Column[int | None] = Column("n", "n", lambda count: count, "count")
    table = tabulate("k", "t", [counts], [25_557_032, 7, None])
    read = page(tables=(table,))
    assert read.rows == [["n"], ["25.6 M"], ["7"], ["–"]]
    assert read.titles == [None, "25,557,032 (25.6 M)", None, None]


def test_a_page_asks_for_nothing_from_elsewhere() -> None:
    text = ri.explain("resnet50").to_html()
    assert not re.search(r"<(script|link|img|iframe)|src=|@import|url\(", text)


def test_a_table_scrolls_in_a_box_of_its_own_that_keys_reach() -> None:
    written = ri.summary("resnet18").to_html()
    assert written.count('<div class="wide" tabindex="0">\n<table>') == written.count("<table>") == 1
    assert ".wide { overflow-x: auto; " in written


def test_a_page_with_pictures_leads_to_its_sections_and_shows_the_figures_of_each_picture_once() -> None:
    page = ri.make_report(["resnet18", "resnet34"])
    written = page.to_html()
    places = re.findall('<section id="([^"]*)">', written)
    assert len({*places}) == len(places) == len(page.sections)
    assert re.findall('<a href="#([^"]*)">', written) == places
    drawn = [section for section in page.sections if section.chart]
    apart = [section for section in drawn if section.chart and section.chart.table != section.table]
    assert 0 < len(apart) < len(drawn)
    assert written.count("<svg ") == written.count("<figcaption>") == len(drawn)
    assert written.count("<details>") == len(apart)


def test_a_command_in_a_note_is_code() -> None:
    assert "<code>resnet-inspect list</code>" in render(
        Report(kind="k", model=None, title="t", notes=("see `resnet-inspect list`",)), "html"
    )
