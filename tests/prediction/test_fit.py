"""A fit recovers what made the times, and its intervals hold as often as they say."""

import random
from dataclasses import replace

import pytest
from planted_times import EAGER, FURTHER, NETS, PLANTED, SHEET, noisy, sample

from resnet_inspect.errors import RequestError
from resnet_inspect.prediction.fit import fit
from resnet_inspect.prediction.profile import Profile


@pytest.fixture(scope="module")
def profile() -> Profile:
    return fit(noisy(NETS, random.Random(0), 0.02), EAGER, SHEET)


def test_a_fit_predicts_nets_that_it_has_not_seen(profile: Profile) -> None:
    for name in FURTHER:
        net = sample(name, 224)
        assert profile.predict_features(net.features).ms == pytest.approx(1e3 * net.seconds, rel=0.08)


def test_coefficients_that_the_nets_determine_are_the_planted_ones(profile: Profile) -> None:
    exact = fit(noisy(NETS, random.Random(0), 0.0), EAGER, SHEET)
    for name in ("conv3x3", "conv1x1", "pointwise"):
        assert exact.coefficients[name] == pytest.approx(PLANTED[name], rel=0.3)


@pytest.mark.parametrize("sigma", [0.03, 0.1])
def test_nine_in_ten_times_lie_within_their_intervals(sigma: float) -> None:
    hits = []
    for seed in range(6):
        rng = random.Random(seed)
        fitted = fit(noisy(NETS, rng, sigma), EAGER, SHEET)
        for net in noisy(FURTHER, rng, sigma):
            predicted = fitted.predict_features(net.features)
            assert predicted.low_ms is not None
            assert predicted.high_ms is not None
            hits.append(predicted.low_ms <= 1e3 * net.seconds <= predicted.high_ms)
    assert sum(hits) >= 0.85 * len(hits)


def test_a_noisy_sample_weighs_less_than_a_sure_one() -> None:
    sure = noisy(NETS, random.Random(0), 0.0)
    wrong = sample("resnet101", 224, noise=0.2)
    fitted = [fit([*sure, replace(wrong, interval=interval)], EAGER, SHEET) for interval in (0.5, 0.0)]
    without, net = fit(sure, EAGER, SHEET), sample("resnet152", 224)
    expected, known, trusted = (p.predict_features(net.features).ms or 0.0 for p in (without, *fitted))
    assert abs(known - expected) < abs(trusted - expected) / 20


def test_a_net_unlike_all_others_widens_no_interval_of_theirs(profile: Profile) -> None:
    """A profile without it would not predict it: reading weights takes most of its time."""
    tiny = sample("tutorial_resnet18_cifar10", 32, noise=1.0, batch_size=1)
    assert profile.why_outside(tiny.features).startswith("weights read matter more")
    fitted = fit([*profile.samples, tiny], EAGER, SHEET)
    assert fitted.spread < 1.1 * profile.spread
    (residual,) = [residual for residual in fitted.residuals if residual.name == tiny.name]
    assert abs(residual.error) > 0.5, "it is shown all the same"


def test_three_nets_make_no_profile() -> None:
    with pytest.raises(RequestError, match="needs 4 nets or more, got 3"):
        fit(noisy(NETS[:3], random.Random(0), 0.0), EAGER)


def test_the_host_sets_the_time_of_small_calls() -> None:
    slow_host = [replace(s, enqueue_s=s.features.amounts["calls"] * 2e-5) for s in noisy(NETS, random.Random(0), 0.0)]
    fitted = fit(slow_host, EAGER, SHEET)
    assert fitted.host_s_per_call == pytest.approx(2e-5)
    net = sample("resnet18", 192)
    assert fitted.predict_features(net.features).ms == pytest.approx(
        max(1e3 * net.seconds, 2e-2 * net.features.amounts["calls"]), rel=0.06
    )
