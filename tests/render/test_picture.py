"""Pictures: whatever a Chart holds, its SVG is well formed and still, stays on its sheet, and loses no name."""

import re
from collections.abc import Iterator
from itertools import combinations
from math import inf, isfinite, nan
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nasty import NASTY, seen, shown
from typed_values import values_of

from resnet_inspect import chart
from resnet_inspect.chart import Axis, Chart, Point, Points
from resnet_inspect.render import picture, svg
from resnet_inspect.render.picture.layout import lay_out
from resnet_inspect.render.picture.scales import Scale, ticks
from resnet_inspect.render.picture.shapes import WIDTH, Disc, Path, Sheet, Word, width_of
from resnet_inspect.render.picture.style import PAINTS, PALETTE, ink_on
from resnet_inspect.report import Table
from resnet_inspect.units import Unit, text

TABLE = Table("key", "title", (), (), ())
LAW = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
ELEMENTS = {"svg", "title", "desc", "style", "rect", "path", "circle", "text"}
SVG = "{http://www.w3.org/2000/svg}"

axes = values_of(Axis, low=st.none(), high=st.none(), scale=st.sampled_from(["linear", "log", "category"]))
drawings = st.just(Axis(scale="drawing"))
charts = values_of(Chart, table=st.just(TABLE), x=axes, y=axes, ratio=st.floats(0.2, 2.0)) | values_of(
    Chart, table=st.just(TABLE), x=drawings, y=drawings, ratio=st.just(0.6)
)


def elements(written: str) -> Iterator[ElementTree.Element]:
    return ElementTree.fromstring(written).iter()


def of(*marks: chart.Mark, x: Axis = Axis(), y: Axis = Axis(), title: str = "title") -> Chart:  # noqa: B008  # frozen
    return Chart("key", title, x, y, marks, TABLE, "alt")


def ends(word: Word) -> tuple[float, float]:
    width = width_of(word.text, word.size, word.bold)
    left = word.x - {"start": 0.0, "middle": width / 2, "end": width}[word.anchor]
    return left, left + width


@LAW
@given(charts)
def test_any_chart_is_a_well_formed_picture_that_fetches_and_runs_nothing(drawn: Chart) -> None:
    for written in (svg.render(drawn), svg.render(drawn, alone=False)):
        for element in elements(written):
            assert element.tag.removeprefix(SVG) in ELEMENTS
            assert not any("href" in name or name.startswith("on") for name in element.attrib)
            numbers = re.findall(
                r"nan|inf", " ".join(v for k, v in element.items() if k not in ("aria-label", "font-family"))
            )
            assert not numbers
        assert "url(" not in svg.STYLE


@LAW
@given(charts)
@example(of(chart.Bars(((1, 1),)), x=Axis(scale="category", categories=("only",))))  # a bar of no category
def test_any_chart_stays_on_its_sheet(drawn: Chart) -> None:
    sheet = lay_out(drawn)
    for shape in sheet.shapes:
        match shape:
            case Path(points):
                places = [*points]
            case Disc(x, y):
                places = [(x, y)]
            case Word():
                places = []
        assert all(-1 <= x <= WIDTH + 1 and -1 <= y <= sheet.height + 1 for x, y in places), shape


