"""Checkpoints that somebody changed, and runs that broke off where the loader had drawn."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from learnable import SMALL_NET

import resnet_inspect as ri
from resnet_inspect.errors import MachineError, RequestError


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


DRAWING = """
from torch import nn

def make():
    return nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(3 * 8 * 8, 4))
"""


@pytest.mark.parametrize(("stopped", "line"), [(0, ""), (0, "epoch 1/"), (2, "")])
def test_a_worker_that_dies_moves_no_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: int, line: str
) -> None:
    """In the first batch of an epoch, and while a resumed run loads again what it had."""
    (tmp_path / "net.py").write_text(DRAWING, encoding="utf-8")
    said = [""]

    def train(folder: str, **options: Any) -> dict[str, torch.Tensor]:
        ri.train(
            f"{tmp_path}/net.py:make", (1, 3, 8, 8), 8, data="fake:24", recipe="modern", epochs=2, device="cpu",
            folder=str(tmp_path / folder), workers=1, resume=True, **options,
        )  # fmt: skip
        net: dict[str, torch.Tensor] = torch.load(tmp_path / folder / "last.pt", weights_only=True)["net"]
        return net

    def stop(done: int, planned: int) -> None:
        if done == stopped:
            os.kill(os.getpid(), signal.SIGINT)

    def die(worker: int) -> None:
        if said[-1].startswith(line):
            os.kill(os.getpid(), signal.SIGKILL)

    if stopped:
        with pytest.raises(KeyboardInterrupt):
            train("run", progress=stop)
    monkeypatch.setattr("resnet_inspect.training.loop.datasets._ignore_interrupts", die)
    with pytest.raises(MachineError, match="a worker of the loader died"):
        train("run", tell=said.append)
    monkeypatch.undo()
    resumed, undisturbed = train("run"), train("undisturbed")
    assert all(torch.equal(resumed[name], undisturbed[name]) for name in undisturbed)
