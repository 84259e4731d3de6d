"""Whatever the user typed -> Graph."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeGuard

from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo import Variant

if TYPE_CHECKING:
    from torch import nn

    from resnet_inspect.measure.record import Arm

    Model = str | os.PathLike[str] | ResNetSpec | nn.Module
else:
    Model = str | os.PathLike[str] | ResNetSpec  # and a module, for whose name alone torch is not imported
Input = str | Sequence[int] | None


def network(model: Model, settings: Sequence[str] = (), input: Input = None, batch_size: int | None = None) -> Graph:
    """The net that ``model`` names, or is, applied to a batch of images, which ``size`` reads.

    A variant, a spec.toml and a spec are lowered. Code is run once without data: a module, or ``torchvision:NAME``,
    ``timm:NAME``, ``file.py:NAME``, ``package.module:NAME``.

    Raises:
        ShapeError: the net cannot take the images.
        TraceError: code does what a Graph has no operation for.
    """
    if not is_code(model):
        return graph(variant(model, settings), input, batch_size)
    if settings:
        raise RequestError("--set changes a spec, and code has none", hint="change the code")
    from resnet_inspect.runtime import sources, trace  # torch lives behind this line

    net = sources.make(model) if isinstance(model, str) else model
    name = model if isinstance(model, str) else type(net).__name__
    return trace.trace(net, _batch(sources.image_of(net), input, batch_size), name)


def is_code(model: Model) -> "TypeGuard[str | nn.Module]":
    """Whether the net is written in Python, and not as a spec."""
    if isinstance(model, str):
        return ":" in model and not model.lower().endswith(".toml")
    return not isinstance(model, os.PathLike | ResNetSpec)


def variant(model: Model, settings: Sequence[str] = ()) -> Variant:
    """The spec that ``model`` names, with every ``field=value`` of ``settings`` applied.

    ``model`` is a variant of the zoo, the path of a spec.toml, or a spec.

    Raises:
        RequestError: it is code.
    """
    if is_code(model):
        raise RequestError(
            f"{model if isinstance(model, str) else type(model).__name__} is code, which has no spec",
            hint="name the variant that it is, as resnet50; summary, flops, memory, compare and roofline read code",
        )
    found = _find(model)
    if not settings:
        return found
    if isinstance(settings, str):
        raise RequestError(f"settings is the text {settings!r}", hint=f"give a list of them: [{settings!r}]")
    from resnet_inspect.resnet import fields  # 3 ms that only --set pays

    return Variant(f"{found.name} {' '.join(settings)}", "spec", fields.apply(found.spec, settings), found.writing)


def graph(found: Variant, input: Input = None, batch_size: int | None = None) -> Graph:
    """The net applied to a batch of images, which ``size`` reads.

    Raises:
        ShapeError: the net cannot take them.
    """
    return lower(found.spec, found.name, size(found.spec, input, batch_size))


def size(spec: ResNetSpec, input: Input = None, batch_size: int | None = None) -> tuple[int, int, int, int]:
    """N, C, H, W: ``input``, or images of the variant's own size.

    Raises:
        RequestError: the sizes are no batch of images, or ``batch_size`` is another N.
    """
    return _batch((spec.in_channels, spec.input_size, spec.input_size), input, batch_size)


def _batch(own: tuple[int, int, int], input: Input, batch_size: int | None) -> tuple[int, int, int, int]:
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise RequestError(f"--batch-size {batch_size}: a batch has at least one image", hint="as --batch-size 1")
    if input is None:
        return batch_size or 1, *own
    given = image(input)
    if batch_size not in (None, given[0]):
        raise RequestError(
            f"--input has a batch of {given[0]}, --batch-size says {batch_size}", hint="give one of the two"
        )
    return given


def measured(arm: "Arm") -> Graph:
    """The net that an arm of a Record measured, at its input.

    Raises:
        RequestError: the Record does not say what it was.
    """
    from resnet_inspect.resnet import fields

    n, c, h, w = arm.config.input
    return lower(fields.from_mapping(ResNetSpec(), arm.spec), arm.config.model, (n, c, h, w))


def _find(model: Model) -> Variant:
    if isinstance(model, ResNetSpec):
        return Variant("spec", "spec", model)
    path = os.fspath(model)  # type: ignore[arg-type]  # is_code has taken the modules away
    if path.lower().endswith(".toml"):
        from resnet_inspect.resnet import toml  # 6 ms that only a file pays

        return toml.load(path)
    return zoo.find(path)


def image(input: str | Sequence[int]) -> tuple[int, int, int, int]:
    """N, C, H, W as typed or as given.

    Raises:
        RequestError: they are no four sizes from 1.
    """
    given = input if isinstance(input, str) else ",".join(map(str, input))
    try:
        n, c, h, w = (int(part) for part in given.split(","))
    except ValueError:
        raise RequestError(
            f"--input {given} is not N,C,H,W", hint="four whole numbers, as --input 1,3,224,224"
        ) from None
    if min(n, c, h, w) < 1:
        raise RequestError(f"--input {given}: every size is at least 1", hint="as --input 1,3,224,224")
    return n, c, h, w