@LAW
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.text("abcdefgh", min_size=1, max_size=24)), max_size=24))
def test_no_name_lies_on_another_and_none_is_lost_untold(named: list[tuple[float, float, str]]) -> None:
    points = tuple(Point(x, y, f"{name}{i}") for i, (x, y, name) in enumerate(named))
    sheet = lay_out(of(Points(points)))
    words = [shape for shape in sheet.shapes if isinstance(shape, Word)]
    written = [word for word in words if word.halo]
    for one, other in combinations(written, 2):
        (left, right), (start, end) = ends(one), ends(other)
        assert right <= start or end <= left or abs(one.y - other.y) >= one.size * 0.99, (one, other)
    listed = [word.text.partition(" ")[2] for word in words if re.match(r"\d+ ", word.text)]
    missing = {point.text for point in points} - {word.text for word in written} - {*listed}
    told = [int(word.text.split()[3]) for word in words if word.text.startswith("no room for ")]
    assert sum(told) == len(missing)
    assert {str(i) for i, _ in enumerate(listed, start=1)} <= {word.text for word in written}


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_no_text_acts_wherever_it_stands_and_a_reader_sees_it(nasty: str) -> None:
    marks = (
        Points((Point(1, 1, nasty, 1, nasty),), nasty),
        chart.Line(((0, 0), (1, 1)), nasty),
        chart.Rule(1, "y", nasty),
        chart.Span(0, 1, "x", nasty, nasty),
        chart.Interval(1, 0, 1, 2, "x", nasty, 0, nasty),
        chart.Text(1, 1, nasty),
        chart.Box(0, 0, 1, 1, nasty, nasty),
    )
    rows = (chart.Bars(((0, 1),), nasty, 0, (nasty,)), chart.Interval(0, 0, 1, 2, text=nasty))
    named, category = Axis(nasty), Axis(scale="category", categories=(nasty,))
    for drawn in (of(*marks, x=named, y=named, title=nasty), of(*rows, y=category, title=nasty)):
        written = svg.render(drawn)
        assert all(map(seen, written.split("\n")))
        texts = [element.text or "" for element in elements(written)]
        assert shown(nasty) in texts, "whole in the title"
        assert not {element.tag.removeprefix(SVG) for element in elements(written)} - ELEMENTS


@pytest.mark.parametrize(
    ("low", "high", "unit", "expected"),
    [
        (0.9, 12, "number", ["1", "2", "5", "10"]),
        (0.9, 120, "ms", ["1 ms", "2 ms", "5 ms", "10 ms", "20 ms", "50 ms", "100 ms"]),
        (
            0.5e9,
            3e15,
            "flop_rate",
            ["1 GFLOP/s", "10 GFLOP/s", "100 GFLOP/s", "1 TFLOP/s", "10 TFLOP/s", "100 TFLOP/s", "1 PFLOP/s"],
        ),
        (2.9, 5.2, "ms", ["3 ms", "3.5 ms", "4 ms", "4.5 ms", "5 ms"]),
        (1.1e9, 1.9e10, "count", ["2 G", "5 G", "10 G"]),
        (1e-9, 1e9, "number", ["1", "100", "10,000", "1,000,000", "100,000,000"]),
    ],
)
def test_a_log_axis_has_ticks_at_1_2_5_and_10(low: float, high: float, unit: Unit, expected: list[str]) -> None:
    labelled = ticks(Scale(low, high, 300, 0, log=True), unit, across=False)
    assert [label for _, label in labelled][-len(expected) :] == expected


@pytest.mark.parametrize(
    ("low", "high", "unit", "expected"),
    [
        (0, 1, "share", ["0%", "20%", "40%", "60%", "80%", "100%"]),
        (0, 180 * 2**20, "bytes", ["0 B", "32 MiB", "64 MiB", "96 MiB", "128 MiB", "160 MiB"]),
        (0, 7, "integer", ["0", "1", "2", "3", "4", "5", "6", "7"]),
        (0, 3.3 * 2**30, "bytes", ["0 B", "512 MiB", "1 GiB", "1.5 GiB", "2 GiB", "2.5 GiB", "3 GiB"]),
        (70.2, 83.9, "percent", ["72%", "74%", "76%", "78%", "80%", "82%"]),
    ],
)
def test_a_linear_axis_has_round_ticks(low: float, high: float, unit: Unit, expected: list[str]) -> None:
    assert [label for _, label in ticks(Scale(low, high, 260, 0), unit, across=False)] == expected


