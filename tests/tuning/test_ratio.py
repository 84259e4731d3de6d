"""Ratios paired by round: what they are held against is Student's table and simulated noise."""

from random import Random

import pytest

from resnet_inspect.tuning.ratio import Ratio, paired_ratio, surely_above


@pytest.mark.parametrize("rounds", [3, 5, 10])
def test_the_interval_holds_the_truth_in_95_of_100_trials_whatever_slows_both(rounds: int) -> None:
    rng, held = Random(rounds), 0
    for _ in range(1000):
        pace = [rng.uniform(1.0, 5.0) for _ in range(rounds)]
        old, new = ([ms * p * rng.lognormvariate(0, 0.02) for p in pace] for ms in (10.0, 11.0))
        ratio = paired_ratio(old, new)
        held += ratio.low <= 1.1 <= ratio.high
    assert held == pytest.approx(950, abs=28)  # four standard deviations


def test_one_of_many_equals_is_called_slower_in_5_of_100_trials_at_most() -> None:
    rng, wrong = Random(0), 0
    for _ in range(1000):
        leader = [rng.lognormvariate(0, 0.02) for _ in range(4)]
        ratios = {k: paired_ratio(leader, [rng.lognormvariate(0, 0.02) for _ in range(4)]) for k in range(6)}
        wrong += bool(surely_above(ratios, 1.0))
    assert wrong <= 78  # 50 and four standard deviations


def test_holm_drops_the_clear_ones_though_others_are_near() -> None:
    clear, near = Ratio(1.5, 1.45, 1.55, 0.01, 5), Ratio(1.03, 0.99, 1.07, 0.015, 5)
    assert surely_above({"a": near, "b": clear, "c": near}, 1.02) == {"b"}
    assert surely_above({}, 1.02) == set()


def test_what_is_dropped_is_slower_by_the_interval_that_a_reader_sees() -> None:
    rng, dropped = Random(0), 0
    for _ in range(2000):
        leader, other = ([rng.lognormvariate(mu, 0.1) for _ in range(3)] for mu in (0.0, 0.3))
        ratio = paired_ratio(leader, other)
        if surely_above({"a": ratio}, 1.05):
            dropped += 1
            assert ratio.low > 1
    assert dropped > 100


def test_rounds_without_noise_are_certain() -> None:
    ratio = paired_ratio([1.0, 2.0, 4.0], [2.0, 4.0, 8.0])
    assert (ratio.ratio, ratio.low, ratio.high) == pytest.approx((2.0, 2.0, 2.0))
    assert surely_above({"a": ratio}, 1.9) == {"a"}
    assert surely_above({"a": ratio}, 2.1) == set()


@pytest.mark.parametrize(("old", "new"), [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([0.0, 1.0], [1.0, 1.0])])
def test_what_has_no_partner_or_no_duration_is_refused(old: list[float], new: list[float]) -> None:
    with pytest.raises((ValueError, ZeroDivisionError)):
        paired_ratio(old, new)
