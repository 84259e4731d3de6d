"""Which profile is taken for this machine."""

import random
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
from planted_times import EAGER, NETS, noisy

from resnet_inspect.errors import RequestError
from resnet_inspect.prediction import profiles
from resnet_inspect.prediction.fit import fit

GPU = "Model: \t\t {}\nIRQ:   \t\t 42\n"


@pytest.mark.parametrize("titles", [(), ("NVIDIA T4",), ("NVIDIA A2", "NVIDIA T4")], ids=len)
def test_a_profile_is_of_this_machine_where_any_gpu_or_none_is_listed(
    titles: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, title in enumerate(titles):
        folder = tmp_path / f"0000:0{number}:00.0"
        folder.mkdir()
        (folder / "information").write_text(GPU.format(title), encoding="utf-8")
    monkeypatch.setattr(profiles, "GPUS", tmp_path)
    profile = fit(noisy(NETS[:4], random.Random(0), 0.02), EAGER)
    own = replace(profile.conditions, machine="NVIDIA T4", torch=version("torch"))
    profiles.check_is_here(replace(profile, conditions=own), "cuda:1")
    if titles:
        with pytest.raises(RequestError, match=f"of NVIDIA L4, not of {' or '.join(titles)}"):
            profiles.check_is_here(replace(profile, conditions=replace(own, machine="NVIDIA L4")), "cuda")
