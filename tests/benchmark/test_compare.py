"""Outcomes: what each means, and how often each is wrong on noise whose truth is known."""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_results import CPU_ROUND, FINISHED, raw, result, rounds

from resnet_inspect.benchmark.compare import DELTA, Outcome, combine, compare, compare_results
from resnet_inspect.benchmark.record import Result, metric
from resnet_inspect.benchmark.statistics import Rounds, summarize

LAW = settings(deadline=None, max_examples=50)

durations = st.floats(0.1, 100)
some_rounds = st.lists(st.lists(durations, min_size=1, max_size=10), min_size=1, max_size=4)


def centres(rng: random.Random, shift: float = 0.0) -> list[float]:
    """Five of them, round 10 ms."""
    return [10 * (1 + rng.gauss(0, shift)) for _ in range(5)]


def noise(rng: random.Random, around: list[float], sd: float = 0.03, scale: float = 1.0) -> list[list[float]]:
    """20 normal samples round each centre; ``sd`` is relative."""
    return [[scale * centre * (1 + rng.gauss(0, sd)) for _ in range(20)] for centre in around]


def outcomes(
    delta: float, sd: float, scale: float = 1.0, shift: float = 0.0, paired: bool = False, seed: int = 1
) -> Counter[Outcome]:
    """A hundred comparisons of a thing with itself, but ``scale`` times slower."""
    rng = random.Random(seed)
    counts: Counter[Outcome] = Counter()
    for number in range(100):
        around = centres(rng, shift)
        old, new = noise(rng, around, sd), noise(rng, around if paired else centres(rng, shift), sd, scale)
        counts[compare(old, new, delta, number, paired, resamples=200).outcome] += 1
    return counts


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize(
    ("device", "sd", "shift", "same"),
    [("cpu", 0.03, 0, 98), ("cpu", 0.1, 0, 0), ("cpu", 0.03, 0.05, 0), ("cuda", 0.01, 0, 98), ("cuda", 0.01, 0.01, 0)],
)
def test_a_thing_is_neither_slower_nor_faster_than_itself(
    device: str, sd: float, shift: float, same: int, paired: bool
) -> None:
    counts = outcomes(DELTA[device], sd, shift=shift, paired=paired)
    assert counts["SAME"] + counts["INCONCLUSIVE"] >= 98
    assert counts["SAME"] >= same


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize(
    ("device", "change", "sd", "shift"),
    [("cpu", 0.1, 0.03, 0), ("cpu", 0.1, 0.03, 0.01), ("cuda", 0.05, 0.01, 0.003)],
)
def test_a_planted_change_is_found(device: str, change: float, sd: float, shift: float, paired: bool) -> None:
    assert outcomes(DELTA[device], sd, 1 + change, shift, paired)["SLOWER"] >= 95
    assert outcomes(DELTA[device], sd, 1 - change, shift, paired)["FASTER"] >= 95


def test_pairs_find_what_differences_between_rounds_hide() -> None:
    assert outcomes(DELTA["cpu"], 0.03, 1.1, shift=0.05, paired=True)["SLOWER"] >= 95
    assert outcomes(DELTA["cpu"], 0.03, 1.1, shift=0.05, paired=False)["SLOWER"] < 60


@pytest.mark.parametrize(("new", "outcome"), [(10.6, "SLOWER"), (9.4, "FASTER"), (10.4, "SAME"), (9.6, "SAME")])
def test_without_noise_delta_alone_decides(new: float, outcome: Outcome) -> None:
    comparison = compare([[10.0] * 3] * 2, [[new] * 3] * 2, 0.05)
    assert (comparison.outcome, comparison.delta) == (outcome, 0.05)
    assert comparison.low == comparison.high == comparison.ratio == new / 10


def test_an_interval_across_a_limit_is_inconclusive() -> None:
    above = compare([[10.0] * 5] * 5, [[10.0, 10.0, 11.0, 11.0]] * 5, 0.05)
    assert 0.95 < above.low < 1.05 < above.high
    below = compare([[10.0] * 5] * 5, [[9.0, 9.0, 10.0, 10.0]] * 5, 0.05)
    assert below.low < 0.95 < below.high < 1.05
    assert above.outcome == below.outcome == "INCONCLUSIVE"


