"""The nets of a calibration: chosen by their work alone, and better than nets chosen at random."""

import random
from statistics import mean

import pytest
from planted_times import EAGER, SHEET, net, sample

from resnet_inspect.prediction.design import choose_nets
from resnet_inspect.prediction.features import Features, features_of
from resnet_inspect.prediction.fit import fit
from resnet_inspect.resnet.zoo import imagenet, timm

SPECS = {name: spec for shelf in (imagenet, timm) for specs in shelf.FAMILIES.values() for name, spec in specs.items()}
NAMES = [name for name, spec in SPECS.items() if spec.head != "attention"][::3]  # which takes one size alone


@pytest.fixture(scope="module")
def work() -> list[tuple[str, Features]]:
    return [(name, features_of(net(name, size), "fp16", "eager")) for name in NAMES for size in (192, 256)]


def leverage_of_all(work: list[tuple[str, Features]], chosen: list[str]) -> float:
    profile = fit([sample(name, size) for name in chosen for size in (192, 256)], EAGER, SHEET)
    return mean(profile.leverage(features.amounts) for _, features in work)


def test_the_choice_tells_more_of_all_nets_than_any_of_twenty_random_ones(work: list[tuple[str, Features]]) -> None:
    chosen = leverage_of_all(work, choose_nets(work, 6, SHEET))
    assert chosen < min(leverage_of_all(work, random.Random(seed).sample(NAMES, 6)) for seed in range(20))


def test_the_choice_is_of_the_size_that_was_asked_for_and_the_same_each_time(work: list[tuple[str, Features]]) -> None:
    chosen = choose_nets(work, 8)
    assert len(set(chosen)) == 8
    assert chosen == choose_nets(work, 8)


def test_a_net_with_a_rare_kind_of_call_is_not_chosen(work: list[tuple[str, Features]]) -> None:
    odd = ("resnet50_gn", features_of(net("resnet50_gn"), "fp16", "eager"))
    assert "resnet50_gn" not in choose_nets([*work, odd], 8)


def test_of_few_nets_all_are_chosen(work: list[tuple[str, Features]]) -> None:
    assert set(choose_nets(work[:6], 10)) == {name for name, _ in work[:6]}
