"""Pictures of Records show the Record's own numbers, and say what they leave out."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from nasty import NASTY
from random_records import LAW, records
from raw_results import CPU_ROUND, raw, record, result

from resnet_inspect.benchmark.compare import DELTA
from resnet_inspect.benchmark.record import Metric, Record
from resnet_inspect.chart import Chart, Interval, Line, Mark, Points, Span, Text
from resnet_inspect.charts.latency import STEPS, latency
from resnet_inspect.charts.rounds import DOTS, rounds
from resnet_inspect.charts.verdict import verdict as draw_verdict
from resnet_inspect.errors import RequestError
from resnet_inspect.records.verdict import pair_cases, verdict
from resnet_inspect.render import svg


def of(kind: type[Mark], chart: Chart) -> list[Any]:
    return [mark for mark in chart.marks if isinstance(mark, kind)]


def metrics_of(record: Record) -> list[Metric]:
    return [result.metrics.latency for result in record.results if result.metrics.latency]


def noisy(*scales: float, calls: int = 8) -> list[list[float]]:
    """Rounds whose samples are those scales times 10 to 11 ms."""
    return [[10 * scale * (1 + i / (10 * calls)) for i in range(calls)] for scale in scales]


@LAW
@given(records())
def test_the_lines_are_the_distributions_of_all_calls(record: Record) -> None:
    metrics = metrics_of(record)
    if not metrics:
        with pytest.raises(RequestError, match="no case of the Record has times"):
            latency(record)
        return
    chart = latency(record)
    for metric, line, interval, dots, row in zip(
        metrics, of(Line, chart), of(Interval, chart), of(Points, chart), chart.table.rows, strict=True
    ):
        ordered = sorted(metric.samples_ms)
        for ms, share in line.at[1:]:
            assert bisect_left(ordered, ms) < round(share * metric.n) <= bisect_right(ordered, ms)
        assert (line.at[0], line.at[-1]) == ((ordered[0], 0.0), (ordered[-1], 1.0))
        assert (interval.low, interval.middle, interval.high) == (
            metric.ci95_ms[0],
            metric.median_ms,
            metric.ci95_ms[1],
        )
        assert [(dot.x, dot.y) for dot in dots.points] == [(metric.p95_ms, 0.95)]
        assert row[1:] == (
            metric.n,
            metric.median_ms,
            *metric.ci95_ms,
            metric.p95_ms,
            ordered[0],
            ordered[-1],
        )
    ElementTree.fromstring(svg.render(chart))


def test_a_line_of_many_calls_keeps_to_the_distribution() -> None:
    samples = [*range(1, 10 * STEPS)]
    chart = latency(record(result(raw(latency_ms=[[float(ms) for ms in samples]] * 3))))
    (line,) = of(Line, chart)
    assert len(line.at) == STEPS + 1
    assert all(abs(share - ms / len(samples)) <= 1 / len(samples) for ms, share in line.at[1:])
    assert chart.x.scale == "log"


def test_each_case_is_named_by_what_differs() -> None:
    first = result(raw())
    cases = [first, replace(first, case=replace(first.case, threads=4)), replace(first, valid=False)]
    cases[2] = replace(cases[2], case=replace(first.case, threads=4, mode="compile"))
    chart = latency(record(*cases))
    assert [row[0] for row in chart.table.rows] == ["eager 1 thread", "eager 4 threads", "compile 4 threads (invalid)"]
    assert chart.title == "latency of resnet50 8×3×224×224 infer fp32 contiguous cpu"


@LAW
@given(records())
def test_every_call_has_its_place_in_its_round(record: Record) -> None:
    for each in record.results:
        metric = each.metrics.latency
        if metric is None:
            with pytest.raises(RequestError, match="has no times"):
                rounds(each)
            continue
        chart = rounds(each)
        (dots,) = of(Points, chart)
        by_round = [[dot.y for dot in dots.points if round(dot.x) == n] for n in range(1, len(metric.rounds) + 1)]
        assert by_round == [[*samples] for samples in metric.rounds]
        assert [dot.x for dot in dots.points] == sorted(dot.x for dot in dots.points)
        assert sum(row[1] for row in chart.table.rows) == metric.n
        keys = [column.key for column in chart.table.columns]
        assert ("reference_ms" in keys) == (each.reference_ms is not None)
        if each.reference_ms is not None:
            assert tuple(row[keys.index("reference_ms")] for row in chart.table.rows) == each.reference_ms
        medians = of(Line, chart)[-1]
        assert [y for _, y in medians.at] == [row[keys.index("median_ms")] for row in chart.table.rows]
        ElementTree.fromstring(svg.render(chart))


def test_the_reference_workload_moves_as_the_machine_does() -> None:
    """A machine that takes twice the time from the third round on shows in both lines alike."""
    paces = [1.0, 1.0, 2.0, 2.0, 2.0]
    states = [replace(CPU_ROUND, reference_ms=(3.0 * pace,)) for pace in paces]
    chart = rounds(result(raw(latency_ms=noisy(*paces), states=states)))
    reference, medians = of(Line, chart)
    ratios = {round(scaled / median, 9) for (_, scaled), (_, median) in zip(reference.at, medians.at, strict=True)}
    assert len(ratios) == 1
    assert "the reference workload took" in chart.alt


def test_many_calls_are_drawn_as_every_nth() -> None:
    chart = rounds(result(raw(latency_ms=noisy(*[1.0] * 5, calls=DOTS))))
    (dots,) = of(Points, chart)
    assert dots.label == "every 5th call"
    assert len(dots.points) == DOTS
    assert sum(row[1] for row in chart.table.rows) == 5 * DOTS


def run(*scales: float) -> Record:
    first = result(raw(latency_ms=noisy(*[1.0] * 5)))
    timed = [result(raw(latency_ms=noisy(*[scale] * 5))) for scale in scales]
    return record(*(replace(each, case=replace(first.case, threads=i)) for i, each in enumerate(timed, 1)))


def test_a_forest_has_the_ratios_and_the_words_of_the_verdict() -> None:
    old, new = run(1.0, 1.0, 1.0), run(1.0, 1.5, 0.5)
    pairs, _ = pair_cases(old, new)
    chart, report = draw_verdict(pairs), verdict(old, new)
    assert chart.table == report.tables[0]
    keys = [column.key for column in chart.table.columns]
    for i, (row, drawn) in enumerate(zip(chart.table.rows, of(Interval, chart), strict=True)):
        cells = dict(zip(keys, row, strict=True))
        assert (drawn.at, drawn.low, drawn.middle, drawn.high) == (i, cells["low"], cells["ratio"], cells["high"])
        assert drawn.text.startswith(f"{cells['verdict']}, ")
    assert [row[keys.index("verdict")] for row in chart.table.rows] == ["SAME", "SLOWER", "FASTER"]
    assert [(span.low, span.high) for span in of(Span, chart)] == [(1 - DELTA["cpu"], 1 + DELTA["cpu"])]
    assert chart.y.categories == ("1 thread", "2 threads", "3 threads")
    assert chart.alt == "Of 3 cases, new against old: 1 SLOWER, 1 FASTER, 1 SAME."


def test_a_case_without_a_measurement_keeps_its_row_and_says_why() -> None:
    old, new = run(1.0, 1.0), run(1.0, 1.0)
    new = replace(new, results=(new.results[0], replace(new.results[1], valid=False, status="invalid")))
    chart = draw_verdict(pair_cases(old, new)[0])
    assert len(of(Interval, chart)) == 1
    assert [(text.y, text.text) for text in of(Text, chart)] == [(1, "a run has no valid measurement")]
    assert len(chart.y.categories) == 2


def test_two_models_are_named_in_a_row() -> None:
    old = run(1.0)
    new = replace(old, results=tuple(replace(r, case=replace(r.case, model="resnet50d")) for r in old.results))
    chart = draw_verdict(pair_cases(old, new, ignore_model=True)[0])
    assert chart.y.categories == ("resnet50 → resnet50d",)


@pytest.mark.parametrize("nasty", NASTY.values())
@pytest.mark.parametrize(
    "draw",
    [
        latency,
        lambda record: rounds(record.results[0]),
        lambda record: draw_verdict(pair_cases(record, record)[0]),
    ],
)
def test_no_name_acts_in_a_picture(draw: Callable[[Record], Chart], nasty: str) -> None:
    """Each element of the picture is one of its own: SVG without scripts, links and foreign content."""
    first = result(raw())
    results = [replace(first, case=replace(first.case, model=f"{nasty}{i}")) for i in range(2)]
    root = ElementTree.fromstring(svg.render(draw(record(*results))))
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "path", "circle", "text", "g", "tspan"}
    assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)
