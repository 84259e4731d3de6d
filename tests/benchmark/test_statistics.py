"""Statistics against the standard library's, laws for any samples, and calibration on noise whose truth is known."""

import random
import statistics
from collections.abc import Callable
from dataclasses import asdict
from itertools import chain, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_inspect.benchmark.statistics import (
    P99_SAMPLES,
    Rounds,
    drift,
    half_width,
    is_bimodal,
    may_be_interval,
    mean_half_width,
    median_interval,
    quantile,
    slow_first,
    spread,
    student,
    summarize,
    upper_tail,
)

LAW = settings(deadline=None, max_examples=50)

durations = st.floats(1e-3, 1e4)
some_rounds = st.lists(st.lists(durations, min_size=1, max_size=30), min_size=1, max_size=5)

SYMPTOMS: tuple[Callable[[Rounds], float], ...] = (drift, spread, slow_first)


def flat(rounds: Rounds) -> list[float]:
    return [*chain.from_iterable(rounds)]


def noise(rng: random.Random, rounds: int, each: int, sd: float = 0.03, shift: float = 0.0) -> list[list[float]]:
    """Rounds of normal samples round 10 ms; ``sd`` is relative, and so is ``shift``, from round to round."""
    centres = [10 * (1 + rng.gauss(0, shift)) for _ in range(rounds)]
    return [[rng.gauss(centre, 10 * sd) for _ in range(each)] for centre in centres]


def coverage(records: list[list[list[float]]]) -> float:
    """How often the interval contains the 10 ms that ``noise`` is round."""
    intervals = [median_interval(rounds, seed, resamples=200) for seed, rounds in enumerate(records)]
    return statistics.fmean(low <= 10 <= high for low, high in intervals)


@LAW
@given(st.lists(durations, min_size=2, max_size=40), st.integers(1, 99))
def test_a_quantile_is_the_standard_librarys(values: list[float], percent: int) -> None:
    expected = statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
    assert quantile(sorted(values), percent / 100) == pytest.approx(expected)


@LAW
@given(some_rounds)
def test_statistics_are_the_standard_librarys(rounds: list[list[float]]) -> None:
    values, found = flat(rounds), summarize(rounds)
    assert (found.n, found.min) == (len(values), min(values))
    assert found.median == pytest.approx(statistics.median(values))
    assert found.mean == pytest.approx(statistics.fmean(values))
    assert found.mad == pytest.approx(statistics.median(abs(x - found.median) for x in values))
    assert found.cv == found.sd / found.mean
    if len(values) > 1:
        assert found.sd == pytest.approx(statistics.stdev(values), abs=1e-9)
        cuts = statistics.quantiles(values, n=100, method="inclusive")
        assert [found.q1, found.q3, found.p90, found.p95] == pytest.approx([cuts[i] for i in (24, 74, 89, 94)])


@LAW
@given(some_rounds)
def test_percentiles_are_monotone(rounds: list[list[float]]) -> None:
    found = summarize([r * P99_SAMPLES for r in rounds])
    assert found.p99 is not None
    marks = [found.min, found.q1, found.median, found.q3, found.p90, found.p95, found.p99, max(flat(rounds))]
    assert all(a <= b for a, b in pairwise(marks))


@LAW
@given(some_rounds, st.integers(-8, 8))
def test_statistics_scale_with_the_samples(rounds: list[list[float]], power: int) -> None:
    scale = 2.0**power  # exact in binary: no sample crosses a fence by rounding
    before, after = asdict(summarize(rounds)), asdict(summarize([[x * scale for x in r] for r in rounds]))
    for key in ("n", "outliers", "cv"):
        assert after.pop(key) == pytest.approx(before.pop(key))
    low, high = before.pop("ci95")
    assert after.pop("ci95") == (low * scale, high * scale)
    assert after == {key: value if value is None else pytest.approx(value * scale) for key, value in before.items()}


@LAW
@given(some_rounds, st.integers(-8, 8))
def test_symptoms_do_not_depend_on_the_unit(rounds: list[list[float]], power: int) -> None:
    scaled = [[x * 2.0**power for x in r] for r in rounds]
    for symptom in SYMPTOMS:
        assert symptom(scaled) == pytest.approx(symptom(rounds))
    assert is_bimodal(flat(scaled)) == is_bimodal(flat(rounds))


