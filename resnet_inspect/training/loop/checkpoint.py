"""Checkpoints: tensors and plain values, so that reading one runs no code."""

import io
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from resnet_inspect.errors import RequestError
from resnet_inspect.training import files
from resnet_inspect.training.run import Epoch, Run
from resnet_inspect.typed_json import decode, encode

FORMAT = "resnet-inspect/checkpoint 1"
WRITTEN = "give last.pt or best.pt of a run that `resnet-inspect train` wrote"


@dataclass(slots=True)
class Position:
    """How far a run has come: ``step`` batches into the epoch after ``epochs``.

    Attributes:
        loss_sum: of the images so far in this epoch, each with its batch's mean loss.
        started: random states at the beginning of this epoch.
    """

    step: int = 0
    loss_sum: float = 0.0
    images: int = 0
    seconds: float = 0.0
    started: dict[str, Any] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)


def draws(device: torch.device) -> dict[str, Any]:
    """The states of all generators that a run draws from."""
    states = {"python": random.getstate(), "torch": torch.get_rng_state()}
    return states | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def set_draws(states: dict[str, Any], device: torch.device) -> None:
    version, words, gauss = states["python"]
    random.setstate((version, tuple(words), gauss))
    torch.set_rng_state(states["torch"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)


def save_last(
    folder: str, run: Run, trainee: dict[str, Any], position: Position, drawn: Sequence[dict[str, Any]]
) -> None:
    """Everything that a resumed run needs; ``drawn`` are the random states of each process, as ``drawn`` gives them.

    Raises:
        OutputError: it cannot be written; the checkpoint before it stays.
    """
    values = {name: getattr(position, name) for name in ("step", "loss_sum", "images", "seconds")}
    first, *others = drawn
    _save(
        folder, files.LAST, run, {**trainee, **values, **first, "others": others, "epochs": encode(position.epochs)}
    )  # fmt: skip


def of_process(values: dict[str, Any], rank: int) -> dict[str, Any]:
    """The values with the random states of that process."""
    return values | values["others"][rank - 1] if rank else values


def save_best(folder: str, run: Run, net: dict[str, Any], epoch: Epoch) -> None:
    """The weights alone, with the epoch that they are of.

    Raises:
        OutputError: it cannot be written.
    """
    _save(folder, files.BEST, run, {"net": net, "epochs": encode([epoch])})


def load(path: str) -> tuple[Run, dict[str, Any]]:
    """The run of a checkpoint, and the checkpoint's values.

    Raises:
        RequestError: it cannot be read, is torn, or something else than a checkpoint of ``train``.
    """
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise RequestError(f"{path}: {error.strerror}", hint=WRITTEN) from None
    except Exception:  # torch's readers raise whatever a broken file makes them stumble over
        raise RequestError(f"{path} is no whole checkpoint", hint=WRITTEN) from None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise RequestError(f"{path} is no checkpoint of a run", hint=WRITTEN)
    try:
        run = decode(Run, values["run"], "run")
        values["epochs"] = list(decode(tuple[Epoch, ...], values["epochs"], "epochs"))
    except (ValueError, KeyError) as error:
        raise RequestError(f"{path} is no checkpoint of this version: {error}", hint=WRITTEN) from None
    return run, values


def drawn(position: Position, device: torch.device) -> dict[str, Any]:
    """The random states of this process at the epoch's begin and now."""
    return {"started": position.started, "now": draws(device)}


def position_of(values: dict[str, Any]) -> Position:
    return Position(**{name: values[name] for name in Position.__dataclass_fields__})


def _save(folder: str, name: str, run: Run, values: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "run": encode(run), **values}, buffer)
    files.save(folder, name, buffer.getvalue())


def path_in(folder: str) -> str:
    return os.path.join(folder, files.LAST)
