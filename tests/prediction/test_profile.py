"""A profile answers for nets like those it was fitted to, says why not for others, and keeps its file honest."""

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_times import EAGER, FURTHER, NETS, SHEET, net, noisy, sample
from strategies import law

from resnet_inspect.api.library import Pricing
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.devices import device_from_ceilings
from resnet_inspect.hardware.floor import floors_ms
from resnet_inspect.prediction.features import CLASSES
from resnet_inspect.prediction.fit import UNTESTED, fit
from resnet_inspect.prediction.matrices import is_definite
from resnet_inspect.prediction.profile import Profile
from resnet_inspect.prediction.profile_json import from_json, to_json


@pytest.fixture(scope="module")
def profile() -> Profile:
    return fit(noisy(NETS, random.Random(0), 0.02), EAGER, SHEET, reference_ms=3.0)


@pytest.mark.parametrize(
    ("name", "batch_size", "reason"),
    [
        ("resnet50_gn", 32, "no calibration net has GroupNorm"),
        ("resnetblur50", 32, "no calibration net has BlurPool2d"),
        ("nf_resnet50", 32, "standardized"),
        ("resnetv2_50x1_bit", 32, "conv1x1 standardized"),
        ("skresnet50", 32, "dilated"),
        ("resnext101_32x16d", 32, "grouped convolutions matter more than 2 times"),
        ("resnet18", 1, "matter more than 2 times"),
        ("resnet152", 1024, "more than 10 times the longest calibration time"),
    ],
)
def test_what_the_calibration_has_not_seen_gets_a_reason_and_no_number(
    profile: Profile, name: str, batch_size: int, reason: str
) -> None:
    prediction = profile.predict(net(name, batch_size=batch_size))
    assert (prediction.basis, prediction.ms, prediction.low_ms, prediction.high_ms) == ("outside", None, None, None)
    assert reason in prediction.reason
    assert prediction.floor_ms is not None


def test_a_net_much_smaller_than_the_smallest_is_outside(profile: Profile) -> None:
    longer = tuple(replace(each, seconds=10 * each.seconds) for each in profile.samples)
    assert "less than 1/2 of the shortest" in replace(profile, samples=longer).predict(net("resnet18")).reason


@pytest.mark.parametrize("name", [*NETS, *FURTHER])
def test_an_interval_holds_its_prediction_and_no_part_of_it_is_below_the_floor(profile: Profile, name: str) -> None:
    graph = net(name)
    floor_ms, _ = floors_ms(graph, device_from_ceilings(SHEET), "fp16")
    for ceilings in (SHEET, replace(SHEET, flop_per_s=1e12, bytes_per_s=1e10)):  # of a device that takes longer
        found = replace(profile, ceilings=ceilings).predict(graph)
        assert found.floor_ms is not None
        assert found.low_ms is not None
        assert found.ms is not None
        assert found.high_ms is not None
        assert found.floor_ms <= found.low_ms <= found.ms <= found.high_ms
    assert profile.predict(graph).floor_ms == pytest.approx(floor_ms)


def test_a_larger_batch_takes_longer_and_no_longer_than_in_proportion(profile: Profile) -> None:
    times = [profile.predict(net("resnet50", batch_size=size)).ms or 0.0 for size in (16, 32, 64, 128)]
    for shorter, longer in pairwise(times):
        assert 0 < shorter < longer <= 2 * shorter


def test_a_net_far_from_the_calibration_has_a_wider_interval(profile: Profile) -> None:
    own, far = sample("resnet50", 192).features, sample("resnext101_32x16d", 224).features
    assert profile.leverage(far.amounts) > 2 * profile.leverage(own.amounts)


def test_the_only_net_of_an_odd_kind_vouches_for_no_other() -> None:
    fitted = fit([*noisy(NETS, random.Random(0), 0.02), sample("resnet50_gn", 224)], EAGER, SHEET)
    plain, odd = (fitted.predict(net(name)) for name in ("resnet101", "resnetv2_50d_gn"))
    assert fitted.kind_spreads["GroupNorm"] >= UNTESTED > fitted.spread
    assert (odd.high_ms or 0) / (odd.ms or 1) > 1.6 > 1.2 > (plain.high_ms or 0) / (plain.ms or 1)


