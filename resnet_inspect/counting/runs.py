"""Accuracy that a user's own runs of ``train`` reached, read from their results.json."""

import json
import os
from dataclasses import dataclass
from typing import Annotated

from resnet_inspect.counting.accuracy import Accuracy
from resnet_inspect.errors import RequestError
from resnet_inspect.typed_json import Rule, Size, decode

RESULTS = "results.json"
_share: Rule = (lambda share: 0 <= share <= 1, "a share from 0 to 1")


@dataclass(frozen=True, slots=True)
class Best:
    """The best epoch so far."""

    test_accuracy: Annotated[float, _share]


@dataclass(frozen=True, slots=True)
class Results:
    """What a run's results.json says of its net, its recipe and its data; ``image`` is C, H, W."""

    model: str
    recipe: str
    data: str
    image: tuple[Size, Size, Size]
    best: Best | None


def results_in(folder: str) -> dict[str, list[Accuracy]]:
    """The name of a net -> what its runs in ``folder`` reached, with their data in place of a published source.

    A run is a folder with results.json, ``folder`` itself or one in it.

    Raises:
        RequestError: there is none, or one is not what ``train`` writes.
    """
    reached: dict[str, list[Accuracy]] = {}
    for path in _paths(folder):
        run = _read(path)
        if run.best is not None:
            side = run.image[1] if run.image[1] == run.image[2] else 0
            accuracy = Accuracy(run.data, run.recipe, side, 100 * run.best.test_accuracy, None)
            reached.setdefault(run.model, []).append(accuracy)
    return reached


def note_on(folder: str) -> str:
    return f"top-1: of the runs in {folder}, each at its best epoch by the test images"


def _paths(folder: str) -> list[str]:
    try:
        names = ["", *sorted(os.listdir(folder))]
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise RequestError(f"--runs {folder}: {reason}", hint="give the folder that `train` made, as runs") from None
    paths = [path for name in names if os.path.isfile(path := os.path.join(folder, name, RESULTS))]
    if not paths:
        raise RequestError(
            f"--runs {folder}: no {RESULTS} in it or in a folder of it",
            hint="a run of `train` writes one after its first epoch",
        )
    return paths


def _read(path: str) -> Results:
    try:
        with open(path, encoding="utf-8") as file:
            return decode(Results, json.load(file))
    except (OSError, ValueError, RecursionError) as error:
        raise RequestError(f"{path} is no result of train: {error}", hint="leave its folder out") from None