@LAW
@given(some_rounds, st.randoms(use_true_random=False))
def test_order_inside_a_round_changes_no_statistic(rounds: list[list[float]], rng: random.Random) -> None:
    shuffled = [rng.sample(r, len(r)) for r in rounds]
    assert summarize(shuffled, seed=3) == summarize(rounds, seed=3)
    assert (drift(shuffled), spread(shuffled)) == (drift(rounds), spread(rounds))


@LAW
@given(some_rounds)
def test_order_of_rounds_changes_only_the_interval_and_the_sign_of_a_drift(rounds: list[list[float]]) -> None:
    before, after = (asdict(summarize(r)) | {"ci95": None} for r in (rounds, rounds[::-1]))
    assert before == after
    assert drift(rounds[::-1]) == pytest.approx(-drift(rounds))


@LAW
@given(some_rounds, st.integers(0, 99))
def test_an_interval_lies_among_the_samples_and_follows_from_the_seed(rounds: list[list[float]], seed: int) -> None:
    low, high = median_interval(rounds, seed, resamples=50)
    assert min(flat(rounds)) <= low <= high <= max(flat(rounds))
    assert median_interval(rounds, seed, resamples=50) == (low, high)


@LAW
@given(st.integers(0, 999), st.integers(1, 6), st.integers(5, 40))
def test_an_interval_contains_the_median_of_its_samples(seed: int, rounds: int, each: int) -> None:
    found = summarize(noise(random.Random(seed), rounds, each, shift=0.01), seed)
    low, high = found.ci95
    assert low <= found.median <= high


def test_other_seeds_give_other_intervals_that_differ_little() -> None:
    rounds = noise(random.Random(0), 5, 40)
    intervals = [median_interval(rounds, seed) for seed in range(20)]
    assert len(set(intervals)) > 1
    lows, highs = zip(*intervals, strict=True)
    assert max(max(lows) - min(lows), max(highs) - min(highs)) < 0.2 * (min(highs) - max(lows))


@pytest.mark.parametrize(("rounds", "each"), [(5, 20), (5, 4), (2, 50)])
def test_an_interval_covers_the_truth_where_rounds_are_alike(rounds: int, each: int) -> None:
    rng = random.Random(1)
    assert coverage([noise(rng, rounds, each) for _ in range(200)]) >= 0.93


@pytest.mark.parametrize("each", [20, 100])
def test_an_interval_of_one_round_covers_the_truth(each: int) -> None:
    rng = random.Random(2)
    assert coverage([noise(rng, 1, each) for _ in range(500)]) >= 0.9


def test_an_interval_knows_that_rounds_differ() -> None:
    rng = random.Random(3)
    records = [noise(rng, 5, 20, shift=0.05) for _ in range(200)]
    assert coverage(records) >= 0.83
    assert coverage([[flat(rounds)] for rounds in records]) < 0.6


def test_an_interval_is_that_of_a_bootstrap_that_draws_every_sample() -> None:
    rounds = noise(random.Random(4), 5, 41, shift=0.01)
    rng = random.Random(5)
    medians = sorted(
        statistics.median([x for r in rng.choices(rounds, k=5) for x in rng.choices(r, k=41)]) for _ in range(2000)
    )
    expected = quantile(medians, 0.025), quantile(medians, 0.975)
    assert median_interval(rounds, 0, resamples=2000) == pytest.approx(expected, abs=0.1 * (expected[1] - expected[0]))


def test_ten_times_the_samples_make_the_interval_less_than_half_as_wide() -> None:
    rng = random.Random(6)
    few, more, most = (half_width(median_interval(noise(rng, 5, each), 0), 10) for each in (10, 100, 1000))
    assert few > 2 * more > 4 * most


def test_a_percentile_of_too_few_samples_is_unknown() -> None:
    values = [float(x) for x in range(P99_SAMPLES)]
    assert summarize([values[1:]]).p99 is None
    assert summarize([values]).p99 == pytest.approx(0.99 * (P99_SAMPLES - 1))


def test_an_outlier_is_counted_and_not_dropped() -> None:
    found = summarize([[1.0, 2.0, 3.0, 4.0], [5.0, 100.0]])
    assert (found.outliers, found.n) == (1, 6)
    assert found.mean == pytest.approx(115 / 6)


