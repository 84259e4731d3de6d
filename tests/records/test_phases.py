"""The phases of a training step: each has its interval, and where they do not add up to the step, that is said."""

from dataclasses import replace

import pytest
from raw_results import raw, record, result, rounds, trained

from resnet_inspect.benchmark.messages import Phases
from resnet_inspect.benchmark.record import Result
from resnet_inspect.records.bench import bench

STEPS = tuple((6.0 + x, 3.0 - x, 1.0) for x in (-0.2, -0.1, 0.0, 0.1, 0.2))


def step(times: float = 1.0, latency_ms: float = 10.0) -> Result:
    """A step of 10 ms, ``times`` slower while its phases were timed."""
    samples = tuple((times * a, times * b, times * c) for a, b, c in STEPS)
    phases = Phases(6.0 * times, 3.0 * times, 1.0 * times, 10.0 * times, samples)
    return result(trained(raw(phases=phases, latency_ms=rounds(*[latency_ms, 1.01 * latency_ms] * 2))))


def test_each_phase_and_the_step_have_the_interval_of_their_means() -> None:
    (table,) = [table for table in bench(record(step())).tables if table.key == "phases"]
    cells = dict(zip([column.key for column in table.columns], table.rows[0], strict=True))
    half_ms = 2.776 * 0.158114 / 5**0.5  # Student's t of 4 degrees of freedom, the phases' standard deviation
    assert cells["forward_ci95"] == pytest.approx(half_ms / 6.0, rel=1e-3)
    assert cells["backward_ci95"] == pytest.approx(half_ms / 3.0, rel=1e-3)
    assert (cells["optimizer_ci95"], cells["step_ci95"]) == (0.0, pytest.approx(0.0, abs=1e-9))
    assert cells["step_ms"] == pytest.approx(cells["forward_ms"] + cells["backward_ms"] + cells["optimizer_ms"])


def test_an_earlier_versions_phases_have_no_interval_and_no_column_for_one() -> None:
    old = replace(step(), phases=Phases(6.0, 3.0, 1.0, 10.0))
    report = bench(record(old))
    (table,) = [table for table in report.tables if table.key == "phases"]
    assert [column.key for column in table.columns] == ["case", "forward_ms", "backward_ms", "optimizer_ms", "step_ms"]
    assert not any("phases" in note for note in report.notes)


@pytest.mark.parametrize(("times", "told"), [(1.0, False), (1.25, True), (0.7, True)])
def test_phases_that_do_not_add_up_to_the_step_of_the_rounds_are_said_to(times: float, told: bool) -> None:
    notes = [note for note in bench(record(step(times))).notes if "add up to" in note]
    assert bool(notes) is told
    if told:
        assert f"add up to {10 * times:.{1 if times > 1 else 2}f} ms" in notes[0]
        assert "10.0 ms to 10.1 ms" in notes[0]
