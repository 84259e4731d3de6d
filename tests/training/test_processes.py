"""Several processes that train one net: who takes which images, and that together they do what one process does."""

import itertools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from conftest import HERE
from hypothesis import given
from hypothesis import strategies as st
from learnable import assert_same_state
from torch.utils.data import RandomSampler

import resnet_inspect as ri
from resnet_inspect.cli import main
from resnet_inspect.errors import RequestError
from resnet_inspect.training.loop import group
from resnet_inspect.training.loop.datasets import Fake, Shares
from resnet_inspect.training.loop.group import Group, formed, telling_once
from resnet_inspect.training.processes import Place, images_of, left_out, read_place, steps_of
from resnet_inspect.training.recipe import load

pytestmark = pytest.mark.xdist_group("processes")


class Told(Group):
    """One of several processes, to which the first has told a seed."""

    def __init__(self, place: Place, seed: int) -> None:
        super().__init__(place)
        self.seed = seed

    def firsts(self, number: int) -> int:
        return self.seed


@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 5), st.booleans(), st.integers(0, 9))
def test_an_epoch_visits_each_image_once_in_the_order_of_one_process(
    images: int, batch_size: int, size: int, shuffle: bool, seed: int
) -> None:
    """Apart from a rest that is smaller than the group. No process waits for another in any step."""
    recipe = replace(load("tutorial"), batch_size=batch_size, shuffle=shuffle)
    torch.manual_seed(seed)
    order = [*RandomSampler(range(images))] if shuffle else [*range(images)]
    torch.manual_seed(seed)
    drawn = int(torch.empty((), dtype=torch.int64).random_().item())
    parts = [[*Shares(images, recipe, Told(Place(rank, size), drawn))] for rank in range(size)]
    steps = [*zip(*parts, strict=True)]
    assert len(steps) == steps_of(images, batch_size, size)
    visited: list[int] = []
    for step, shares in enumerate(steps):
        assert all(1 <= len(share) <= batch_size for share in shares)
        together = [shares[i % size][i // size] for i in range(sum(map(len, shares)))]
        assert len(together) == images_of(step, images, batch_size, size)
        visited += together
    assert visited == order[: images - left_out(images, batch_size, size)]
    assert left_out(images, batch_size, size) < size


@pytest.mark.parametrize("missing", ["RANK", "LOCAL_RANK", "MASTER_PORT"])
def test_a_launcher_that_tells_a_part_only_is_refused(missing: str) -> None:
    names = "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_PORT"
    whole = dict(zip(names, "12124", strict=True))
    assert read_place(whole) == Place(1, 2, 1, 2)
    with pytest.raises(RequestError, match=f"WORLD_SIZE is set, {missing} is no number"):
        read_place({name: value for name, value in whole.items() if name != missing})


def test_a_port_that_is_taken_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        place = {"RANK": 0, "WORLD_SIZE": 2, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 2, "MASTER_PORT": port}
        for name, value in {"MASTER_ADDR": "127.0.0.1", **place}.items():
            monkeypatch.setenv(name, str(value))
        done = CliRunner().invoke(main, ["train", "--data", "fake:8", "-o", str(tmp_path / "run")])
    assert done.exit_code == 3
    assert done.stderr.splitlines() == [
        f"error: the processes cannot meet at 127.0.0.1:{port}: another program has it",
        "hint:  torchrun --standalone finds a free port",
    ]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the processes share, in one process whose group is not formed in earnest."""
    shared: Any = group.TYPELESS.HashStore()
    monkeypatch.setattr(group, "_meet", lambda: shared)
    monkeypatch.setattr(group, "CALLS", itertools.count())
    monkeypatch.setattr(group.dist, "init_process_group", lambda *_, store, **__: store.set("formed", ""))
    monkeypatch.setattr(group.dist, "destroy_process_group", lambda: None)
    return shared


FIRST, CPU = Place(0, 2, 0, 2), torch.device("cpu")


def test_who_fails_says_so_before_its_peers_can_notice(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """They lose the connection when its group is destroyed; here one of them fails in that moment."""
    counted: list[int] = []
    monkeypatch.setattr(
        group.dist, "destroy_process_group", lambda: counted.append(store.add("resnet-inspect/0/failed", 1))
    )
    with pytest.raises(RequestError, match="the error itself"), telling_once(FIRST), formed(FIRST, CPU):
        raise RequestError("the error itself")
    assert counted == [2]


@pytest.mark.parametrize("fails_early", [False, True])
def test_processes_meet_again_wherever_one_of_them_failed(store: Any, fails_early: bool) -> None:
    """The keys of a second call are the same, whether or not this process formed a group in the first."""
    with suppress(RequestError), telling_once(FIRST):
        if fails_early:
            raise RequestError("no group yet")
        with formed(FIRST, CPU):
            pass
    with telling_once(FIRST), formed(FIRST, CPU):
        pass
    assert store.check(["resnet-inspect/1/group/formed"])
    assert store.check(["resnet-inspect/0/group/formed"]) is not fails_early


# Its norm works in evaluation alone, so that training does not depend on who normalizes which images.
NET = """
import os, signal
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.fc, self.steps = nn.BatchNorm2d(3, affine=False), nn.Linear(3 * 8 * 8, 4), 0
        self.idle = nn.Linear(2, 2)

    def forward(self, x):
        rank, kind = os.environ.get("RANK", "0"), "train" if self.training else "test"
        if x.device.type == "cpu" and "SEEN" in os.environ:
            with open(f"{os.environ['SEEN']}-{kind}-{rank}", "a") as file:
                file.writelines(f"{pixel}\\n" for pixel in x[:, 0, 0, 0].tolist())
        self.steps += self.training and x.device.type == "cpu"
        if os.environ.get("SIGNAL") and [rank, str(self.steps)] == os.environ["SIGNAL"].split(":")[:2]:
            os.kill(os.getpid(), int(os.environ["SIGNAL"].split(":")[2]))
        normed = self.norm(x)
        return self.fc((x if self.training else normed).flatten(1))
"""

# Each process plays the same commands one after the other, and keeps their exit codes.
PLAY = """
import json, os, sys
from resnet_inspect.cli import main
codes = []
for environment, words in json.loads(sys.argv[1]):
    os.environ.update(environment)
    try:
        main(words, prog_name="resnet-inspect")
    except SystemExit as end:
        codes.append(end.code)
    with open(f"codes-{os.environ['RANK']}", "w") as file:
        json.dump(codes, file)
"""
IMAGES, TEST_IMAGES, BATCH, EPOCHS = 21, 4, 4, 2
OPTIONS = {"input": (1, 3, 8, 8), "recipe": "modern", "epochs": EPOCHS, "workers": 0, "device": "cpu"}
STOP, DIE = "1:2:2", "1:5:9"  # process 1 in its second step by SIGINT, in its fifth by SIGKILL


def train_words(where: Path, data: str, *more: str) -> list[str]:
    given = f"--input 1,3,8,8 --batch-size {BATCH} --recipe modern --epochs {EPOCHS} --workers 0 --device cpu"
    return ["train", f"{where}/net.py:Net", "--data", data, *given.split(), *more]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Two processes by torch's launcher: the folder with all that they left, and their stderr."""
    where, data = tmp_path_factory.mktemp("together"), f"fake:{IMAGES}"
    (where / "net.py").write_text(NET, encoding="utf-8")
    (where / "play.py").write_text(PLAY, encoding="utf-8")
    commands: Sequence[tuple[dict[str, str], list[str]]] = (
        ({}, train_words(where, "fake:1", "-o", "few")),
        ({"SEEN": str(where / "seen")}, train_words(where, data, "-o", "whole", "--format", "json")),
        ({"SIGNAL": STOP, "SEEN": "/dev/null"}, train_words(where, data, "-o", "stopped")),
        ({"SIGNAL": ""}, train_words(where, data, "-o", "stopped", "--resume")),
        ({"SIGNAL": DIE}, train_words(where, data, "-o", "dead")),
    )
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launcher, "play.py", json.dumps(commands)]
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, timeout=300)
    (where / "answers").write_text(done.stdout, encoding="utf-8")
    return where, done.stderr


