"""What goes wrong in training is one line and a remedy, with the right exit code, and nothing is lost."""

import io
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
from click.testing import CliRunner
from learnable import SMALL_NET, write_cifar, write_folder
from torchvision import datasets

import resnet_inspect as ri
from resnet_inspect.cli import main
from resnet_inspect.errors import FAILED, InspectError, MachineError, OutputError, RequestError

NET = [word for setting in SMALL_NET for word in ("--set", setting)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("images"), 24, 8)


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small finished run."""
    where = tmp_path_factory.mktemp("run") / "run"
    train(folder, where)
    return where


def train(data: Path | str, where: Path, **options: Any) -> ri.Answer:
    text = data if isinstance(data, str) else f"imagefolder:{data}"
    given = {"settings": SMALL_NET, "epochs": 2, "batch_size": 8, "workers": 0, "device": "cpu"} | options
    return ri.train("resnet18", data=text, folder=str(where), **given)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--data nope", "names no data set"),
        ("--data imagefolder:", "names no data set"),
        ("--data fake:0", "names no data set"),
        ("--data fake:" + "9" * 5000, "names no data set"),
        ("--data fake:" + "0" * 5000 + "1", "names no data set"),
        ("--data fake:" + "0" * 11 + "1" * 5000, "names no data set"),
        ("--data fake:" + "0" * 11 + "19999999999", "names no data set"),
        ("--data imagefolder:/nowhere", "/nowhere/train: No such file"),
        ("--data fake:8 --recipe nope", "unknown recipe"),
        ("--data fake:8 --set-recipe lr=0", "a number above 0"),
        ("--data fake:8 --epochs 0", "--epochs 0"),
        ("--data fake:8 --workers -1", "--workers -1"),
        ("--data fake:8 --seed -1", "--seed -1"),
        ("--data fake:8 --device a100", "is a data sheet"),
        ("--data fake:8 --device cpu --precision amp-fp16", "needs a CUDA device"),
        ("--data fake:8 --input 4,3,32", "is not N,C,H,W"),
        ("--data cifar10", "has 4 outputs, cifar10 has 10 classes"),
        ("--data fake:8 -o /dev/null", "cannot write /dev/null"),
        ("--data fake:8 -o /proc/run", "cannot write /proc/run"),
        ("--data fake:9 --batch-size 8 --set input_size=2", "one value a channel"),
    ],
)
def test_a_wrong_request_is_one_line_and_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["train", "resnet18", *NET, *line.split()])
    error, hint = done.stderr.splitlines()
    assert done.exit_code == 2
    assert error.startswith("error: ")
    assert said in error
    assert hint.startswith("hint:  ")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda root: (root / "test").rename(root / "validation"), "test: No such file"),
        (lambda root: (root / "test" / "class0").rename(root / "test" / "other"), "in only one of train and test"),
        (lambda root: [path.unlink() for path in (root / "train" / "class1").iterdir()], "no images in"),
        (lambda root: (root / "train" / "class0" / "0.png").write_bytes(b"no image"), "cannot read an image"),
        (lambda root: (root / "train" / "class1" / "1.png").write_bytes(b"no image"), "cannot read an image"),
    ],
)
def test_a_folder_of_another_layout_is_refused(tmp_path: Path, spoil: Callable[[Path], object], said: str) -> None:
    root = write_folder(tmp_path / "images", 8, 8)
    spoil(root)
    with pytest.raises(RequestError, match=said) as refused:
        train(root, tmp_path / "run")
    assert refused.value.hint


def test_small_images_are_refused_unless_their_size_is_asked_for(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "images", 8, 8, side=16)
    with pytest.raises(RequestError, match="its images are 16×16, too small for a net of 32×32") as refused:
        train(root, tmp_path / "run")
    assert "--input 1,3,16,16" in refused.value.hint
    for side in (16, 32):
        train(root, tmp_path / f"run{side}", input=(1, 3, side, side), epochs=1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"settings": (*SMALL_NET, "in_channels=1")}, "images have 3 channels, the net has 1"),
        ({"recipe_settings": ("mean=[0.5]", "std=[0.5]")}, "images have 3 channels, the recipe has 1"),
        ({"batch_size": 23, "input": (1, 3, 2, 2)}, "one value a channel"),
    ],
)
def test_data_that_do_not_fit_are_refused(folder: Path, tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said) as refused:
        train(folder, tmp_path / "run", **options)
    assert refused.value.hint
    assert not (tmp_path / "run").exists()


def test_a_data_set_that_is_missing_and_cannot_be_fetched_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(*arguments: object, **options: object) -> None:
        raise URLError("[Errno -2] Name or service not known")

    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", fetch)
    with pytest.raises(RequestError, match=r"could be fetched: \[Errno -2\] Name") as refused:
        train(f"cifar10:{tmp_path}", tmp_path / "run", settings=(*SMALL_NET[:-1], "num_classes=10"))
    assert not (tmp_path / "run").exists()
    assert "DIR/train/CLASS" in refused.value.hint


def test_a_changed_file_of_cifar_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are pickles, which run code: no byte is read before torchvision has checked it."""
    for name, table in write_cifar(tmp_path, datasets.CIFAR100, 100, 100).items():
        monkeypatch.setattr(datasets.CIFAR100, name, table)
    monkeypatch.setattr("torchvision.datasets.cifar.download_and_extract_archive", lambda *a, **k: None)
    settings = (*SMALL_NET[:-1], "num_classes=100")
    answer = train(f"cifar100:{tmp_path}", tmp_path / "run", settings=settings, epochs=1)
    assert answer.exit_code == 0
    with (tmp_path / "cifar-100-python" / "test").open("ab") as file:
        file.write(b"more")
    with pytest.raises(RequestError, match="no whole data set"):
        train(f"cifar100:{tmp_path}", tmp_path / "again", settings=settings)


