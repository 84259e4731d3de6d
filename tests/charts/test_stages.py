"""The bars of stages: each is whole, and its parts are the shares of the summary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage_times import STAGE_MS, record, result
from strategies import law, lowered, specs

import resnet_inspect as ri
from resnet_inspect.chart import COLORS, Bars, Chart
from resnet_inspect.charts.stages import OTHERS, stages
from resnet_inspect.hardware.devices import DEVICES
from resnet_inspect.hardware.floor import floors_ms


def bars_of(chart: Chart) -> list[Bars]:
    return [mark for mark in chart.marks if isinstance(mark, Bars)]


@law(30)
@given(specs(), st.none() | st.sampled_from([*DEVICES]))
def test_every_bar_is_whole_and_every_total_exact(spec, device) -> None:
    graph = lowered(spec, 2, 32)
    chart = stages(graph, device.precision if device else "fp32", device)
    for position in range(len(chart.y.categories)):
        assert sum(length for bars in bars_of(chart) for at, length in bars.at if at == position) == pytest.approx(1)
    totals = dict(zip((column.key for column in chart.table.columns), chart.table.total, strict=True))
    answer = {fact.key: fact.value for fact in ri.summary(spec, (2, spec.in_channels, 32, 32)).facts}
    assert (totals["params"], totals["macs"]) == (answer["params"], answer["macs"])
    if device:
        assert totals["floor_ms"] == pytest.approx(floors_ms(graph, device, device.precision)[0])


def test_more_stages_than_colours_leave_the_smallest_as_one() -> None:
    chart = ri.plot("stages", ri.ResNetSpec(block="basic", depths=(1,) * 12, widths=(8,) * 12, strides=(1,) * 12)).chart
    labels = [bars.label for bars in bars_of(chart)]
    assert len(labels) == COLORS
    assert labels[-1] == OTHERS
    assert len(chart.table.rows) == 14


def test_a_record_adds_the_time_measured_or_says_which_option_gives_it() -> None:
    chart = ri.plot("stages", record=record(result())).chart
    keys = [column.key for column in chart.table.columns]
    assert {row[0]: row[keys.index("measured_ms")] for row in chart.table.rows} == STAGE_MS
    with pytest.raises(ri.InspectError) as refused:
        ri.plot("stages", record=record(result(stage_ms=None)))
    assert "bench --per stage" in str(refused.value)