@pytest.fixture(scope="module")
def alone(played: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one process's run, with a batch as large as that of both."""
    where = tmp_path_factory.mktemp("alone") / "run"
    ri.train(f"{played[0]}/net.py:Net", batch_size=2 * BATCH, data=f"fake:{IMAGES}", folder=str(where), **OPTIONS)
    return where


def last(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = torch.load(folder / "last.pt", weights_only=True)
    return values


def results(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return content


def test_two_processes_have_the_losses_and_weights_of_one(played: tuple[Path, str], alone: Path) -> None:
    """Each weight is the sum of all gradients so far, and the last step's shares are of 3 and 2 images."""
    ours, theirs = last(played[0] / "whole"), last(alone)
    for name in ("fc.weight", "fc.bias"):
        torch.testing.assert_close(ours["net"][name], theirs["net"][name])
        assert not torch.equal(theirs["net"][name], torch.zeros_like(theirs["net"][name]))
    losses = [[epoch["train_loss"] for epoch in results(run)["epochs"]] for run in (played[0] / "whole", alone)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert results(played[0] / "whole")["world_size"] == 2


def test_two_processes_see_every_image_once_an_epoch(played: tuple[Path, str]) -> None:
    for kind, count, first in (("train", IMAGES, 0), ("test", TEST_IMAGES, IMAGES)):
        parts = [(played[0] / f"seen-{kind}-{rank}").read_text(encoding="utf-8").split() for rank in (0, 1)]
        pixels = [repr(float(Fake(count, (3, 8, 8), 4, first)[i][0][0, 0, 0])) for i in range(count)]
        seen = [*parts[0], *parts[1]]
        assert sorted(seen) == sorted(pixels * EPOCHS)
        assert abs(len(parts[0]) - len(parts[1])) <= EPOCHS


def test_all_test_with_the_running_statistics_of_the_first(played: tuple[Path, str]) -> None:
    """Those of its checkpoint, which one process evaluates here."""
    tested = ri.accuracy(str(played[0] / "whole" / "last.pt"), model=f"{played[0]}/net.py:Net", workers=0)
    assert json.loads(tested.to_json())["facts"]["test_loss"] == pytest.approx(
        results(played[0] / "whole")["epochs"][-1]["test_loss"], rel=1e-5
    )


def test_one_process_writes_prints_and_tells_the_errors(played: tuple[Path, str]) -> None:
    where, stderr = played
    lines = [line for line in stderr.splitlines() if line.startswith(("error:", "hint:", "stopped", "epoch 1/"))]
    assert lines == [
        "error: 2 processes are more than the 1 images of fake:1",
        "hint:  start fewer processes",
        lines[2],  # an epoch of the whole run, then of the run that was stopped and resumed, then of that which died
        "stopped in epoch 1 after step 2 of 3; --resume continues",
        lines[2],
        lines[2],
        "error: process 0 of 2 lost another one, which ended or was killed",
        "hint:  the same command with --resume continues from the last checkpoint",
    ]
    codes = [json.loads((where / f"codes-{rank}").read_text(encoding="utf-8")) for rank in (0, 1)]
    assert codes == [[2, 0, 130, 0, 3], [2, 0, 130, 0]]
    answer, _ = json.JSONDecoder().raw_decode((where / "answers").read_text(encoding="utf-8"))
    assert (answer["facts"]["world_size"], answer["facts"]["step_images"]) == (2, 2 * BATCH)
    assert any("set-recipe lr=0.2" in note for note in answer["notes"])


def test_a_run_that_one_of_two_was_told_to_stop_resumes_bit_for_bit(played: tuple[Path, str]) -> None:
    assert_same_state(last(played[0] / "stopped"), last(played[0] / "whole"))
    assert len(last(played[0] / "dead")["epochs"]) == 1


def test_another_number_of_processes_does_not_resume(played: tuple[Path, str]) -> None:
    options = OPTIONS | {"batch_size": BATCH, "data": f"fake:{IMAGES}", "resume": True}
    with pytest.raises(RequestError, match="holds a run with world_size 2, not 1"):
        ri.train(f"{played[0]}/net.py:Net", folder=str(played[0] / "whole"), **options)
