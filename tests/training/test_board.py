"""The scalars that TensorBoard's own reader reads back; without TensorBoard a run goes on."""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from learnable import SMALL_NET, write_folder

import resnet_inspect as ri


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Six steps of 4 an epoch."""
    return f"imagefolder:{write_folder(tmp_path_factory.mktemp('images'), 24, 8)}"


def train(folder: str, where: Path, **options: Any) -> ri.Answer:
    given = {"settings": SMALL_NET, "epochs": 2, "batch_size": 4, "workers": 0, "device": "cpu"} | options
    return ri.train("resnet18", data=folder, folder=str(where), **given)


def scalars(where: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a run: step and value by tag."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorBoard's own imports are deprecated in places
        reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    read = reading.EventAccumulator(str(where)).Reload()
    return {tag: [(each.step, each.value) for each in read.Scalars(tag)] for tag in read.Tags()["scalars"]}


def test_tensorboard_reads_what_results_say(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resnet_inspect.training.loop.train.LOG_STEPS", 4)
    losses: list[float] = []
    train(folder, tmp_path, losses=lambda step, loss: losses.append(loss))
    shown = scalars(tmp_path)
    epochs = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["epochs"]
    for tag in ("test_loss", "test_accuracy", "learning_rate", "images_per_s"):
        steps, values = zip(*shown[tag], strict=True)
        assert steps == (6, 12)
        assert values == pytest.approx([epoch[tag] for epoch in epochs])
    of_steps = [(step, losses[step - 1]) for step in (4, 8, 12)]
    of_epochs = [(6 * epoch["epoch"], epoch["train_loss"]) for epoch in epochs]
    assert sorted(shown["train_loss"]) == [
        (step, pytest.approx(value)) for step, value in sorted([*of_steps, *of_epochs])
    ]


def test_steps_that_are_done_again_are_shown_once(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resnet_inspect.training.loop.train.LOG_STEPS", 4)

    def stop(done: int, planned: int) -> None:
        if done == 9:
            raise MemoryError  # a run that ends with no checkpoint of this epoch

    with pytest.raises(ri.InspectError):
        train(folder, tmp_path, progress=stop)
    train(folder, tmp_path, resume=True)
    shown = {tag: [step for step, _ in values] for tag, values in scalars(tmp_path).items()}
    assert shown["test_loss"] == [6, 12]
    assert shown["train_loss"] == [4, 6, 8, 12, 12]


def test_without_tensorboard_a_run_goes_on_and_says_how_to_get_it(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    told: list[str] = []
    assert train(folder, tmp_path, tell=told.append, epochs=1).exit_code == 0
    assert "pip install 'resnet-inspect[train]'" in told[0]
    assert not [*tmp_path.glob("events*")]
