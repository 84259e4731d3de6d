"""Checkpoints that somebody changed."""

from pathlib import Path

import pytest
import torch
from learnable import SMALL_NET

import resnet_inspect as ri
from resnet_inspect.errors import RequestError


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("run") / "run"
    ri.train("resnet18", settings=SMALL_NET, data="fake:8", epochs=1, folder=str(where), workers=0, device="cpu")
    return where / "best.pt"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("source", value) for value in ({}, {"spec": None}, {"spec": 1}, {"spec": [1]}, {"spec": {"depths": 1}})),
        *(("source", {"spec": spec}) for spec in ({"nothing": 1}, {"widths": ["a"]}, {"stem": None}, {"act": 1})),
        *(("image", image) for image in ([], [3], [3, 32], [3, 32, 32, 32], [1, 32, 32])),
    ],
)
def test_a_run_that_describes_no_net_is_refused(checkpoint: Path, tmp_path: Path, field: str, value: object) -> None:
    values = torch.load(checkpoint, weights_only=True)
    values["run"][field] = value
    torch.save(values, tmp_path / "best.pt")
    with pytest.raises(RequestError):
        ri.accuracy(str(tmp_path / "best.pt"), workers=0, device="cpu")
