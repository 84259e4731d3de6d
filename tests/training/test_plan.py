"""What a run is said to cost: hours by a profile, and what several processes share."""

import json
import random
from typing import Any

import pytest
from learnable import SMALL_NET
from planted_times import EAGER, NETS, noisy

import resnet_inspect as ri
from resnet_inspect.errors import RequestError
from resnet_inspect.prediction.fit import fit
from resnet_inspect.prediction.profile import Profile
from resnet_inspect.sources import find, graph_of


@pytest.fixture(scope="module")
def profile() -> Profile:
    return fit(noisy(NETS, random.Random(0), 0.0), EAGER)


def planned(**options: Any) -> dict[str, Any]:
    given = {"data": "fake:6400", "recipe": "modern", "batch_size": 64, "epochs": 3} | options
    facts: dict[str, Any] = json.loads(ri.train("resnet50", **given, dry_run=True).to_json())["facts"]
    return facts


def test_hours_are_so_many_forward_passes_as_a_step_has_their_macs(profile: Profile) -> None:
    facts, ms = planned(profile=profile), profile.predict(graph_of(find("resnet50"), None, 64)).ms
    assert ms is not None
    passes = facts["epoch_macs"] / (facts["images"] * facts["macs"])
    assert 2.9 < passes < 3
    assert facts["train_hours"] == pytest.approx(3 * 100 * passes * ms / 3.6e6)
    assert facts["test_hours"] == pytest.approx(3 * 20 * ms / 3.6e6)
    assert "train_hours" not in planned()


def test_hours_stay_unknown_outside_the_calibration(profile: Profile) -> None:
    answer = ri.train("resnet18", settings=SMALL_NET, data="fake:8", profile=profile, dry_run=True)
    assert "train_hours" not in json.loads(answer.to_json())["facts"]
    assert any("no time is predicted" in note for note in answer.notes)


def test_a_profile_of_another_precision_is_refused(profile: Profile, tmp_path: Any) -> None:
    from resnet_inspect.prediction.profile_json import to_json

    (tmp_path / "profile.json").write_text(to_json(profile), encoding="utf-8")
    planned(profile=str(tmp_path / "profile.json"), precision=EAGER.precision, layout=EAGER.layout)
    with pytest.raises(RequestError, match="is of precision"):
        planned(profile=str(tmp_path / "profile.json"), precision="amp-bf16", layout=EAGER.layout)
