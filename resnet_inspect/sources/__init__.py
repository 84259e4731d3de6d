"""Whatever the user names or holds -> a Source, which gives its Graph."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeGuard

from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.kwargs import Kwargs
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.sources import variant
from resnet_inspect.sources.batch import Input, read_batch, read_inputs
from resnet_inspect.sources.source import TakesInputs
from resnet_inspect.sources.variant import Settings, VariantSource

if TYPE_CHECKING:
    from torch import nn

    from resnet_inspect.sources.source import Source

    Model = str | os.PathLike[str] | ResNetSpec | nn.Module
else:
    Model = str | os.PathLike[str] | ResNetSpec  # and a module, but naming its class would import torch

__all__ = [
    "Input",
    "Kwargs",
    "Model",
    "Settings",
    "VariantSource",
    "expand",
    "find",
    "find_all",
    "find_variant",
    "graph_of",
    "is_code",
    "spec_of",
]


def find(model: Model, settings: Settings = (), kwargs: Kwargs = ()) -> "Source":
    """The network that ``model`` names or is; code is not run before its graph or image is asked for.

    Raises:
        UnknownModelError: no variant has that name.
        RequestError: a file cannot be read, or a setting or an argument does not apply.
    """
    if is_code(model):
        from resnet_inspect.sources import code

        return code.find(model, settings, kwargs)
    source = _find_written(model, settings)  # type: ignore[arg-type]  # is_code has taken the modules
    if kwargs:
        raise RequestError(
            f"--kwargs are for what makes a net in code, not for {source.name}", hint="--set changes a spec"
        )
    return source


def _find_written(model: str | os.PathLike[str] | ResNetSpec, settings: Settings) -> "Source":
    if not is_graph(model):
        return variant.find(model, settings)
    from resnet_inspect.sources import graph_file, onnx_file

    path = os.fspath(model)
    return onnx_file.find(path, settings) if path.lower().endswith(".onnx") else graph_file.find(path, settings)


def find_all(models: Sequence[Model], settings: Settings = (), kwargs: Kwargs = ()) -> "list[Source]":
    """As ``find``, for several nets: ``settings`` change those with a spec, ``kwargs`` those in code.

    Raises:
        RequestError: there are settings and no spec, or arguments and no code.
    """
    in_code = [*map(is_code, models)]
    some_of_each = len(set(in_code)) == 2
    return [
        find(model, () if code and some_of_each else settings, () if some_of_each and not code else kwargs)
        for model, code in zip(models, in_code, strict=True)
    ]


def expand(models: Sequence[Model]) -> list[Model]:
    """``models``, with the nets that a glob matches in its place: of the zoo, or of a library as ``timm:resnet*``.

    Raises:
        UnknownModelError: a glob matches no net. MachineError: the library is not installed.
    """
    nets: list[Model] = []
    for model in models:
        if isinstance(model, str) and any(sign in model for sign in "*?[") and not os.path.exists(model):
            nets += [name for name in _matching(model) if name not in nets]
        else:
            nets.append(model)
    return nets


def _matching(glob: str) -> list[str]:
    from resnet_inspect.sources.library import is_pattern, match_nets  # which few questions ask for

    return match_nets(glob) if is_pattern(glob) else [each.name for each in zoo.matching(glob)]


def find_variant(model: Model, settings: Settings = ()) -> VariantSource:
    """As ``find``, for a question that only a spec can answer.

    Raises:
        RequestError: ``model`` is code or a Graph.
    """
    if is_graph(model):
        raise RequestError(f"{os.fspath(model)} is a Graph, which has no spec", hint="name the variant it was made of")
    if is_code(model):
        name = model if isinstance(model, str) else type(model).__name__
        raise RequestError(f"{name} is code, which has no spec", hint="name its variant, as resnet50")
    return variant.find(model, settings)  # type: ignore[arg-type]  # is_code has taken the modules


def spec_of(source: "Source") -> ResNetSpec | None:
    """The spec of a net that has one; code has none."""
    return source.spec if isinstance(source, VariantSource) else None


def is_code(model: Model) -> "TypeGuard[str | nn.Module]":
    """Whether making the network runs Python: ``model`` names code, or is a module or what makes one."""
    if isinstance(model, str):
        return ":" in model and not model.lower().endswith(".toml") and not model.startswith("pytorchcv:")
    return callable(model)


def is_graph(model: Model) -> "TypeGuard[str | os.PathLike[str]]":
    """Whether ``model`` names a file that holds a network call by call."""
    return isinstance(model, str | os.PathLike) and os.fspath(model).lower().endswith((".json", ".onnx"))


def graph_of(source: "Source", input: Input = None, batch_size: int | None = None) -> Graph:
    """The network applied to ``input``, or to a batch of images that it is made for.

    Raises:
        RequestError: the two describe no batch. ShapeError: the network cannot take it.
    """
    if input is not None and isinstance(source, TakesInputs):
        inputs = read_inputs(input)
        if inputs is not None:
            return source.graph_of_inputs(inputs)
    return source.graph(read_batch(input, batch_size, source.image, source.batch_size))
