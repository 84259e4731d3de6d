"""Training as a user starts it, held against loops written out here."""

import csv
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from conftest import HERE
from learnable import CLASSES, SMALL_NET, assert_same_state, write_cifar, write_folder
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.models.resnet import BasicBlock, ResNet

import resnet_inspect as ri
from resnet_inspect.cli import accuracy as accuracy_command
from resnet_inspect.cli import main
from resnet_inspect.cli import train as train_command

SMALL = {"workers": 0, "device": "cpu"}
MODERN = {"recipe": "modern", "recipe_settings": ("ema_decay=0.9", "lr=0.05"), "epochs": 3, "batch_size": 8}


@pytest.fixture
def cifar10(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A CIFAR-10 of few images, which torchvision's own class reads and checks."""
    images, test_images = request.param
    for name, table in write_cifar(tmp_path / "data", datasets.CIFAR10, images, test_images).items():
        monkeypatch.setattr(datasets.CIFAR10, name, table)
    monkeypatch.setattr("resnet_inspect.training.data.CIFAR_IMAGES", images)
    monkeypatch.setattr("resnet_inspect.training.data.CIFAR_TEST_IMAGES", test_images)
    return f"cifar10:{tmp_path / 'data'}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image folder of 44 and 16 images in 4 classes: 6 steps of 8, and the last of 4."""
    return f"imagefolder:{write_folder(tmp_path_factory.mktemp('images'), 44, 16)}"


def weights(run: Path, name: str = "last.pt") -> dict[str, torch.Tensor]:
    net: dict[str, torch.Tensor] = torch.load(run / name, weights_only=True)["net"]
    return net


def tutorial_losses(root: str, epochs: int, workers: int) -> list[float]:
    """The tutorial's loop, as its readers write it."""
    torch.manual_seed(3)
    net = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=10)
    transform = transforms.Compose(
        [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
        ]
    )
    train_set = datasets.CIFAR10(root, train=True, transform=transform)
    train_loader = DataLoader(train_set, batch_size=64, shuffle=False, num_workers=workers)
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda epoch: 1 / (epoch + 1))
    torch.manual_seed(3)
    losses = []
    for _ in range(epochs):
        net.train()
        for images, labels in train_loader:
            optimizer.zero_grad()
            loss = loss_function(net(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
    return losses


@pytest.mark.parametrize("cifar10", [(70, 10)], indirect=True)
@pytest.mark.parametrize("workers", [0, 2])
def test_the_tutorials_recipe_gives_the_losses_of_the_tutorials_loop(
    cifar10: str, tmp_path: Path, workers: int
) -> None:
    losses: list[float] = []
    settings = ("depths=1,1,1,1", "num_classes=10", "input_size=32")
    ri.train(
        "resnet18", settings=settings, data=cifar10, epochs=2, seed=3, folder=str(tmp_path / "run"),
        losses=lambda step, loss: losses.append(loss), workers=workers, device="cpu",
    )  # fmt: skip
    assert losses == tutorial_losses(cifar10.removeprefix("cifar10:"), 2, workers)
    assert len(losses) == 2 * 2


NETS = ("", "_stem3", "_3stage", "_stem3_3stage")


@pytest.mark.parametrize("cifar10", [(200, 50)], indirect=True)
@pytest.mark.parametrize("net", NETS)
def test_a_net_of_the_tutorial_learns_well_above_chance(cifar10: str, tmp_path: Path, net: str) -> None:
    answer = ri.train(
        f"tutorial_resnet18_cifar10{net}", data=cifar10, epochs=2, batch_size=25, recipe_settings=("lr=0.001",),
        folder=str(tmp_path / "run"), **SMALL,
    )  # fmt: skip
    reached = json.loads(answer.to_json())["facts"]["best_test_accuracy"]
    assert reached > 5 / CLASSES


def test_a_run_leaves_the_files_that_it_promises(folder: str, tmp_path: Path) -> None:
    where = tmp_path / "run"
    answer = ri.train("resnet18", settings=SMALL_NET, data=folder, folder=str(where), seed=5, **MODERN, **SMALL)
    document = json.loads(answer.to_json())
    facts = document["facts"]
    results = json.loads((where / "results.json").read_text(encoding="utf-8"))
    assert [*results] == ["model", "recipe", "data", "image", "seed", "world_size", "params", "macs", "epochs", "best"]
    assert (results["model"], results["seed"]) == (f"resnet18 {' '.join(SMALL_NET)}", 5)
    assert results["recipe"] == "modern ema_decay=0.9 lr=0.05"
    columns = ["epoch", "train_loss", "test_loss", "test_accuracy", "learning_rate", "seconds", "images_per_s"]
    assert [[*epoch] for epoch in results["epochs"]] == [columns] * 3
    with (where / "history.csv").open(encoding="utf-8") as file:
        assert [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)] == results["epochs"]
    rows = [row | {"seconds": row.pop("train_ms") / 1e3} for row in document["tables"]["epochs"]]
    assert [pytest.approx(epoch) for epoch in results["epochs"]] == rows
    best = max(results["epochs"], key=lambda epoch: epoch["test_accuracy"])
    assert results["best"] == {"epoch": best["epoch"], "test_accuracy": best["test_accuracy"]}
    assert facts["params"] == results["params"] == sum(w.numel() for n, w in weights(where).items() if is_learned(n))
    compared = json.loads(
        ri.compare("resnet18", "resnet34", settings=SMALL_NET, runs=str(tmp_path), input=(1, 3, 32, 32)).to_json()
    )
    assert [row["top1"] for row in compared["tables"]["models"]] == [100 * best["test_accuracy"], None]
    again = ri.train("resnet18", settings=SMALL_NET, data=folder, recipe=str(where / "recipe.toml"), dry_run=True)
    assert json.loads(again.to_json())["facts"]["epochs"] == 3


COMPILED = """
from torch import nn

def make():
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 4 * 4, 4))
"""


@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a compiler")
def test_a_compiled_run_has_the_losses_of_an_eager_one(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(COMPILED, encoding="utf-8")
    losses: dict[str, list[float]] = {"eager": [], "compile": []}
    for mode, seen in losses.items():
        ri.train(
            f"{tmp_path}/net.py:make", (1, 3, 4, 4), 4, data="fake:8", epochs=2, mode=mode, **SMALL,
            folder=str(tmp_path / mode), losses=lambda step, loss, seen=seen: seen.append(loss),
        )  # fmt: skip
    assert losses["compile"] == pytest.approx(losses["eager"], rel=1e-5)
    assert len(losses["eager"]) == 4
    assert ri.accuracy(str(tmp_path / "compile" / "last.pt"), model=f"{tmp_path}/net.py:make", workers=0).exit_code == 0


def is_learned(name: str) -> bool:
    return not name.endswith(("running_mean", "running_var", "num_batches_tracked"))


def test_what_is_said_before_agrees_with_what_comes(folder: str, tmp_path: Path) -> None:
    """MACs as torch's own counter counts the steps, and the peak of one step, within 1%."""
    from torch.utils.flop_counter import FlopCounterMode

    options = {"settings": SMALL_NET, "data": folder, "batch_size": 22, "epochs": 2} | SMALL
    with FlopCounterMode(display=False) as counter:
        answer = ri.train("resnet18", **options, folder=str(tmp_path / "run"))
    facts = json.loads(answer.to_json())["facts"]
    testing = 2 * 2 * 16 * facts["macs"]
    assert counter.get_total_flops() == 2 * 2 * facts["epoch_macs"] + testing
    assert facts["measured_peak_bytes"] == pytest.approx(facts["peak_bytes"], rel=0.01)


KILLED = """
import json, os, signal, sys
import resnet_inspect as ri
options, step = json.loads(sys.argv[1]), int(sys.argv[2])
options["settings"] = tuple(options["settings"])
ri.train("resnet18", **options, progress=lambda done, planned: done == step and os.kill(os.getpid(), signal.SIGKILL))
"""


def begin(options: dict[str, Any], script: str, *arguments: object) -> int:
    command = [sys.executable, "-c", script, json.dumps(options), *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    return subprocess.run(command, env=environment, capture_output=True, timeout=300).returncode


@pytest.fixture(scope="module")
def undisturbed(folder: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The folder of a run that nothing cut off, with so many workers."""
    runs: dict[int, Path] = {}

    def run(workers: int) -> Path:
        if workers not in runs:
            runs[workers] = tmp_path_factory.mktemp("run") / "undisturbed"
            options = whole(folder, workers, runs[workers])
            ri.train("resnet18", **options)
        return runs[workers]

    return run


def whole(folder: str, workers: int, where: Path) -> dict[str, Any]:
    return {"settings": SMALL_NET, "data": folder, "folder": str(where), "device": "cpu", "workers": workers} | MODERN


@pytest.mark.parametrize("step", random.Random(0).sample(range(1, 18), 3))
def test_a_killed_run_resumes_and_ends_with_the_weights_of_an_undisturbed_one(
    folder: str, tmp_path: Path, undisturbed: Callable[[int], Path], step: int
) -> None:
    workers = step % 2
    options = whole(folder, workers, tmp_path / "run")
    assert begin(options, KILLED, step) == -signal.SIGKILL
    ri.train("resnet18", **options, resume=True)
    for name in ("last.pt", "best.pt"):
        ours, theirs = (
            torch.load(where / name, weights_only=True) for where in (tmp_path / "run", undisturbed(workers))
        )
        assert_same_state(ours, theirs)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("step", [1, 4, 6, 9])
def test_a_stopped_run_keeps_its_last_step_and_resumes_in_mid_epoch(
    folder: str, tmp_path: Path, undisturbed: Callable[[int], Path], step: int, workers: int
) -> None:
    """SIGINT to this process, as Ctrl-C sends it."""
    options, done = whole(folder, workers, tmp_path / "run"), []

    def stop(steps: int, planned: int) -> None:
        done.append(steps)
        if steps == step:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        ri.train("resnet18", **options, progress=stop)
    kept = torch.load(tmp_path / "run" / "last.pt", weights_only=True)
    assert (done[-1], 6 * len(kept["epochs"]) + kept["step"]) == (step, step)
    ri.train("resnet18", **options, resume=True, progress=lambda steps, planned: done.append(steps))
    assert done == [*range(step + 1), *range(step, 19)]
    ours, theirs = (
        torch.load(where / "last.pt", weights_only=True) for where in (tmp_path / "run", undisturbed(workers))
    )
    assert_same_state(ours, theirs)
    results = [
        json.loads((w / "results.json").read_text(encoding="utf-8")) for w in (tmp_path / "run", undisturbed(workers))
    ]
    assert_same_state(*results)


def test_a_finished_run_says_so_and_changes_nothing(folder: str, undisturbed: Callable[[int], Path]) -> None:
    where = undisturbed(0)
    before = {path: path.read_bytes() for path in where.iterdir() if path.is_file()}
    answer = ri.train("resnet18", **whole(folder, 0, where), resume=True)
    assert answer.exit_code == 0
    assert any("finished" in note for note in answer.notes)
    assert before == {path: path.read_bytes() for path in where.iterdir() if path.is_file()}


def test_the_command_line_trains_resumes_and_tests(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = [word for setting in SMALL_NET for word in ("--set", setting)]
    train = ["train", "resnet18", *settings, "--data", folder, "--epochs", "1", "--workers", "0", "--device", "cpu"]
    first = CliRunner().invoke(
        main, [*train, "--resume", "--layout", "channels_last", "--precision", "amp-bf16", "--seed", "1"]
    )
    assert first.exit_code == 0, first.output
    (where,) = (tmp_path / "runs").iterdir()
    again = CliRunner().invoke(main, train)
    assert (again.exit_code, "--resume continues it" in again.output) == (2, True)
    tested = CliRunner().invoke(main, ["accuracy", str(where / "last.pt"), "--workers", "0", "--format", "json"])
    assert tested.exit_code == 0, tested.output
    results = json.loads((where / "results.json").read_text(encoding="utf-8"))
    assert json.loads(tested.stdout)["facts"]["test_accuracy"] == results["epochs"][-1]["test_accuracy"]


def test_the_examples_of_the_helps_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for example in (*train_command.EXAMPLES, *accuracy_command.EXAMPLES):
        done = CliRunner().invoke(main, shlex.split(example)[1:])
        assert done.exit_code == 0, done.output