DIVERGING = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.steps = nn.Linear(3 * 32 * 32, 4), 0

    def forward(self, x):
        self.steps += self.training
        return self.fc(x.flatten(1)) * (float("nan") if self.steps == 5 else 1)

class Late(Net):
    def forward(self, x):
        return super().forward(x) * (float("nan") if self.steps == 3 and not self.training else 1)
"""


@pytest.mark.parametrize("look", [1, 2, 100])
def test_a_loss_that_is_not_finite_ends_the_run_and_names_the_step(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: int
) -> None:
    """However many steps lie between two looks at the losses, as on a GPU."""
    monkeypatch.setattr("resnet_inspect.training.loop.train.LOOK_STEPS", {"cpu": look})
    (tmp_path / "net.py").write_text(DIVERGING, encoding="utf-8")
    losses: list[float] = []
    with pytest.raises(InspectError, match="the loss is nan in epoch 2, step 2") as ended:
        ri.train(
            f"{tmp_path}/net.py:Net", (1, 3, 32, 32), 8, data=f"imagefolder:{folder}", folder=str(tmp_path / "run"),
            workers=0, device="cpu", losses=lambda step, loss: losses.append(loss),
        )  # fmt: skip
    assert ended.value.exit_code == FAILED
    assert len(losses) == 4
    assert len(torch.load(tmp_path / "run" / "last.pt", weights_only=True)["epochs"]) == 1


def test_a_test_loss_that_is_not_finite_leaves_no_checkpoint_of_such_weights(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(DIVERGING, encoding="utf-8")
    with pytest.raises(InspectError, match="the test loss is nan after epoch 1"):
        ri.train(
            f"{tmp_path}/net.py:Late", (1, 3, 32, 32), 8, data=f"imagefolder:{folder}", folder=str(tmp_path / "run"),
            workers=0, device="cpu",
        )  # fmt: skip
    assert [path.name for path in (tmp_path / "run").iterdir() if not path.name.startswith("events")] == ["recipe.toml"]


@pytest.mark.parametrize("torn", [0, 100, -2000, -1])
@pytest.mark.parametrize("verb", ["train", "accuracy"])
def test_a_torn_checkpoint_is_refused(trained: Path, folder: Path, tmp_path: Path, torn: int, verb: str) -> None:
    (tmp_path / "last.pt").write_bytes((trained / "last.pt").read_bytes()[:torn])
    with pytest.raises(RequestError, match="is no whole checkpoint"):
        train(folder, tmp_path, resume=True) if verb == "train" else ri.accuracy(str(tmp_path / "last.pt"))


@pytest.mark.parametrize("content", [{}, [], {"net": torch.ones(1)}, {"format": "resnet-inspect/checkpoint 1"}])
def test_another_programs_checkpoint_is_refused(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(RequestError, match="is no checkpoint"):
        ri.accuracy(str(tmp_path / "other.pt"))


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(1, 1), tmp_path / "module.pt")
    with pytest.raises(RequestError, match="is no whole checkpoint"):
        ri.accuracy(str(tmp_path / "module.pt"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"settings": (*SMALL_NET, "groups=1", "act=silu")}, "with model resnet18"),
        ({"batch_size": 4}, "with batch_size 8, not 4"),
        ({"recipe": "modern"}, "with optimizer adam, not sgd"),
        ({"seed": 1}, "with seed 0, not 1"),
        ({"workers": 1}, "with workers 0, not 1"),
    ],
)
def test_another_runs_checkpoint_is_not_resumed(
    trained: Path, folder: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        train(folder, trained, resume=True, **options)


def test_weights_of_another_net_are_refused(trained: Path, tmp_path: Path) -> None:
    values = torch.load(trained / "best.pt", weights_only=True)
    values["net"] = {name.replace("conv1", "conv9"): each for name, each in values["net"].items()}
    torch.save(values, tmp_path / "best.pt")
    with pytest.raises(RequestError, match="does not fit"):
        ri.accuracy(str(tmp_path / "best.pt"))
    with pytest.raises(RequestError, match="not of resnet34"):
        ri.accuracy(str(trained / "best.pt"), model="resnet34")
    with pytest.raises(RequestError, match="4 outputs, cifar100 has 100 classes"):
        ri.accuracy(str(trained / "best.pt"), "cifar100")


def test_a_full_disk_keeps_the_last_checkpoint(folder: Path, tmp_path: Path) -> None:
    """A limit on the size of files is what a process may set for itself; Python hears it as an OSError."""
    where = tmp_path / "run"
    train(folder, where)
    kept = (where / "last.pt").read_bytes()
    (where / "last.pt").unlink()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(done: int, planned: int) -> None:
        if done == 5:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))

    try:
        with pytest.raises(OutputError, match=r"cannot write .*: File too large") as refused:
            train(folder, where, progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "--resume" in refused.value.hint
    assert len(torch.load(where / "last.pt", weights_only=True)["epochs"]) == 1
    train(folder, where, resume=True)
    resumed, undisturbed = (
        torch.load(source, weights_only=True)["net"] for source in (where / "last.pt", io.BytesIO(kept))
    )
    assert all(torch.equal(resumed[name], undisturbed[name]) for name in undisturbed)
    assert not [path for path in where.iterdir() if path.name.startswith(".")]


def test_a_worker_that_dies_ends_the_run_with_a_checkpoint(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(worker: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr("resnet_inspect.training.loop.datasets._ignore_interrupts", die)
    with pytest.raises(MachineError, match="a worker of the loader died"):
        train(folder, tmp_path / "run", workers=1)
    assert (tmp_path / "run" / "last.pt").exists()
    monkeypatch.undo()
    assert train(folder, tmp_path / "run", workers=1, resume=True).exit_code == 0


def test_a_net_of_code_trains_and_its_checkpoint_runs_no_code(folder: Path, tmp_path: Path) -> None:
    import handwritten

    net = f"{handwritten.__file__}:DictOutput"
    options = {"input": (1, 3, 32, 32), "batch_size": 4, "epochs": 1, "workers": 0, "device": "cpu"}
    ri.train(net, data="fake:8", folder=str(tmp_path / "run"), **options)
    with pytest.raises(RequestError, match="which is code"):
        ri.accuracy(str(tmp_path / "run" / "last.pt"))
    tested = ri.accuracy(str(tmp_path / "run" / "last.pt"), model=net, workers=0)
    assert tested.exit_code == 0
