"""Rows that add up, whatever the calls were."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_inspect.benchmark.breakdown import CLOSURE, OUTSIDE_MS, Part, closes_within, ledger, middle_half

STAGES = [Part("stem", "", 118), Part("layer1", "", 231), Part("head", "", 1)]
LAYERS = [Part("conv1", "stem", 118), Part("fc", "head", 1)]
times = st.floats(1e-3, 1e3)


@st.composite
def said(draw: st.DrawFn) -> dict[str, Any]:
    """Calls of three parts and a loss, each marked part of any length, beside plain calls."""
    n = draw(st.integers(1, 12))
    training = draw(st.booleans())
    forward = [[*draw(st.lists(times, min_size=3, max_size=3)), draw(times) if training else 0.0] for _ in range(n)]
    backward = [draw(st.lists(times, min_size=4, max_size=4)) if training else [0.0] * 4 for _ in range(n)]
    optimizer = [draw(times) if training else 0.0 for _ in range(n)]
    total = [sum(f) + sum(b) + o for f, b, o in zip(forward, backward, optimizer, strict=True)]
    plain = [draw(times) for _ in range(n)]
    parts = {"forward": forward, "backward": backward, "optimizer": optimizer}
    return {**parts, "total": total, "marked": [1.001 * ms for ms in total], "plain": plain}


@given(said())
def test_rows_and_optimizer_add_up_to_the_total(calls: dict[str, Any]) -> None:
    found = ledger(calls, STAGES)
    rows = sum(row["ms"] for row in found["rows"])
    assert rows + found.get("loss_ms", 0.0) + found.get("optimizer_ms", 0.0) == pytest.approx(found["total_ms"])
    assert found["closure"] == pytest.approx(1 / 1.001)
    assert [row["name"] for row in found["rows"]] == ["stem", "layer1", "head"]
    assert found["iterations"] == len(calls["total"]) - 2 * (len(calls["total"]) // 4)
    for row in found["rows"]:
        if "forward_ms" in row:
            assert row["forward_ms"] + row["backward_ms"] == pytest.approx(row["ms"])


def test_medians_of_parts_would_not_add_up_where_means_over_common_calls_do() -> None:
    forward = [[9.0, 1.0, 1.0, 0.0], [1.0, 9.0, 1.0, 0.0], [1.0, 1.0, 9.0, 0.0]]
    calls = {"forward": forward, "backward": [[0.0] * 4] * 3, "optimizer": [0.0] * 3,
             "total": [11.0] * 3, "marked": [11.0] * 3, "plain": [11.0] * 3}  # fmt: skip
    assert sum(row["ms"] for row in ledger(calls, STAGES)["rows"]) == pytest.approx(11.0), "the medians add up to 3"


def test_a_training_steps_loss_and_optimizer_stand_beside_the_rows() -> None:
    calls = {"forward": [[3.0, 2.0, 1.0]], "backward": [[5.0, 4.0, 2.0]], "optimizer": [3.0],
             "total": [20.0], "marked": [25.0], "plain": [20.0]}  # fmt: skip
    found = ledger(calls, LAYERS)
    assert [(row["name"], row["stage"], row["ms"]) for row in found["rows"]] == [
        ("conv1", "stem", 8.0), ("fc", "head", 6.0)
    ]  # fmt: skip
    assert (found["rows"][0]["forward_ms"], found["rows"][0]["backward_ms"]) == (3.0, 5.0)
    assert (found["loss_ms"], found["optimizer_ms"]) == (3.0, 3.0)
    assert (found["closure"], found["instrumentation"]) == (0.8, 0.25), "by the clock outside"


def test_a_machine_that_changes_its_speed_is_no_cost_of_the_marks() -> None:
    plain = [10.0, 10.0, 16.0, 16.0, 16.0]
    marked = [1.01 * ms for ms in plain]
    calls = {"forward": [[ms, 0.0, 0.0, 0.0] for ms in marked], "backward": [[0.0] * 4] * 5,
             "optimizer": [0.0] * 5, "total": marked, "marked": marked, "plain": plain}  # fmt: skip
    assert ledger(calls, STAGES)["instrumentation"] == pytest.approx(0.01)


def test_a_part_that_no_mark_saw_is_missing_from_the_sum() -> None:
    """Marks alone cannot tell: what lies between the first and the last adds up whatever they leave out."""
    calls = {"forward": [[3.0, 2.0, 1.0, 0.0]] * 4, "backward": [[0.0] * 4] * 4, "optimizer": [0.0] * 4,
             "total": [6.0] * 4, "marked": [8.0] * 4, "plain": [8.0] * 4}  # fmt: skip
    found = ledger(calls, STAGES)
    assert (found["total_ms"], found["closure"]) == (6.0, 0.75)
    assert abs(found["closure"] - 1) > closes_within(found, "cpu")


def test_the_bound_is_a_thousandth_or_what_a_clock_outside_costs() -> None:
    assert closes_within({"total_ms": 1000.0}, "cpu") == CLOSURE
    assert closes_within({"total_ms": 2.0}, "cpu") == OUTSIDE_MS["cpu"] / 2
    assert closes_within({"total_ms": 2.0}, "cuda:1") == OUTSIDE_MS["cuda"] / 2


@given(st.lists(times, min_size=1, max_size=40))
def test_the_middle_half_is_neither_the_quickest_nor_the_slowest(totals: list[float]) -> None:
    kept = middle_half(totals)
    inside = sorted(totals[i] for i in kept)
    outside = [total for i, total in enumerate(totals) if i not in kept]
    assert len(outside) == 2 * (len(totals) // 4)
    assert sum(total <= inside[0] for total in outside) >= len(totals) // 4
    assert sum(total >= inside[-1] for total in outside) >= len(totals) // 4
