"""The profiles that come with the package: each is whole, says where it is from, and predicts by its name."""

import json
from pathlib import Path

import pytest
from conftest import reference

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


def test_a_fit_of_a_table_predicts_as_it_is(tmp_path: Path) -> None:
    rows = [row for row in reference("timm_speed.csv") if "rtx3090" in row["source_file"]]
    table = tmp_path / "results.csv"
    table.write_text("\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]), encoding="utf-8")
    fitted = ri.calibrate_from(table)
    by_both = [ri.predict("resnet50", batch_size=1024, profile=each) for each in (fitted, fitted.profile)]
    assert by_both[0].tables == by_both[1].tables
    assert len(repr(fitted.profile)) < 4000


def test_they_are_small() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 1_000_000
