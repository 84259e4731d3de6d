"""Why a case need not run: each reason is an argument that holds of every machine of its kind."""

from dataclasses import replace

import pytest
from fake_track import DEFAULT, PROBE
from hypothesis import assume, given
from hypothesis import strategies as st
from raw_results import GPU, MACHINE, raw

import resnet_inspect as ri
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compiler import refuse_without_compiler
from resnet_inspect.errors import MachineError
from resnet_inspect.hardware.devices import find_by_torch_name
from resnet_inspect.hardware.floor import floors_ms
from resnet_inspect.tuning.goal import Goal, least_call_ms
from resnet_inspect.tuning.prune import BY_PROFILE, reason_to_prune
from resnet_inspect.tuning.run import find_impossible
from resnet_inspect.tuning.space import space_of
from resnet_inspect.vocabulary import ELEMENT_BYTES

GRAPH = ri.lower("resnet50")
LATENCY = Goal("latency", 0.05)


def prune(case: Case, goal: Goal = LATENCY, champion_ms: float | None = None, least: float = 0.0, peak: int = 0) -> str:
    champion = None if champion_ms is None else raw(latency_ms=[[champion_ms]] * 5)
    return reason_to_prune(case, DEFAULT, goal, champion, lambda _: peak, lambda _: least)


@given(st.floats(0.1, 100), st.floats(0.1, 100))
def test_a_case_is_pruned_only_where_its_least_time_is_above_the_leaders(least: float, champion: float) -> None:
    """With equal rounds the leader's interval is its time."""
    assume(abs(least / champion - 1) > 1e-9)
    assert bool(prune(DEFAULT, champion_ms=champion, least=least)) is (least > champion)


def test_the_leaders_time_is_the_upper_end_of_its_interval() -> None:
    noisy = raw(latency_ms=[[8.0], [10.0], [12.0], [10.0]])
    for least, pruned in (10.5, False), (12.0, False), (14.0, True):
        reason = reason_to_prune(DEFAULT, DEFAULT, LATENCY, noisy, lambda _: 0, lambda _, least=least: least)
        assert bool(reason) is pruned


@given(st.integers(1, 64))
def test_throughput_counts_an_image(batch: int) -> None:
    champion = replace(raw(), case=replace(DEFAULT, batch_size=1))  # 10 ms an image, back to back
    case = replace(DEFAULT, batch_size=batch)
    for each, pruned in (9.9, False), (10.1, True):
        goal = Goal("throughput", 0.05)
        reason = reason_to_prune(case, DEFAULT, goal, champion, lambda _: 0, lambda _, ms=each * batch: ms)
        assert bool(reason) is pruned


def test_a_bound_prunes_what_cannot_meet_it_but_not_the_default() -> None:
    goal, other = Goal("latency", 0.05, max_latency_ms=5.0), replace(DEFAULT, layout="channels_last")
    assert prune(other, goal, least=5.1) == "no call takes less than 5.10 ms, over --max-latency-ms"
    assert prune(other, goal, least=4.9) == prune(DEFAULT, goal, least=5.1) == ""


@given(st.floats(0.1, 100), st.floats(0.1, 100), st.sampled_from(["latency", "throughput"]))
def test_a_profile_prunes_only_where_its_low_end_is_above_the_leaders_time(low: float, each: float, goal: str) -> None:
    """``each`` is the leader's time of a call, or of an image back to back."""
    assume(abs(low / each - 1) > 1e-9)
    leader = replace(raw(latency_ms=[[each]] * 5, block_ms=6 * each), case=DEFAULT)
    aim = Goal(goal, 0.05)  # type: ignore[arg-type]  # one of the two
    reason = reason_to_prune(DEFAULT, DEFAULT, aim, leader, lambda _: 0, lambda _: 0.0, foreseen_ms=low)
    assert reason.startswith(BY_PROFILE) is bool(reason) is (low > each)


def test_predicted_memory_prunes_an_eager_case_alone() -> None:
    goal, compiled = Goal("latency", 0.05, max_memory_bytes=2**20), replace(DEFAULT, mode="compile")
    assert prune(DEFAULT, goal, peak=2**21) == "predicted peak 2.00 MiB, over --max-memory"
    assert prune(compiled, goal, peak=2**21) == prune(DEFAULT, goal, peak=2**20) == ""


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16", "tf32"])
def test_the_least_time_on_a_gpu_is_below_the_floor_of_its_data_sheet(precision: str) -> None:
    gpu = replace(GPU, name="NVIDIA H200")
    device = find_by_torch_name("NVIDIA H200")
    assert device is not None
    case = replace(DEFAULT, device="cuda:0", precision=precision)
    floor, _ = floors_ms(GRAPH, device, precision)  # type: ignore[arg-type]  # one of the list
    assert precision in ELEMENT_BYTES
    assert 0 < least_call_ms(case, GRAPH, MACHINE, gpu) <= floor


def test_of_an_unknown_gpu_nothing_is_known() -> None:
    for gpu in None, replace(GPU, name="a device of tomorrow"), replace(GPU, name=None):
        assert least_call_ms(replace(DEFAULT, device="cuda:0"), GRAPH, MACHINE, gpu) == 0.0


def test_a_missing_compiler_prunes_and_where_it_was_asked_for_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(MachineError) as error:
        refuse_without_compiler("cpu")
    assert find_impossible(space_of(PROBE, 2, {}, False), "cpu") == {"compile": error.value.message}
    assert find_impossible(space_of(PROBE, 2, {"mode": ("eager",)}, False), "cpu") == {}
    with pytest.raises(MachineError, match="no-such-compiler"):
        find_impossible(space_of(PROBE, 2, {"mode": ("eager", "compile")}, False), "cpu")