@LAW
@given(some_rounds, some_rounds, st.integers(0, 99))
def test_an_outcome_is_what_the_interval_says(old: list[list[float]], new: list[list[float]], seed: int) -> None:
    comparison = compare(old, new, 0.05, seed, resamples=50)
    assert comparison.ratio == summarize(new).median / summarize(old).median
    assert comparison.low <= comparison.high
    assert (comparison.outcome == "SLOWER") == (comparison.low > 1.05)
    assert (comparison.outcome == "FASTER") == (comparison.high < 0.95)
    assert (comparison.outcome == "SAME") == (comparison.low >= 0.95 and comparison.high <= 1.05)
    assert compare(old, new, 0.05, seed, resamples=50) == comparison


@LAW
@given(some_rounds, some_rounds, st.integers(-8, 8))
def test_a_comparison_does_not_depend_on_the_unit(old: list[list[float]], new: list[list[float]], power: int) -> None:
    scaled_old, scaled_new = ([[x * 2.0**power for x in r] for r in rounds] for rounds in (old, new))
    assert compare(scaled_old, scaled_new, 0.05, resamples=50) == compare(old, new, 0.05, resamples=50)


@LAW
@given(st.lists(durations, min_size=1, max_size=6), st.floats(0.5, 2))
def test_what_slows_a_round_cancels_out_in_pairs(around: list[float], scale: float) -> None:
    old, new = [[x] * 3 for x in around], [[x * scale] * 3 for x in around]
    comparison = compare(old, new, 0.05, paired=True, resamples=50)
    assert comparison.ratio == pytest.approx(scale)
    if len({*around}) == 1:
        assert (comparison.low, comparison.high) == pytest.approx((scale, scale))


def test_old_for_new_turns_the_outcome_round() -> None:
    rng = random.Random(2)
    old, new = noise(rng, centres(rng)), noise(rng, centres(rng), scale=1.2)
    assert compare(old, new, 0.05).outcome == "SLOWER"
    assert compare(new, old, 0.05).outcome == "FASTER"


