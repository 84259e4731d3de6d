"""When a case is warm, and when it has been sampled enough."""

import random
from dataclasses import replace

import pytest

from resnet_inspect.benchmark.plan import Plan, plan_for
from resnet_inspect.benchmark.stopping import reason_to_stop, settled, share_done

PLAN = Plan()
NOISY_PLAN = replace(PLAN, precise_within=0.0, max_time_s=1e9)  # nothing but noise ends a case


def noise(rounds: int, each: int, sd: float = 0.0, shift: float = 0.0, seed: int = 1) -> list[list[float]]:
    """Rounds round 10 ms; ``sd`` is relative, and so is ``shift``, from round to round."""
    rng = random.Random(seed)
    centres = [10 * (1 + rng.gauss(0, shift)) for _ in range(rounds)]
    return [[centre * (1 + rng.gauss(0, sd)) for _ in range(each)] for centre in centres]


def test_what_is_precise_is_enough() -> None:
    assert reason_to_stop(noise(5, 20, sd=0.02), PLAN) == "precise"
    assert reason_to_stop(noise(5, 20, sd=0.2), PLAN) is None
    assert reason_to_stop(noise(5, 20, sd=0.2), replace(PLAN, precise_within=0.3)) == "precise"


def test_however_precise_there_are_rounds_and_samples_enough() -> None:
    assert reason_to_stop(noise(4, 20), PLAN) is None
    assert reason_to_stop(noise(5, 3), PLAN) is None
    assert reason_to_stop(noise(5, 4), PLAN) == "precise"


def test_time_is_up_when_the_samples_add_up_to_it() -> None:
    rounds = noise(5, 20, sd=0.2)
    seconds = sum(map(sum, rounds)) / 1e3
    assert reason_to_stop(rounds, replace(PLAN, max_time_s=seconds * 1.001)) is None
    assert reason_to_stop(rounds, replace(PLAN, max_time_s=seconds * 0.999)) == "time"
    assert reason_to_stop(rounds[:4], replace(PLAN, max_time_s=0.0)) is None, "but not before there are rounds enough"


def test_noise_is_what_more_rounds_do_not_narrow() -> None:
    calm, wild = noise(10, 20, shift=0.05), noise(10, 20, shift=0.5, seed=2)
    assert reason_to_stop(calm + wild, NOISY_PLAN) == "noise"
    assert reason_to_stop((calm + wild)[:-1], NOISY_PLAN) is None, "not before four times the rounds"
    assert reason_to_stop(wild + calm, NOISY_PLAN) is None, "and not while it narrows"


def test_a_quick_look_ends_after_its_rounds() -> None:
    plan = plan_for("cpu", quick=True)
    assert plan.quick
    assert reason_to_stop(noise(2, 20, sd=0.5), plan) == "quick"
    assert reason_to_stop(noise(1, 20, sd=0.5), plan) is None


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([100.0] * 20, True),
        ([100.0] * 19, False),  # not two windows
        ([20.0] * 20, True),  # how long they must be is the warm-up's affair
        ([100.0] * 10 + [100.9] * 10, True),
        ([100.0] * 10 + [101.1] * 10, False),
        ([101.1] * 10 + [100.0] * 10, False),
        ([500.0] * 30 + [100.0] * 20, True),  # what came before them does not count
        ([100.0] * 10 + [100.0] * 6 + [900.0] * 4, True),  # medians forgive a stall
    ],
)
def test_it_is_warm_when_two_windows_agree_in_median(calls: list[float], expected: bool) -> None:
    assert settled(calls, PLAN) is expected


def test_it_is_not_warm_before_the_calls_that_the_plan_asks_for() -> None:
    assert not settled([100.0] * 49, replace(PLAN, warmup_calls=50))
    assert settled([100.0] * 50, replace(PLAN, warmup_calls=50))


@pytest.mark.parametrize("plan", [PLAN, plan_for("cpu", quick=True), replace(PLAN, max_time_s=1.0)])
@pytest.mark.parametrize("shift", [0.0, 0.02, 0.2])
def test_the_share_that_is_done_grows_to_all(plan: Plan, shift: float) -> None:
    rounds = noise(60, 10, sd=0.02, shift=shift)
    for n in range(1, len(rounds)):
        share = share_done(rounds[:n], plan)
        assert 0 < share <= 1
        if reason_to_stop(rounds[:n], plan) in ("quick", "time"):
            assert share == 1
            break
        assert share <= n / plan.rounds


def test_a_rounds_share_allows_for_an_interval_that_shrinks_with_the_root_of_the_samples() -> None:
    plan = replace(PLAN, max_time_s=1e9)
    shares = [share_done(noise(n, 20, sd=0.3, seed=3), plan) for n in (10, 40)]
    assert shares[0] < shares[1]
    assert shares[1] / shares[0] == pytest.approx(4, rel=0.5)
