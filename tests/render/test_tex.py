"""LaTeX that a real TeX compiles, with every cell and number of the table."""

import re
from pathlib import Path

import pytest
from latex import compile_pdf, latex_lines, needs_tex

import resnet_inspect as ri
from resnet_inspect.render import render
from resnet_inspect.report import Column, Report, tabulate


@needs_tex
@pytest.mark.parametrize(
    "answer",
    [
        lambda: ri.summary("resnet50"),
        lambda: ri.diff("resnet50", "resnet50d"),
        lambda: ri.reconcile("resnet18"),
        lambda: ri.explain("resnet18"),
        lambda: ri.lint("tutorial_resnet18_cifar10"),
        lambda: ri.list(),
    ],
    ids=["summary", "diff", "reconcile", "explain", "lint", "list"],
)
def test_tex_compiles_an_answer(answer, tmp_path: Path) -> None:
    log = compile_pdf(answer().to_latex(), tmp_path)
    assert not re.search(r"Overfull .hbox \(.*in alignment", log), "no table is wider than the text"


def test_a_table_in_latex_has_every_cell_of_the_table() -> None:
    answer = ri.compare("resnet18", "resnet50", "resnet50d")
    (table,) = answer.tables
    drawn = [i for i, column in enumerate(table.columns) if column.title and not column.spare]
    cells = [line for line in latex_lines(answer.to_latex()) if len(line) == len(drawn)]
    assert cells == [
        [table.columns[i].title for i in drawn],
        *([texts[i] for i in drawn] for texts in table.texts()),
    ]


def test_numbers_stand_on_the_right_and_have_a_minus() -> None:
    columns = Column("name", "name", str), Column("n", "change", lambda n: n, "count_change")
    written = render(Report("k", None, "t", tables=(tabulate("k", "t", columns, [-1_000]),)), "tex")
    assert r"\begin{tabular}{lr}" in written
    assert r"-1000 & $-$1.00 k \\" in written


def test_a_table_longer_than_a_page_breaks() -> None:
    columns: list[Column[int]] = [Column("n", "n", lambda n: n, "integer")]
    long, short = (
        render(Report("k", None, "t", tables=(tabulate("k", "t", columns, range(rows)),)), "tex") for rows in (200, 20)
    )
    assert r"\begin{longtable}" in long
    assert r"\begin{table}" in short
