"""Rows that add up, whatever the calls were."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_results import pairs

from resnet_inspect import sources
from resnet_inspect.benchmark.breakdown import (
    CLOSURE,
    OUTSIDE_MS,
    Part,
    break_down,
    closes_within,
    layers_of,
    middle_half,
    stages_of,
)
from resnet_inspect.benchmark.messages import MarkedCalls
from resnet_inspect.graph.facts.work import work_of

STAGES = (Part("stem", "", 118), Part("layer1", "", 231), Part("head", "", 1))
LAYERS = (Part("conv1", "stem", 118), Part("fc", "head", 1))
times = st.floats(1e-3, 1e3)


def inferences(
    forward_ms: Sequence[Sequence[float]], marked_ms: Sequence[float], plain_ms: Sequence[float]
) -> MarkedCalls:
    """Calls without a loss, a backward pass or an optimizer."""
    forward = tuple((*parts, 0.0) for parts in forward_ms)
    return MarkedCalls(
        forward_ms=forward,
        backward_ms=tuple((0.0,) * len(parts) for parts in forward),
        optimizer_ms=(0.0,) * len(forward),
        total_ms=tuple(map(sum, forward)),
        marked_ms=tuple(marked_ms),
        plain_ms=tuple(plain_ms),
    )


@st.composite
def marked_calls(draw: st.DrawFn) -> MarkedCalls:
    """Calls of three parts and a loss, each part of any length, and plain calls in turn."""
    n = draw(st.integers(1, 12))
    training = draw(st.booleans())
    of_training = times if training else st.just(0.0)

    def of_each(call: st.SearchStrategy[tuple[float, ...]]) -> tuple[tuple[float, ...], ...]:
        return tuple(draw(st.lists(call, min_size=n, max_size=n)))

    forward = of_each(st.tuples(times, times, times, of_training))
    backward = of_each(st.tuples(*[of_training] * 4))
    optimizer = tuple(draw(st.lists(of_training, min_size=n, max_size=n)))
    total = tuple(sum(f) + sum(b) + o for f, b, o in zip(forward, backward, optimizer, strict=True))
    plain = tuple(draw(st.lists(times, min_size=n, max_size=n)))
    return MarkedCalls(forward, backward, optimizer, total, tuple(1.001 * ms for ms in total), plain)


@given(marked_calls())
def test_rows_loss_and_optimizer_add_up_to_the_total(calls: MarkedCalls) -> None:
    breakdown = break_down(calls, STAGES)
    rows_ms = sum(row.ms for row in breakdown.rows)
    assert rows_ms + (breakdown.loss_ms or 0.0) + (breakdown.optimizer_ms or 0.0) == pytest.approx(breakdown.total_ms)
    assert breakdown.closure == pytest.approx(1 / 1.001)
    assert [(row.name, row.macs) for row in breakdown.rows] == [(part.name, part.macs) for part in STAGES]
    assert [row.share for row in breakdown.rows] == pytest.approx(
        [row.ms / breakdown.total_ms for row in breakdown.rows]
    )
    assert breakdown.iterations == len(calls.total_ms) - 2 * (len(calls.total_ms) // 4)
    for row in breakdown.rows:
        if breakdown.of_training:
            assert (row.forward_ms or 0.0) + (row.backward_ms or 0.0) == pytest.approx(row.ms)
        else:
            assert (row.forward_ms, row.backward_ms) == (None, None)


def test_medians_of_parts_would_not_add_up_where_means_over_common_calls_do() -> None:
    forward = [[9.0, 1.0, 1.0], [1.0, 9.0, 1.0], [1.0, 1.0, 9.0]]
    breakdown = break_down(inferences(forward, [11.0] * 3, [11.0] * 3), STAGES)
    assert sum(row.ms for row in breakdown.rows) == pytest.approx(11.0), "the medians add up to 3"


def test_a_training_steps_loss_and_optimizer_stand_apart_from_the_rows() -> None:
    calls = MarkedCalls(((3.0, 2.0, 1.0),), ((5.0, 4.0, 2.0),), (3.0,), (20.0,), (25.0,), (20.0,))
    breakdown = break_down(calls, LAYERS)
    assert [(row.name, row.stage, row.ms) for row in breakdown.rows] == [("conv1", "stem", 8.0), ("fc", "head", 6.0)]
    assert (breakdown.rows[0].forward_ms, breakdown.rows[0].backward_ms) == (3.0, 5.0)
    assert (breakdown.loss_ms, breakdown.optimizer_ms, breakdown.of_training) == (3.0, 3.0, True)
    assert (breakdown.closure, breakdown.instrumentation) == (0.8, 0.25), "by the clock outside"


def test_an_inference_has_neither_loss_nor_optimizer_and_a_stage_has_no_stage() -> None:
    breakdown = break_down(pairs(), STAGES[:2])
    assert (breakdown.loss_ms, breakdown.optimizer_ms, breakdown.of_training) == (None, None, False)
    assert [row.stage for row in breakdown.rows] == [None, None]


def test_a_machine_that_changes_its_speed_is_no_cost_of_the_marks() -> None:
    plain = [10.0, 10.0, 16.0, 16.0, 16.0]
    marked = [1.01 * ms for ms in plain]
    breakdown = break_down(inferences([[ms, 0.0, 0.0] for ms in marked], marked, plain), STAGES)
    assert breakdown.instrumentation == pytest.approx(0.01)


def test_a_part_that_no_mark_saw_is_missing_from_the_sum() -> None:
    """Marks alone cannot tell: what lies between the first and the last adds up whatever they leave out."""
    breakdown = break_down(inferences([[3.0, 2.0, 1.0]] * 4, [8.0] * 4, [8.0] * 4), STAGES)
    assert (breakdown.total_ms, breakdown.closure) == (6.0, 0.75)
    assert abs(breakdown.closure - 1) > closes_within(breakdown, "cpu")


def test_the_bound_is_a_thousandth_or_what_a_clock_outside_costs() -> None:
    def of(total_ms: float, kind: str) -> float:
        return closes_within(replace(break_down(pairs(), STAGES[:2]), total_ms=total_ms), kind)

    assert of(1000.0, "cpu") == CLOSURE
    assert of(2.0, "cpu") == OUTSIDE_MS["cpu"] / 2
    assert of(2.0, "cuda") == OUTSIDE_MS["cuda"] / 2


def test_the_parts_of_a_net_are_its_stages_and_its_calls() -> None:
    graph = sources.graph_of(sources.find("resnet18"))
    stages, layers = stages_of(graph), layers_of(graph)
    assert [part.name for part in stages] == ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert [part.name for part in layers] == [node.name for node in graph.nodes[1:]]
    for parts in stages, layers:
        assert sum(part.macs for part in parts) == work_of(graph).macs
    assert {part.stage for part in layers} == {part.name for part in stages}
    assert {part.stage for part in stages} == {""}


@given(st.lists(times, min_size=1, max_size=40))
def test_the_middle_half_is_neither_the_quickest_nor_the_slowest(totals: list[float]) -> None:
    kept = middle_half(totals)
    inside = sorted(totals[i] for i in kept)
    outside = [total for i, total in enumerate(totals) if i not in kept]
    assert len(outside) == 2 * (len(totals) // 4)
    assert sum(total <= inside[0] for total in outside) >= len(totals) // 4
    assert sum(total >= inside[-1] for total in outside) >= len(totals) // 4
