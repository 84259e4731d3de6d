"""The files of a run that people and programs read: results.json and history.csv, each written whole."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from typing import Any

from resnet_inspect.errors import OutputError, RequestError
from resnet_inspect.training.run import Epoch
from resnet_inspect.typed_json import encode
from resnet_inspect.whole_file import write_whole

LAST, BEST, RECIPE, RESULTS, HISTORY = "last.pt", "best.pt", "recipe.toml", "results.json", "history.csv"


def best_of(epochs: Sequence[Epoch]) -> Epoch | None:
    """The first epoch with the highest test accuracy."""
    return max(epochs, key=lambda epoch: epoch.test_accuracy, default=None)


def results(head: Mapping[str, Any], epochs: Sequence[Epoch]) -> str:
    """``head`` (model, recipe, seed, params, macs), then the epochs and the best of them, as JSON."""
    best = best_of(epochs)
    summary = None if best is None else {"epoch": best.epoch, "test_accuracy": best.test_accuracy}
    return json.dumps({**head, "epochs": encode(list(epochs)), "best": summary}, indent=2) + "\n"


def history(epochs: Sequence[Epoch]) -> str:
    """The epochs as CSV, a row each."""
    rows = [[each.name for each in fields(Epoch)], *([repr(value) for value in astuple(epoch)] for epoch in epochs)]
    return "".join(",".join(row) + "\n" for row in rows)


def save(folder: str, name: str, content: str | bytes) -> None:
    """Write a file of the run's ``folder`` whole or not at all.

    Raises:
        OutputError: it cannot be written, and the file of that name stays as it was.
    """
    path = os.path.join(os.path.realpath(folder), name)
    try:
        write_whole(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise unwritable(os.path.join(folder, name), error) from None


def unwritable(path: str, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write {path}: {error.strerror}", hint="make room or give -o another folder; --resume continues"
    )


def has_checkpoint(folder: str, resume: bool) -> bool:
    """Whether ``folder`` holds a checkpoint to resume from.

    Raises:
        RequestError: it does, and nobody asked to resume.
    """
    is_begun = os.path.exists(os.path.join(folder, LAST))
    if is_begun and not resume:
        raise RequestError(f"{folder} holds a run", hint="--resume continues it; -o names another folder")
    return is_begun


def make_folder(folder: str) -> None:
    """Make the run's folder, unless it is there.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        os.makedirs(folder, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise unwritable(folder, error if isinstance(error, OSError) else OSError(0, str(error))) from None
