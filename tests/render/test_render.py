"""One report through every format: what a reader and a program see."""

import csv
import io
import json
import math
import re
from typing import NamedTuple, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import resnet_inspect as ri
from resnet_inspect.render import FORMATS, render
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate
from resnet_inspect.units import SI, Unit, exact, text


class Layer(NamedTuple):
    name: str
    note: str | None
    output: tuple[int, ...]
    params: int | None
    share: float
    ok: bool


LAYERS: tuple[Column[Layer], ...] = (
    Column("name", "name", lambda layer: layer.name),
    Column("note", "note", lambda layer: layer.note, optional=True),
    Column("output", "output", lambda layer: layer.output, "shape"),
    Column("params", "params", lambda layer: layer.params, "count", csv=("param_count", 1e6)),
    Column("share", "%", lambda layer: layer.share, "share"),
    Column("ok", "ok", lambda layer: layer.ok),
)
REPORT = Report(
    kind="canonical",
    model="net",
    title="net, input 1×3×8×8",
    facts=(
        Fact("params", "parameters", 25_557_032, "count"),
        Fact("peak", "peak", None, "bytes"),
        Fact("task", "task", "infer"),
    ),
    tables=(
        tabulate(
            "rows",
            "rows",
            LAYERS,
            [
                Layer("layer1", "words that | wrap", (1, 64, 8, 8), 1_234_567, 0.5, True),
                Layer("layer2", None, (1, 128, 4, 4), None, 0.0001, False),
            ],
            {"name": "total", "params": 1_234_567},
        ),
    ),
    findings=(Finding("RI000", "layer1", "something", "do this"),),
    notes=("a note",),
)

TABLE = """\
net, input 1×3×8×8
name    note               output     params      %  ok
──────────────────────────────────────────────────────────
layer1  words that | wrap  1×64×8×8   1.23 M  50.0%  true
layer2  –                  1×128×4×4       –  <0.1%  false

total                                 1.23 M

parameters  25,557,032 (25.6 M)
peak        –
task        infer

RI000 layer1: something
      do this

a note
"""

MARKDOWN = """\
## net, input 1×3×8×8

- parameters: 25,557,032 (25.6 M)
- peak: –
- task: infer

| name | note | output | params | % | ok |
| --- | --- | --- | ---: | ---: | --- |
| layer1 | words that \\| wrap | 1×64×8×8 | 1.23 M | 50.0% | true |
| layer2 | – | 1×128×4×4 | – | <0.1% | false |
| **total** |  |  | **1.23 M** |  |  |

- **RI000** layer1: something. do this

> a note
"""

CSV = """\
name,note,output,param_count,share,ok
layer1,words that | wrap,1×64×8×8,1.234567,0.5,true
layer2,,1×128×4×4,,0.0001,false
"""


def test_the_terminal_shows_tables_then_facts_then_findings_then_notes() -> None:
    assert render(REPORT, "table") == TABLE


def test_a_long_finding_stays_beside_its_code() -> None:
    finding = Finding("RI000", "layer1", "a message that wraps", "and a hint")
    lines = render(Report("kind", "net", "net", findings=(finding, finding)), "table", width=24).splitlines()
    assert lines[1:4] == ["RI000 layer1: a message", "      that wraps", "      and a hint"]


def test_the_csv_of_a_report_without_tables_is_its_findings() -> None:
    report = Report("kind", "net", "net", findings=REPORT.findings)
    assert render(report, "csv") == "code,where,message,hint\nRI000,layer1,something,do this\n"
    assert render(Report("kind", "net", "net"), "csv") == "code,where,message,hint\n"


def test_markdown_escapes_its_own_syntax_and_sets_the_total_in_bold() -> None:
    assert render(REPORT, "md") == MARKDOWN


def test_csv_is_the_main_table_alone_under_timms_names() -> None:
    assert render(REPORT, "csv") == CSV


def test_json_holds_raw_numbers_under_stable_keys() -> None:
    document = json.loads(render(REPORT, "json"))
    assert list(document) == ["schema", "schema_version", "kind", "model", "facts", "tables", "findings", "notes"]
    assert (document["schema"], document["schema_version"]) == ("resnet-inspect/report", 1)
    assert document["facts"] == {"params": 25_557_032, "peak": None, "task": "infer"}
    first, second = document["tables"]["rows"]
    assert first["output"] == [1, 64, 8, 8]
    assert (first["params"], first["ok"]) == (1_234_567, True)
    assert second["params"] is None
    assert document["findings"] == [{"code": "RI000", "where": "layer1", "message": "something", "hint": "do this"}]


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("depth", ["stage", "block", "layer"])
@pytest.mark.parametrize("model", ["resnet50", "seresnextaa201d_32x8d", "preresnet1001_cifar"])
def test_no_line_is_wider_than_the_terminal_nor_a_number_cut(model: str, depth: str, width: int) -> None:
    answer = ri.summary(model, depth=depth)
    lines = answer.render("table", width).splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("depth", ["stage", "block", "layer"])