def test_other_numbers_of_rounds_can_be_compared_but_not_paired() -> None:
    rng = random.Random(3)
    old, new = noise(rng, centres(rng)), noise(rng, centres(rng)[:2])
    assert compare(old, new, 0.05).outcome == "SAME"
    with pytest.raises(ValueError, match=r"^paired rounds: 5 old, 2 new$"):
        compare(old, new, 0.05, paired=True)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ([], [[1.0]], r"^old: no rounds$"),
        ([[1.0]], [[1.0], []], r"^new: round 2 of 2 has no samples$"),
        ([[1.0]], [[float("inf")]], r"^new: round 1 of 1 has a sample that is not finite$"),
        ([[1.0, 0.0]], [[1.0]], r"^old: a sample is not positive$"),
    ],
)
def test_an_error_names_the_side_and_what_is_missing(old: Rounds, new: Rounds, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare(old, new, 0.05)


@pytest.mark.parametrize(("ratio", "outcome"), [(1.0, "SAME"), (1.2, "INCONCLUSIVE"), (0.8, "INCONCLUSIVE")])
def test_a_difference_on_a_crowded_cpu_decides_nothing(ratio: float, outcome: str) -> None:
    old = [[10.0, 10.1, 9.9]] * 5
    new = [[ratio * ms for ms in samples] for samples in old]
    crowded = compare(old, new, 0.05, doubt="crowded")
    assert (crowded.outcome, crowded.reason) == (outcome, "" if outcome == "SAME" else "crowded")
    assert compare(old, new, 0.05).ratio == crowded.ratio


def paced(rng: random.Random, pace: float) -> list[float]:
    return [pace * (1 + rng.gauss(0, 0.003)) for _ in range(5)]


@pytest.mark.parametrize(
    ("slower", "machine", "outcome"),
    [
        (1.0, 1.0, "SAME"),
        (1.2, 1.0, "SLOWER"),
        (1.2, 1.2, "INCONCLUSIVE"),  # all of it may be the machine's
        (1.0, 1.2, "INCONCLUSIVE"),  # it hid that the net has become faster, or the reference workload does not fit
        (0.7, 0.8, "FASTER"),  # as measured, and still where the machine is allowed for
        (1.2, 0.9, "SLOWER"),
    ],
)
def test_a_difference_counts_where_it_is_more_than_the_machines_own(
    slower: float, machine: float, outcome: str
) -> None:
    rng = random.Random(4)
    old, new = noise(rng, centres(rng), 0.01), noise(rng, centres(rng), 0.01, slower)
    comparison = compare(old, new, DELTA["cpu"], reference_ms=(paced(rng, 3.0), paced(rng, 3.0 * machine)))
    assert (comparison.outcome, comparison.machine) == (outcome, pytest.approx(machine, rel=0.01))
    assert comparison.low <= comparison.ratio <= comparison.high


def test_a_machine_that_changes_its_pace_makes_nothing_slower_than_itself() -> None:
    rng = random.Random(5)
    wrong = {False: 0, True: 0}
    for number in range(100):
        moved = [1 + abs(rng.gauss(0, 0.08)) for _ in range(2)]
        old, new = (noise(rng, centres(rng), 0.02, pace) for pace in moved)
        reference_ms = paced(rng, moved[0]), paced(rng, moved[1])
        for timed in wrong:
            comparison = compare(
                old, new, DELTA["cpu"], number, resamples=200, reference_ms=reference_ms if timed else None
            )
            wrong[timed] += comparison.outcome in ("SLOWER", "FASTER")
    assert wrong[True] == 0
    assert wrong[False] > 20


@pytest.mark.parametrize("machine", [None, 1.0, 1.2])
@pytest.mark.parametrize("slower", [0.7, 0.9, 1.0, 1.1, 1.4])
def test_an_interval_made_of_two_is_that_of_the_resamples(slower: float, machine: float | None) -> None:
    rng = random.Random(6)
    for _ in range(5):
        old, new = noise(rng, centres(rng, 0.02), 0.03), noise(rng, centres(rng, 0.02), 0.03, slower)
        reference_ms = (paced(rng, 3.0), paced(rng, 3.0 * machine)) if machine else None
        resampled = compare(old, new, DELTA["cpu"], reference_ms=reference_ms)
        made = combine(metric(old, 0), metric(new, 0), DELTA["cpu"], reference_ms=reference_ms)
        assert (made.ratio, made.machine) == (pytest.approx(resampled.ratio), resampled.machine)
        width = resampled.high - resampled.low
        assert (made.low, made.high) == (
            pytest.approx(resampled.low, abs=0.25 * width),
            pytest.approx(resampled.high, abs=0.25 * width),
        )
        assert {made.outcome, resampled.outcome} != {"SLOWER", "FASTER"}


def test_an_interval_made_of_two_calls_the_same_thing_the_same() -> None:
    """A hundred comparisons with itself: as many wrong outcomes are allowed as of the resamples."""
    rng = random.Random(7)
    made = Counter(
        combine(*(metric(noise(rng, centres(rng)), 0) for _ in range(2)), DELTA["cpu"]).outcome for _ in range(100)
    )
    assert made["SLOWER"] + made["FASTER"] <= 2


@pytest.mark.parametrize(
    ("slower", "machine", "sd", "doubt", "reason"),
    [
        (0.411, 1.0, 0.01, "other programs took part of the CPU", "other programs took part of the CPU"),
        (1.2, 1.2, 0.01, "", "the machine changed its pace too"),
        (1.05, 1.0, 0.05, "", "the interval crosses a margin"),
        (1.5, 1.0, 0.01, "", ""),
        (1.0, 1.0, 0.001, "other programs took part of the CPU", ""),  # they can hide no equality
    ],
)
def test_whatever_is_inconclusive_says_why(slower: float, machine: float, sd: float, doubt: str, reason: str) -> None:
    rng = random.Random(8)
    old, new = noise(rng, centres(rng), sd), noise(rng, centres(rng), sd, slower)
    compared = compare(old, new, 0.05, doubt=doubt, reference_ms=(paced(rng, 3.0), paced(rng, 3.0 * machine)))
    assert compared.reason == reason
    assert (compared.outcome == "INCONCLUSIVE") is bool(reason)


def took(ms: float, reference_ms: float = 3.0, **changes: Any) -> Result:
    """A result on a CPU whose calls take so long."""
    states = [replace(CPU_ROUND, reference_ms=(reference_ms,))] * 5
    return result(raw(latency_ms=rounds(*[ms] * 4), states=states, **changes))


def on_cuda(latency_ms: float, device_ms: float, enqueue_ms: float) -> Result:
    times = {"latency_ms": latency_ms, "device_time_ms": device_ms, "enqueue_ms": enqueue_ms}
    return result(raw("cuda:0", block_ms=6 * device_ms, **{name: rounds(*[ms] * 4) for name, ms in times.items()}))


def test_results_are_compared_by_the_devices_time_where_the_host_keeps_ahead_in_both() -> None:
    old, new, waiting = on_cuda(10.0, 9.9, 1.0), on_cuda(13.0, 9.9, 1.0), on_cuda(13.0, 9.9, 9.0)
    ahead, behind = compare_results(old, new, 0), compare_results(old, waiting, 0)
    assert ahead is not None
    assert (ahead.old_ms, ahead.new_ms, ahead.comparison.outcome) == (9.9, 9.9, "SAME")
    assert behind is not None
    assert (behind.old_ms, behind.new_ms, behind.comparison.outcome) == (10.0, 13.0, "SLOWER")


def test_results_on_a_cpu_are_compared_by_their_latency() -> None:
    compared = compare_results(took(10.0), took(12.0), 0)
    assert compared is not None
    assert (compared.old_ms, compared.new_ms, compared.comparison.outcome) == (10.0, 12.0, "SLOWER")
    assert (compared.comparison.delta, compared.comparison.machine) == (DELTA["cpu"], 1.0)


@pytest.mark.parametrize(
    "bad",
    [
        took(12.0, finished=replace(FINISHED, finite=False)),
        took(12.0, status="oom"),
        result(raw(rounds=(), status="oom")),
    ],
)
def test_a_result_without_a_valid_measurement_is_not_compared(bad: Result) -> None:
    assert compare_results(took(10.0), bad, 0) is None
    assert compare_results(bad, took(10.0), 0) is None


def test_a_crowded_or_an_interrupted_run_decides_no_difference() -> None:
    crowded = result(raw(latency_ms=rounds(*[12.0] * 4), states=[replace(CPU_ROUND, cpu_share=0.5)] * 5))
    for new in crowded, took(12.0, stopped="interrupted"):
        compared = compare_results(took(10.0), new, 0)
        assert compared is not None
        assert compared.comparison.outcome == "INCONCLUSIVE"


def test_the_machines_change_of_pace_is_divided_out_where_it_is_comparable() -> None:
    old, new = took(10.0), took(12.0, reference_ms=3.6)
    other_threads = replace(new, case=replace(new.case, threads=2))
    outcomes = [
        (compared.comparison.outcome, compared.comparison.machine)
        for compared in (
            compare_results(old, new, 0),
            compare_results(old, new, 0, comparable=False),
            compare_results(old, other_threads, 0),
        )
        if compared is not None
    ]
    assert outcomes == [("INCONCLUSIVE", pytest.approx(1.2)), ("SLOWER", None), ("SLOWER", None)]


def test_new_times_may_be_scaled_as_to_an_image() -> None:
    compared = compare_results(took(10.0), took(20.0), 0, scale=0.5)
    assert compared is not None
    assert (compared.comparison.ratio, compared.comparison.outcome) == (1.0, "SAME")