@LAW
@given(
    st.floats(1e-6, 1e15),
    st.floats(1.001, 1e9),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["ms", "count", "flop_rate", "number"]),
)
@example(464537974848354.0, 861227520.0, False, True, "ms")  # an axis whose low end is nothing next to a step
def test_ticks_rise_inside_the_axis_and_no_two_read_the_same(
    low: float, factor: float, log: bool, across: bool, unit: Unit
) -> None:
    scale = Scale(low, low * factor, 60, 460, log)
    labelled = ticks(scale, unit, across)
    values, labels = [value for value, _ in labelled], [label for _, label in labelled]
    assert values == sorted(values)
    assert all(low * (1 - 1e-6) <= value <= low * factor * (1 + 1e-6) for value in values)
    if low * (factor - 1) > 1e-3:
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("value", [nan, inf, -inf, -1.0, 0.0])
def test_a_value_that_has_no_place_is_drawn_at_the_edge(value: float) -> None:
    for log in (False, True):
        place = Scale(1.0, 10.0, 0.0, 100.0, log).place(value)
        assert isfinite(place)
        assert 0 <= place <= 100


def test_a_name_without_room_is_a_number_that_the_picture_explains() -> None:
    crowd = tuple(Point(0.5 + 0.004 * i, 0.5, f"a rather long name {i}") for i in range(60))
    words = [shape.text for shape in lay_out(of(Points(crowd))).shapes if isinstance(shape, Word)]
    assert 0 < sum(word.startswith("a rather") for word in words) < 60
    assert "1" in words
    assert any(word.startswith("1 a rather long name") for word in words)


def contrast(one: str, other: str) -> float:
    """Of two colours, by WCAG 2.2."""

    def luminance(color: str) -> float:
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_letters_and_colours_stand_out_from_their_ground_in_light_and_dark(mode: str) -> None:
    paints = {name: getattr(paint, mode) for name, paint in PAINTS.items()}
    assert contrast(paints["text"], paints["ground"]) > 7
    assert contrast(paints["muted"], paints["ground"]) > 4.5
    for slot in range(len(PALETTE)):
        assert contrast(paints[f"c{slot}"], paints["ground"]) > 2
        assert contrast(paints[ink_on(slot)], paints[f"c{slot}"]) > 4.5


def test_a_picture_is_the_same_for_viewers_without_css() -> None:
    written = svg.render(of(Points((Point(1, 1, "name"),), "label")))
    for element in elements(written):
        for kind in ("f", "s"):
            for name in re.findall(rf"\b{kind}-(\w+)", element.get("class", "")):
                assert element.get({"f": "fill", "s": "stroke"}[kind]) == PAINTS[name].light


def sizes(sheet: Sheet) -> set[float]:
    return {shape.size for shape in sheet.shapes if isinstance(shape, Word)}


@LAW
@given(charts)
def test_a_phone_shows_letters_of_nine_pixels_and_more(drawn: Chart) -> None:
    assert min(sizes(lay_out(drawn)), default=12) * 358 / WIDTH > 8.9


@pytest.mark.parametrize("format", ["png", "pdf"])
def test_png_and_pdf_are_files_of_their_kind_and_the_same_each_time(format: picture.Format) -> None:
    pytest.importorskip("matplotlib", reason="the extra [plot] is not installed")
    drawn = of(Points((Point(1, 2, "$x^2$ <b>"),), "label"), chart.Line(((0, 1), (2, 3)), dashed=True))
    first = picture.render(drawn, format)
    assert isinstance(first, bytes)
    assert first.startswith({"png": b"\x89PNG\r\n", "pdf": b"%PDF-"}[format])
    assert first == picture.render(drawn, format)


def test_a_hollow_point_is_a_ring_in_the_chart_and_in_the_legend() -> None:
    drawn = of(Points((Point(1, 1),), "full"), Points((Point(2, 2),), "ring", 1, hollow=True))
    circles = [each for each in elements(svg.render(drawn)) if each.tag == f"{SVG}circle"]
    rings = [each for each in circles if each.get("fill-opacity") == "0"]
    assert (len(circles), len(rings)) == (4, 2)
    assert {each.get("stroke") for each in rings} == {PAINTS["c1"].light}
    assert {each.get("fill") for each in circles if each not in rings} == {PAINTS["c0"].light}


def test_the_exact_number_shows_where_the_pointer_rests() -> None:
    written = svg.render(of(Points((Point(1, 1, "", None, f"resnet50: {text(4089184256, 'count')}"),))))
    assert "<title>resnet50: 4.09 G</title>" in written