@pytest.mark.parametrize("model", ["resnet50", "seresnextaa201d_32x8d"])
def test_a_roofline_fits_the_terminal_too(model: str, depth: str, width: int) -> None:
    lines = ri.roofline(model, depth=depth, batch_size=256).render("table", width).splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)


@pytest.mark.parametrize("width", [20, 40, 56, 60, 74])
def test_a_terminal_too_narrow_wraps_lines_but_cuts_no_number(width: int) -> None:
    for answer in (ri.summary("resnet50"), ri.compare(["resnet50", "tutorial_resnet18_cifar10_stem3_3stage"])):
        table = answer.tables[0]
        shown = answer.render("table", width)
        for row in table.rows:
            for value, column in zip(row, table.columns, strict=True):
                if column.unit in ("count", "ratio") and not column.optional:
                    assert text(value, column.unit) in shown


def test_the_terminal_is_coloured_only_when_asked() -> None:
    assert "\x1b[" in render(REPORT, "table", 80, color=True)
    assert "\x1b[" not in render(REPORT, "table", 80)


@pytest.mark.parametrize("format", FORMATS)
def test_text_ends_in_one_newline(format: str) -> None:
    written = render(REPORT, format)
    assert written.endswith("\n")
    assert not written.endswith("\n\n")


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (4_089_184_256, "count", "4.09 G"),
        (999, "count", "999"),
        (1_000, "count", "1.00 k"),
        (999_499, "count", "999 k"),
        (999_600, "count", "1.00 M"),
        (0, "count", "0"),
        (9_223_372_036_854_775_807, "count", "9.22 E"),
        (10**25, "count", "10000000 E"),
        (102_228_128, "bytes", "97.5 MiB"),
        (1023, "bytes", "1023 B"),
        (1_047_900, "bytes", "1023 KiB"),
        (1_048_500, "bytes", "1.00 MiB"),
        (0.58554, "share", "58.6%"),
        (0, "share", "0.0%"),
        (0.0004, "share", "<0.1%"),
        (1.03456, "ratio", "1.03×"),
        (1, "ratio", "1.00×"),
        (0.0043, "ratio", "0.00430×"),
        (0.27, "ratio", "0.270×"),
        (9_996, "count", "10.0 k"),
        (99_960, "count", "100 k"),
        (24.6, "ratio", "24.6×"),
        ((1, 3, 224, 224), "shape", "1×3×224×224"),
        (None, "count", "–"),
        (True, "text", "true"),
        (1234, "integer", "1,234"),
        (23_630_580.2, "rate", "23,630,580"),
        (999.7, "rate", "1,000"),
        (115.4, "rate", "115"),
        (0.951, "rate", "0.951"),
        (989.4e12, "flop_rate", "989 TFLOP/s"),
        (4.8e12, "byte_rate", "4.80 TB/s"),
        (14.83, "hours", "14.8 h"),
        (2.30258, "number", "2.303"),
        (0.01, "number", "0.01000"),
        (None, "flop_rate", "–"),
    ],
)
def test_a_number_is_written_in_its_unit(value: object, unit: str, shown: str) -> None:
    assert text(value, unit) == shown


@given(st.integers(0, 10**21))
def test_rounding_keeps_three_significant_digits(value: int) -> None:
    shown = text(value, "count")
    number, _, prefix = shown.partition(" ")
    power = 1000 ** SI.index(f" {prefix}" if prefix else "")
    assert abs(float(number) * power - value) <= max(0.005 * value, 0)
    assert exact(value, "count").replace(",", "").startswith(str(value))


def column_of_percentages(cells: list[list[str]], head: list[str]) -> list[list[float]]:
    at = [i for i, title in enumerate(head) if title == "%"]
    return [[0.0 if row[i] == "<0.1%" else float(row[i].rstrip("%")) for row in cells] for i in at]


