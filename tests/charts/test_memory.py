"""Memory over a pass: the stack's highest point is the peak that ``memory`` predicts, at the call that it names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law, lowered, specs

import resnet_inspect as ri
from resnet_inspect.chart import Area, Chart, Points, Rule
from resnet_inspect.charts.memory import MOST, memory
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.facts.memory import memory_course, memory_peak
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.vocabulary import OPTIMIZERS, PRECISIONS


def stacked(chart: Chart) -> list[float]:
    areas = [mark for mark in chart.marks if isinstance(mark, Area)]
    return [sum(heights) for heights in zip(*([height for _, height in area.at] for area in areas), strict=True)]


def facts_of(answer: ri.Answer) -> dict[str, object]:
    return {fact.key: fact.value for fact in answer.facts}


@law(40)
@given(
    specs(),
    st.sampled_from(["infer", "train"]),
    st.sampled_from(PRECISIONS),
    st.sampled_from(OPTIMIZERS),
    st.sampled_from([0, 0.9]),
)
def test_the_highest_moment_of_a_pass_is_its_peak(spec, task, precision, optimizer, momentum) -> None:
    graph = lowered(spec, 2, 32)
    try:
        moment, peak = memory_peak(graph, task, precision, optimizer, momentum)
    except ShapeError:
        return
    course = [*memory_course(graph, task, precision, optimizer, momentum)]
    assert max(alive.peak_bytes for _, _, alive in course) == peak.peak_bytes
    assert (moment.node, moment.phase, peak) in course
    chart = memory(graph, task, precision, optimizer, momentum)
    assert max(stacked(chart)) == peak.peak_bytes
    (point,) = next(mark for mark in chart.marks if isinstance(mark, Points)).points
    assert point.y == peak.peak_bytes
    assert moment.node in point.text


@pytest.mark.parametrize("options", [{}, {"task": "train", "batch_size": 8}, {"precision": "fp16", "folded": True}])
def test_the_picture_shows_what_the_command_says(options) -> None:
    facts, chart = facts_of(ri.memory("resnet50", **options)), ri.plot("memory", "resnet50", **options).chart
    assert max(stacked(chart)) == facts["peak_bytes"]
    assert str(facts["peak_node"]) in chart.alt
    keys = [column.key for column in chart.table.columns]
    (highest,) = [row for row in chart.table.rows if row[keys.index("bytes")] == facts["peak_bytes"]]
    for key in keys[4:]:
        assert highest[keys.index(key)] == facts[key]


def test_a_deep_net_keeps_its_peak_and_a_small_picture() -> None:
    graph = ri.lower("resnet152", batch_size=2)
    chart = memory(graph, "train")
    assert len(stacked(chart)) <= MOST + 1
    assert max(stacked(chart)) == memory_peak(graph, "train")[1].peak_bytes
    assert len(ri.plot("memory", "resnet152", task="train", batch_size=2).svg) < 60_000


def test_a_limit_in_sight_is_drawn_and_any_is_told() -> None:
    graph = ri.lower("resnet50", batch_size=256)
    device = find_device("t4")
    near = memory(graph, "train", device=device)
    (rule,) = [mark for mark in near.marks if isinstance(mark, Rule) and mark.way == "y"]
    assert rule.at == device.memory_bytes
    far = memory(ri.lower("resnet18"), device=device)
    assert not [mark for mark in far.marks if isinstance(mark, Rule)]
    assert "T4" in far.alt
