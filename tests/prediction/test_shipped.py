"""The profiles that come with the package: each is whole, says where it is from, and predicts by its name."""

import json

import pytest

import resnet_inspect as ri
from resnet_inspect.errors import RequestError
from resnet_inspect.prediction.profiles import SHIPPED, read_profile, shipped

NAMES = sorted(shipped())


def test_there_are_some_and_each_says_where_it_is_from() -> None:
    assert NAMES
    for name in NAMES:
        profile = read_profile(name)
        assert profile.conditions.machine
        assert profile.origin.date or profile.origin.source
        assert not any(word.startswith(("/", "~")) for word in profile.origin.argv), "a path of somebody's machine"


@pytest.mark.parametrize("name", NAMES)
def test_it_predicts_an_everyday_net_better_than_nothing(name: str) -> None:
    """The fit without a net lies near that net's time, and resnet152 takes longer than resnet18."""
    facts = {fact.key: fact.value for fact in ri.profile(name).facts}
    assert isinstance(facts["median_error"], float)
    assert facts["median_error"] < 0.15
    batch = read_profile(name).samples[0].input[0]
    rows = json.loads(ri.predict(["resnet18", "resnet152"], batch_size=batch, profile=name).to_json())
    first, second = rows["tables"]["predictions"]
    assert first["basis"] == second["basis"] == "predicted"
    assert 0 < first["low_ms"] < first["ms"] < first["high_ms"] < second["ms"]


def test_the_list_has_their_names_and_an_unknown_one_shows_them() -> None:
    listed = {row["name"] for row in json.loads(ri.profiles().to_json())["tables"]["profiles"]}
    assert {*NAMES} <= listed
    with pytest.raises(RequestError) as caught:
        read_profile("xeon")
    assert caught.value.hint is not None
    assert all(name in caught.value.hint for name in NAMES)


def test_they_are_small() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 1_000_000
