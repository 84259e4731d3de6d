"""Accuracies of a user's own runs, in place of published ones."""

import json
from pathlib import Path
from typing import Any

import pytest

import resnet_inspect as ri
from resnet_inspect.counting.runs import results_in
from resnet_inspect.errors import RequestError

NETS = ("tutorial_resnet18_cifar10", "tutorial_resnet18_cifar10_3stage", "resnet50")


def write(folder: Path, model: str, accuracy: float | None, **changes: Any) -> None:
    folder.mkdir(parents=True)
    best = None if accuracy is None else {"epoch": 3, "test_accuracy": accuracy}
    document = {"model": model, "recipe": "modern", "data": "cifar10", "image": [3, 32, 32], "best": best, "epochs": []}
    (folder / "results.json").write_text(json.dumps(document | changes), encoding="utf-8")


@pytest.fixture
def runs(tmp_path: Path) -> str:
    """Two runs of one net, one without an epoch of another, and a folder that is none."""
    write(tmp_path / "a", NETS[0], 0.8)
    write(tmp_path / "b", NETS[0], 0.9, recipe="mine.toml")
    write(tmp_path / "c", NETS[1], None)
    (tmp_path / "notes").mkdir()
    return str(tmp_path)


def test_each_net_has_the_accuracy_of_its_best_run_and_no_published_one(runs: str) -> None:
    document = json.loads(ri.compare(*NETS, runs=runs, input=(1, 3, 32, 32)).to_json())
    rows = {row["name"]: (row["top1"], row["top1_source"]) for row in document["tables"]["models"]}
    assert rows == {NETS[0]: (90.0, "cifar10 mine.toml"), NETS[1]: (None, None), NETS[2]: (None, None)}
    assert any(note.startswith(f"top-1: of the runs in {runs}") for note in document["notes"])
    assert [each.top1 for each in results_in(f"{runs}/a")[NETS[0]]] == [80.0]


def test_an_accuracy_is_of_images_of_its_own_size(runs: str) -> None:
    document = json.loads(ri.compare(*NETS[:2], runs=runs, input=(1, 3, 64, 64)).to_json())
    assert [row["top1"] for row in document["tables"]["models"]] == [None, None]


def test_choose_takes_the_runs_for_its_bounds_and_its_front(runs: str) -> None:
    asked = {"device": "a100", "among": "tutorial*cifar10*", "input": (1, 3, 32, 32), "any_size": True, "runs": runs}
    answer = ri.choose(min_top1=85, **asked)
    (row,) = json.loads(answer.to_json())["tables"]["choices"]
    assert (row["model"], row["top1"], row["pareto"]) == (NETS[0], 90.0, True)
    assert "left out, as no run is of them: 3 nets" in answer.notes
    assert ri.choose(min_top1=95, **asked).exit_code == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no results.json in it"),
        ("", "is no result of train"),
        ("[]", "is no result of train"),
        ("[" * 10**5, "is no result of train"),
        ('{"model": "resnet18"}', "recipe is missing"),
        (
            '{"model": "a", "recipe": "b", "data": "c", "image": [3, 8, 8], "best": {"test_accuracy": 8}}',
            "a share from 0 to 1",
        ),
    ],
)
def test_a_folder_of_something_else_is_one_line_and_a_remedy(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "results.json").write_text(content, encoding="utf-8")
    with pytest.raises(RequestError, match=said) as refused:
        ri.compare(*NETS, runs=str(tmp_path))
    assert refused.value.hint
    assert "\n" not in refused.value.message
    with pytest.raises(RequestError, match="--runs"):
        ri.compare(*NETS, runs=str(tmp_path / "nowhere"))
