"""The roofline's points: where the table has them, and never above what the device allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage_times import STAGE_MS, record, result
from strategies import law, lowered, specs

import resnet_inspect as ri
from resnet_inspect.chart import Chart, Line, Points
from resnet_inspect.charts.roofline import roofline
from resnet_inspect.hardware.devices import DEVICES, find_device
from resnet_inspect.hardware.floor import floors


def rows_of(chart: Chart) -> list[dict[str, object]]:
    keys = [column.key for column in chart.table.columns]
    return [dict(zip(keys, row, strict=True)) for row in chart.table.rows]


def points_of(chart: Chart) -> Points:
    (points,) = (mark for mark in chart.marks if isinstance(mark, Points))
    return points


@law(25)
@given(specs(), st.sampled_from([*DEVICES]), st.sampled_from(["stage", "block", "layer"]))
def test_a_point_is_below_the_roof_and_at_the_figures_of_the_table(spec, device, depth) -> None:
    chart = roofline(lowered(spec, 2, 32), device, device.precision, depth)
    peak = device.peak(device.precision)
    rows = [row for row in rows_of(chart) if row["flop_per_s"]]
    points = points_of(chart).points
    assert [(point.x, point.y, point.area) for point in points] == [
        (row["intensity"], row["flop_per_s"], row["share"]) for row in rows
    ]
    for point in points:
        assert point.y <= min(peak, point.x * device.bandwidth) * (1 + 1e-9)
    assert sum(row["share"] for row in rows_of(chart)) == pytest.approx(1)


def test_the_stages_of_a_net_are_those_of_the_table_of_the_command() -> None:
    answer, chart = ri.roofline("resnet50", device="a100"), ri.plot("roofline", "resnet50", device="a100").chart
    table = answer.tables[0]
    keys = [column.key for column in table.columns]
    floors_ms = [row[keys.index("floor_ms")] for row in table.rows]
    assert [row["ms"] for row in rows_of(chart)] == pytest.approx(floors_ms)


def test_what_was_measured_is_drawn_below_what_the_device_allows() -> None:
    drawn = ri.plot("roofline", record=record(result())).chart
    expected = floors(ri.lower("resnet50", batch_size=256), find_device("h200"), "bf16")
    for row in rows_of(drawn):
        stage = str(row["stage"])
        assert row["ms"] == STAGE_MS[stage]
        assert row["flop_per_s"] == pytest.approx(1e3 * expected[stage].flop / STAGE_MS[stage])
    gaps = [mark for mark in drawn.marks if isinstance(mark, Line) and mark.dashed]
    assert len(gaps) == len(points_of(drawn).points)
    for gap in gaps:
        (x, low), (same, high) = gap.at
        assert x == same
        assert low <= high


def test_without_times_of_stages_a_record_is_refused_and_says_which_option_gives_them() -> None:
    with pytest.raises(ri.InspectError, match="no times of stages") as refused:
        ri.plot("roofline", record=record(result(stage_ms=None)))
    assert "bench --per stage" in str(refused.value)
    with pytest.raises(ri.InspectError) as refused:
        ri.plot("roofline", depth="layer", record=record(result()))
    assert "bench --per layer" in str(refused.value)