def test_a_profile_reads_back_as_it_was_written(profile: Profile) -> None:
    assert from_json(to_json(profile)) == profile


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_file_that_was_cut_off_is_no_profile(profile: Profile, share: float) -> None:
    text = to_json(profile)
    with pytest.raises(RequestError, match="no whole JSON"):
        from_json(text[: int(share * len(text))])


def leaves(document: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(document, dict | list):
        parts = document.items() if isinstance(document, dict) else enumerate(document)
        return [leaf for key, part in parts for leaf in leaves(part, (*path, key))]
    return [path]


@pytest.mark.parametrize("seed", range(40))
def test_a_value_that_was_edited_is_noticed(profile: Profile, seed: int) -> None:
    document = json.loads(to_json(profile))
    path = random.Random(seed).choice([path for path in leaves(document) if not str(path[0]).startswith("schema")])
    part = document
    for key in path[:-1]:
        part = part[key]
    value = part[path[-1]]
    part[path[-1]] = 2 * value + 1 if isinstance(value, int | float) else "another"
    with pytest.raises(RequestError, match="edited"):
        from_json(json.dumps(document))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("coefficients", "conv3x3"), -1.0),
        (("coefficients",), {}),
        (("samples", 0, "seconds"), 0.0),
        (("samples", 0, "features", "amounts", "conv3x3"), -1.0),
        (("samples", 0, "features", "amounts"), {}),
        (("samples", 0, "features", "amounts"), dict.fromkeys(CLASSES, 0.0)),
        (("samples",), []),
        (("conditions", "precision"), "fp8"),
        (("spread",), float("nan")),
        (("units",), None),
        (("covariance",), [[1.0]]),
    ],
)
def test_what_no_profile_holds_is_refused_in_words(
    profile: Profile, place: tuple[str | int, ...], value: object
) -> None:
    document = json.loads(to_json(profile))
    part = document
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    with pytest.raises(RequestError):
        from_json(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        {"samples": ()},
        {"residuals": ()},
        {"covariance": ()},
        {"covariance": ((1.0,),)},
        {"covariance": ((1.0,),) * len(CLASSES)},
        {"covariance": ((1.0,) * len(CLASSES),)},
        {"covariance": ((1.0,) * len(CLASSES),) * len(CLASSES)},
        {"covariance": tuple(tuple(-float(i == j) for j in range(len(CLASSES))) for i in range(len(CLASSES)))},
        {"covariance": tuple(tuple(float(i <= j) for j in range(len(CLASSES))) for i in range(len(CLASSES)))},
        {"covariance": tuple(tuple(float(i == j != 3) for j in range(len(CLASSES))) for i in range(len(CLASSES)))},
    ],
)
def test_a_checksum_that_fits_does_not_vouch_for_the_sizes(profile: Profile, change: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match=r"measurements|covariance"):
        from_json(to_json(replace(profile, **change)))


@law(60)
@given(st.integers(0, len(CLASSES) - 1), st.integers(0, len(CLASSES) - 1), st.floats(-100, 100))
def test_a_covariance_is_refused_or_predicts(profile: Profile, i: int, j: int, value: float) -> None:
    """One entry is another, and the checksum fits."""
    rows = [[*row] for row in profile.covariance]
    rows[i][j] = rows[j][i] = value
    spoilt = replace(profile, covariance=tuple(map(tuple, rows)))
    if not is_definite(spoilt.covariance):
        with pytest.raises(RequestError, match="covariance"):
            from_json(to_json(spoilt))
        return
    read = from_json(to_json(spoilt))
    for name in NETS:
        prediction = read.predict(net(name))
        assert prediction.low_ms is not None
        assert prediction.high_ms is not None
        assert prediction.low_ms <= prediction.high_ms


def test_each_process_knows_the_costs_of_a_profile_by_the_same_key(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(to_json(profile), encoding="utf-8")
    script = f"""
from resnet_inspect.api.library import Pricing
from resnet_inspect.prediction.profiles import read_profile
print(Pricing().by(read_profile({str(path)!r})).key)
"""
    keys = [
        subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "12"
    ]
    assert keys[0] == keys[1]


def test_two_profiles_of_equal_conditions_have_two_keys(profile: Profile) -> None:
    pricings = [Pricing().by(each) for each in (profile, replace(profile, spread=2 * profile.spread))]
    assert pricings[0].key != pricings[1].key