def test_a_sample_on_a_fence_is_no_outlier() -> None:
    # q1 = 2, q3 = 4: the fences stand at -1 and 7.
    assert summarize([[-1.0, 2.0, 3.0, 4.0, 7.0]]).outliers == 0
    assert summarize([[-1.001, 2.0, 3.0, 4.0, 7.001]]).outliers == 2


def test_a_single_sample_varies_in_nothing() -> None:
    found = summarize([[2.5]])
    assert (found.min, found.median, found.p95, found.mean, found.ci95) == (2.5, 2.5, 2.5, 2.5, (2.5, 2.5))
    assert (found.n, found.sd, found.mad, found.cv, found.outliers, found.p99) == (1, 0, 0, 0, 0, None)
    assert (drift([[2.5]]), spread([[2.5]]), slow_first([[2.5]]), is_bimodal([2.5])) == (0, 0, 1, False)


def test_identical_samples_vary_in_nothing() -> None:
    rounds = [[0.1] * 100] * 4
    found = summarize(rounds)
    assert found.p99 == found.median == found.min == 0.1
    assert found.ci95 == (0.1, 0.1)
    assert found.mad == found.outliers == 0
    assert found.sd == pytest.approx(0, abs=1e-12)
    assert (drift(rounds), spread(rounds), slow_first(rounds), is_bimodal(rounds[0])) == (0, 0, 1, False)


def test_what_is_relative_to_nothing_is_infinite() -> None:
    assert half_width((0.0, 0.0), 0.0) == float("inf")
    assert summarize([[0.0, 0.0]]).cv == float("inf")


@pytest.mark.parametrize("ask", [summarize, *SYMPTOMS, lambda rounds: median_interval(rounds, 0)])
def test_an_error_names_what_is_missing(ask: Callable[[Rounds], object]) -> None:
    with pytest.raises(ValueError, match=r"^no rounds$"):
        ask([])
    with pytest.raises(ValueError, match=r"^round 2 of 3 has no samples$"):
        ask([[1.0], [], [1.0]])
    with pytest.raises(ValueError, match=r"^round 1 of 2 has a sample that is not finite$"):
        ask([[1.0, float("nan")], [1.0]])


def test_no_samples_have_neither_modes_nor_quantiles() -> None:
    for ask in (is_bimodal, lambda samples: quantile(samples, 0.5)):
        with pytest.raises(ValueError, match=r"no samples$"):
            ask([])


def test_a_half_width_is_relative_to_the_median() -> None:
    assert half_width((9.9, 10.1), 10) == pytest.approx(0.01)
    # Durations below zero are wrong, but no reason to call their interval narrow.
    assert half_width((-11, -9), -10) == pytest.approx(0.1)


def test_a_drift_is_the_change_from_first_round_to_last() -> None:
    assert drift([[10.0], [11.0], [12.0], [13.0], [14.0]]) == pytest.approx(4 / 12)
    assert drift([[12.0, 1.0, 12.0], [11.0], [10.0]]) == pytest.approx(-2 / 11)


def test_a_single_odd_round_is_a_spread_and_no_drift() -> None:
    rounds = [[10.0], [10.0], [12.0], [10.0], [10.0]]
    assert drift(rounds) == 0
    assert spread(rounds) == pytest.approx(0.2)


def test_a_slow_first_sample_is_one_of_most_rounds() -> None:
    assert slow_first([[30.0, 10.0, 10.0], [20.0, 10.0, 10.0], [25.0, 10.0]]) == pytest.approx(2.5)
    assert slow_first([[90.0, 10.0, 10.0], [10.0, 10.0], [10.0, 10.0], [5.0]]) == 1


Draw = Callable[[random.Random], float]
UNIMODAL: dict[str, Draw] = {
    "normal": lambda rng: rng.gauss(10, 0.3),
    "wide normal": lambda rng: rng.gauss(10, 1),
    "log-normal": lambda rng: rng.lognormvariate(0, 0.1),
    "skewed log-normal": lambda rng: rng.lognormvariate(0, 0.7),
    "uniform": lambda rng: rng.uniform(9, 11),
    "exponential": lambda rng: 10 + rng.expovariate(1),
    "normal with stalls": lambda rng: rng.gauss(10, 0.3) + (rng.expovariate(0.05) if rng.random() < 0.03 else 0),
}


