"""The net of a checkpoint, and how well it classifies."""

from functools import partial
from typing import Any

import torch
from torch import nn

from resnet_inspect.errors import RequestError
from resnet_inspect.runtime.environment import resolve
from resnet_inspect.sources.source import Source
from resnet_inspect.training.data import DataSet
from resnet_inspect.training.loop import checkpoint, datasets
from resnet_inspect.training.loop.evaluate import evaluate
from resnet_inspect.training.loop.trainee import autocast, first_output, make, own_state
from resnet_inspect.training.recipe import Recipe
from resnet_inspect.training.run import Run


def read(path: str, source: Source | None) -> tuple[Run, dict[str, Any]]:
    """The run and the values of a checkpoint; ``source`` is its net, where the user named one.

    Raises:
        RequestError: it is no whole checkpoint, is of another net, or of code that nobody named.
    """
    run, values = checkpoint.load(path)
    if source is not None and source.job != run.source:
        raise RequestError(f"{path} is of {run.model}, not of {source.name}", hint=f"--model {run.model}")
    if source is None and "code" in run.source:
        raise RequestError(f"{path} is of {run.model}, which is code", hint=f"name it, as --model {run.source['code']}")
    return run, values


def net_of(run: Run, values: dict[str, Any], path: str) -> nn.Module:
    """The net with the weights that were tested: the averaged ones, where the run kept some.

    Raises:
        RequestError: the run describes no net, or the weights do not fit it.
    """
    average = values.get("average")
    try:
        with own_state(run, torch.device("cpu")):
            net = make(run.source, run.model, run.image)
        weights = values["net"]
        if average is not None:
            weights = {name.removeprefix("module."): each for name, each in average.items() if name != "n_averaged"}
        net.load_state_dict(weights)
    except (KeyError, RuntimeError, TypeError, AttributeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RequestError(f"{path} does not fit {run.model}: {reason}", hint=checkpoint.WRITTEN) from None
    return net.eval()


def classes_of(net: nn.Module, run: Run) -> int:
    with torch.no_grad():
        return int(first_output(net(torch.zeros(1, *run.image))).shape[-1])


def test(
    net: nn.Module, run: Run, recipe: Recipe, data: DataSet, workers: int, device: str, may_fetch: bool
) -> tuple[float, float]:  # fmt: skip
    """Mean cross-entropy and accuracy on the test images of ``data``, in batches of the recipe's size.

    Raises:
        RequestError: the files are missing, broken or of other channels.
    """
    where = torch.device(resolve(device))
    part = datasets.open_parts(data, run.image, recipe, is_sized=True, may_fetch=may_fetch)[1]
    loader = datasets.loader(part, recipe, workers, train=False, pin=where.type == "cuda")
    with own_state(run, where):
        tested = evaluate(net.to(where), loader, partial(autocast, run, where), where)
    assert tested is not None  # nothing stops it
    return tested
