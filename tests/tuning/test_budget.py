"""A search keeps its budget, whatever its workers take: what cannot be decided in time is said to be open."""

import pytest
from fake_track import DEFAULT, PROBE, Machine
from hypothesis import given
from hypothesis import strategies as st
from raw_results import MACHINE
from strategies import law

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Record
from resnet_inspect.sources import find
from resnet_inspect.tuning import run as tuning
from resnet_inspect.tuning.run import Request, run
from resnet_inspect.tuning.tune import NO_GAIN, Search

TOLERANCE = 0.2  # of the budget


def ms(case: Case) -> float:
    return 50.0 * case.batch_size**0.9 * (0.8 if case.layout == "channels_last" else 1.0)


def searched(machine: Machine, **request: object) -> tuple[Search, Record]:
    """A search by workers of ``machine``, whose clock is the search's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "probe", lambda device: PROBE)
        patch.setattr(tuning, "find_impossible", lambda space, device: {})
        patch.setattr(tuning.machines, "read", lambda: MACHINE)
        patch.setattr(tuning.machines, "usable_cpus", lambda of: 2)
        patch.setattr(tuning, "ProcessWorker", lambda job: machine.start(job.case))
        patch.setattr(tuning, "CLOCK", lambda: machine.seconds)
        asked = Request(**({"net": find("resnet18"), "wanted": "latency"} | request))  # type: ignore[arg-type]  # fields of a Request
        return run(asked, lambda record: None, lambda line: None, lambda ended, planned: None)


@law(60)
@given(
    budget_s=st.floats(1, 600),
    start_s=st.floats(0, 60),
    compile_s=st.floats(0, 300),
    round_s=st.floats(0.3, 20),
    wanted=st.sampled_from(["latency", "throughput"]),
    bound_ms=st.sampled_from([None, 45.0, 200.0]),
)
def test_no_search_takes_more_than_its_budget_and_a_fifth(
    budget_s: float, start_s: float, compile_s: float, round_s: float, wanted: str, bound_ms: float | None
) -> None:
    machine = Machine(ms, start_s=lambda case: start_s + compile_s * case.is_compiled)
    machine.round_s = round_s
    narrow = {"threads": (2,), "precision": ("fp32",)}
    search, _ = searched(machine, budget_s=budget_s, wanted=wanted, max_latency_ms=bound_ms, among=narrow)
    assert machine.seconds <= (1 + TOLERANCE) * budget_s
    unmeasured = [case for case, outcome in search.outcomes.items() if outcome.fate == "unreached"]
    assert not (unmeasured and search.decided)
    assert not {*unmeasured} & {*search.raws}


@pytest.mark.parametrize(
    ("budget_s", "gain_is_known"),
    [
        (20.0, False),  # two workers and three rounds of each take 14 s: more than half
        (60.0, True),
    ],
)
def test_time_is_kept_for_the_last_race_where_that_leaves_the_others_half(budget_s: float, gain_is_known: bool) -> None:
    machine = Machine(ms, start_s=lambda case: 5.0)
    machine.round_s = 0.7
    search, _ = searched(machine, budget_s=budget_s, among={"mode": ("eager",), "threads": (2,)})
    assert search.winner is not None
    assert (search.gain not in (None, NO_GAIN)) is gain_is_known or search.winner == DEFAULT
    assert not search.decided or gain_is_known


def test_a_compilation_that_outlasts_the_budget_is_ended_and_named() -> None:
    machine = Machine(ms, start_s=lambda case: 100.0 if case.is_compiled else 1.0)
    search, record = searched(machine, budget_s=60.0, among={"threads": (2,), "precision": ("fp32",)})
    whys = {outcome.why for case, outcome in search.outcomes.items() if case.is_compiled}
    assert "the budget was over before it was warm" in whys
    assert search.gain is not None, "the last race had its time all the same"
    assert not search.decided
    assert not any(result.case.is_compiled for result in record.results)


def test_with_time_enough_the_budget_changes_nothing() -> None:
    machine = Machine(ms, start_s=lambda case: 5.0)
    search, _ = searched(machine, budget_s=3600.0)
    assert search.decided
    assert search.winner is not None
    assert search.winner.layout == "channels_last"
    assert machine.seconds < 600