@pytest.mark.parametrize("depth", ["stage", "block"])
def test_printed_shares_add_up_to_a_hundred(depth: str) -> None:
    lines = ri.summary("resnet50", depth=depth).to_markdown().splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    for shares in column_of_percentages(table[2:-1], table[0]):
        assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares) + 0.05)


@pytest.mark.parametrize("name", ["resnet50", "resnetrs420", "wrn28_10"])
@pytest.mark.parametrize("depth", ["stage", "block", "layer"])
def test_rows_add_up_to_the_totals_to_the_unit(name: str, depth: str) -> None:
    document = json.loads(ri.summary(name, depth=depth).to_json())
    (rows,) = document["tables"].values()
    for key in ("params", "macs", "flops", "activations"):
        assert sum(row[key] or 0 for row in rows) == document["facts"][key]


def test_a_csv_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(ri.list("resnet50").to_csv())))
    assert rows == [
        {
            "model": "resnet50",
            "family": "resnet",
            "input": "1×3×224×224",
            "param_count": "25.557032",
            "macs": "4089184256",
            "activations": "11114984",
            "infer_gmacs": "4.111512576",
            "infer_macts": "11.114984",
        }
    ]


class Quantity(NamedTuple):
    name: str
    unit: Unit
    change_unit: Unit
    value: float
    change: float
    pixels: int | None


QUANTITIES: tuple[Column[Quantity], ...] = (
    Column("what", "what", lambda quantity: quantity.name),
    Column("unit", "", lambda quantity: quantity.unit),
    Column("value", "value", lambda quantity: quantity.value, lambda quantity: quantity.unit),
    Column("change", "change", lambda quantity: quantity.change, lambda quantity: quantity.change_unit),
    Column("pixels", "pixels", lambda quantity: quantity.pixels, "integer", spare=True),
)
MIXED = Report(
    kind="mixed",
    model=None,
    title="mixed",
    tables=(
        tabulate(
            "rows",
            "rows",
            QUANTITIES,
            [
                Quantity("weights", "bytes", "bytes_change", 2048, 1024, 1),
                Quantity("latency", "ms", "ms_change", 1.5, -0.25, None),
            ],
            {"what": "total", "pixels": 1},
        ),
    ),
)


def test_an_object_evaluates_once_and_a_total_may_be_one_too() -> None:
    seen: list[int] = []

    def value(item: int) -> int:
        seen.append(item)
        return item

    table = tabulate("k", "t", [Column("n", "n", value, "integer")], iter([1, 2]), 3)
    for format in FORMATS:
        render(Report("k", None, "t", tables=(table,)), format)
    assert (table.rows, table.total, seen) == (((1,), (2,)), (3,), [1, 2, 3])


def test_numbers_of_different_units_have_no_total() -> None:
    quantity = Quantity("weights", "bytes", "bytes_change", 2048, 1024, 1)
    table = tabulate("k", "t", QUANTITIES, [quantity], quantity)
    assert table.total == ("weights", "bytes", None, None, 1)


def test_a_column_may_take_the_unit_from_the_rows_object() -> None:
    assert [line.split("  ") for line in re.sub("  +", "  ", render(MIXED, "table")).splitlines()[3:5]] == [
        ["weights", "2.00 KiB", "+1.00 KiB", "1"],
        ["latency", "1.50 ms", "-0.250 ms", "–"],
    ]
    assert "| latency | 1.50 ms | -0.250 ms | – |" in render(MIXED, "md")
    assert json.loads(render(MIXED, "json"))["tables"]["rows"][0] == {
        "what": "weights", "unit": "bytes", "value": 2048, "change": 1024, "pixels": 1
    }  # fmt: skip
    assert render(MIXED, "csv").splitlines()[1] == "weights,bytes,2048,1024,1"


def test_a_spare_column_goes_before_anything_wraps() -> None:
    needed = max(map(len, render(MIXED, "table").splitlines()))
    assert "pixels" in render(MIXED, "table", needed)
    narrow = render(MIXED, "table", 32)
    assert "pixels" not in narrow.split("no room for: pixels")[0]
    assert "+1.00 KiB" in narrow


def test_no_format_prints_a_python_value() -> None:
    for format in FORMATS:
        assert not re.search(r"\b(None|True|False)\b", render(REPORT, format))


@pytest.mark.parametrize("unit", get_args(Unit))
def test_a_number_beyond_all_numbers_is_unknown_in_any_unit(unit: Unit) -> None:
    assert [text(value, unit) for value in (math.inf, -math.inf, math.nan)] == ["–"] * 3