@pytest.mark.parametrize(("each", "times"), [(20, 1000), (50, 500), (300, 100)])
@pytest.mark.parametrize("draw", UNIMODAL.values(), ids=UNIMODAL.keys())
def test_noise_of_one_mode_is_rarely_called_bimodal(draw: Draw, each: int, times: int) -> None:
    rng = random.Random(7)
    assert statistics.fmean(is_bimodal([draw(rng) for _ in range(each)]) for _ in range(times)) < 0.02


@pytest.mark.parametrize(("each", "share"), [(30, 0.5), (60, 0.35), (100, 0.25), (1000, 0.15)])
@pytest.mark.parametrize("distance", [0.05, 0.5])
@pytest.mark.parametrize("stalls", [0, 0.04])
def test_two_modes_are_called_bimodal(each: int, share: float, distance: float, stalls: float) -> None:
    rng = random.Random(8)
    upper = int(each * share)
    centres = [10.0] * (each - upper) + [10 * (1 + distance)] * upper
    for _ in range(50):
        values = [centre + rng.gauss(0, distance) for centre in centres]  # the modes are ten deviations apart
        assert is_bimodal(values + [100.0] * int(each * stalls))


def test_ten_samples_of_two_modes_are_enough_and_nine_are_not() -> None:
    assert is_bimodal([10.0, 12.0] * 5)
    assert not is_bimodal([10.0, 12.0] * 4 + [10.0])


def test_modes_too_near_to_decide_anything_are_not_called_so() -> None:
    assert is_bimodal([1.0, 1.03] * 20)
    assert not is_bimodal([1.0, 1.01] * 20)


def test_a_twentieth_of_the_samples_is_a_tail_and_more_is_a_mode() -> None:
    assert is_bimodal([10.0] * 94 + [15.0] * 6)
    assert not is_bimodal([10.0] * 95 + [15.0] * 5)


def test_a_valley_is_at_most_half_as_high_as_the_modes() -> None:
    assert is_bimodal([10.0] * 1000 + [10.5] * 400 + [11.0] * 1000)
    assert not is_bimodal([10.0] * 1000 + [10.5] * 600 + [11.0] * 1000)


@pytest.mark.parametrize("seed", range(20))
def test_an_interval_is_known_again_by_its_first_resamples_and_a_moved_one_is_not(seed: int) -> None:
    rng = random.Random(seed)
    rounds = [[10 * rng.lognormvariate(0, 0.05) for _ in range(rng.randint(1, 30))] for _ in range(rng.randint(2, 7))]
    low, high = median_interval(rounds, seed)
    assert may_be_interval((low, high), rounds, seed)
    width = high - low
    assert not may_be_interval((low + width, high + width), rounds, seed)
    assert not may_be_interval((high, low), rounds, seed)
    assert not may_be_interval((low, max(map(max, rounds)) + 1e-9), rounds, seed)


def test_the_quantiles_are_those_of_students_table() -> None:
    """At 97.5 %: 1 to 10 degrees of freedom, 30 and 120 (Abramowitz and Stegun, table 26.10)."""
    table = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
    assert tuple(map(student, range(1, 11))) == table
    assert (student(30), student(120)) == (2.042, 1.980)


@pytest.mark.parametrize("freedom", range(1, 12))
def test_the_tail_falls_from_one_to_zero_and_mirrors(freedom: int) -> None:
    tails = [upper_tail(t, freedom) for t in (-1e9, -3.0, -1.0, 0.0, 1.0, 3.0, 1e9)]
    assert tails == sorted(tails, reverse=True)
    assert [a + b for a, b in zip(tails, reversed(tails), strict=True)] == pytest.approx([1.0] * 7)


def test_the_interval_of_a_mean_is_students() -> None:
    assert mean_half_width([5.0]) is None
    assert mean_half_width([3.0, 3.0, 3.0]) == 0.0
    # n = 10, sd 3.0277: t is 2.262 (Student 1908, table of 9 degrees of freedom)
    assert mean_half_width([float(x) for x in range(1, 11)]) == pytest.approx(2.166, abs=1e-3)
    assert mean_half_width([1.0, 2.0]) == pytest.approx(12.706 / 2)
