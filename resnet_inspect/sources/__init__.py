"""Whatever the user names or holds -> a Source, which gives its Graph."""

import os
from typing import TYPE_CHECKING, TypeGuard

from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.sources import variant
from resnet_inspect.sources.batch import Input, read_batch
from resnet_inspect.sources.variant import Settings, VariantSource

if TYPE_CHECKING:
    from torch import nn

    from resnet_inspect.sources.source import Source

    Model = str | os.PathLike[str] | ResNetSpec | nn.Module
else:
    Model = str | os.PathLike[str] | ResNetSpec  # and a module, but naming its class would import torch

__all__ = ["Input", "Model", "Settings", "VariantSource", "find", "find_variant", "graph_of", "is_code"]


def find(model: Model, settings: Settings = ()) -> "Source":
    """The network that ``model`` names or is; code is not run before its graph or image is asked for.

    Raises:
        UnknownModelError: no variant has that name.
        RequestError: a file cannot be read, or a setting does not apply.
    """
    if is_code(model):
        from resnet_inspect.sources import code

        return code.find(model, settings)
    return variant.find(model, settings)  # type: ignore[arg-type]  # is_code has taken the modules


def find_variant(model: Model, settings: Settings = ()) -> VariantSource:
    """As ``find``, for a question that only a spec can answer.

    Raises:
        RequestError: ``model`` is code.
    """
    if is_code(model):
        name = model if isinstance(model, str) else type(model).__name__
        raise RequestError(
            f"{name} is code, which has no spec",
            hint="name its variant, as resnet50; summary, flops, memory, compare, roofline, budget and bench read code",
        )
    return variant.find(model, settings)  # type: ignore[arg-type]  # is_code has taken the modules


def is_code(model: Model) -> "TypeGuard[str | nn.Module]":
    """Whether making the network runs Python: ``model`` names code, or is a module or what makes one."""
    if isinstance(model, str):
        return ":" in model and not model.lower().endswith(".toml") and not model.startswith("pytorchcv:")
    return callable(model)


def graph_of(source: "Source", input: Input = None, batch_size: int | None = None) -> Graph:
    """The network applied to ``input``, or to a batch of images that it is made for.

    Raises:
        RequestError: the two describe no batch. ShapeError: the network cannot take it.
    """
    return source.graph(read_batch(input, batch_size, source.image))
