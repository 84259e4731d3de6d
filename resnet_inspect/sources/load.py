"""Whatever the user typed -> Graph."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeGuard

from resnet_inspect.errors import RequestError, UnknownModelError
from resnet_inspect.graph import Graph
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo import Variant

if TYPE_CHECKING:
    from torch import nn

    Model = str | os.PathLike[str] | ResNetSpec | nn.Module
else:
    Model = str | os.PathLike[str] | ResNetSpec  # and a module, for whose name alone torch is not imported
Input = str | Sequence[int] | None


@dataclass(frozen=True, slots=True)
class Code:
    """A net that is written in Python, by what finds it: ``torchvision:NAME``, ``timm:NAME``, ``file.py:NAME``,
    ``package.module:NAME``."""

    name: str


Net = Variant | Code


def network(model: Model, settings: Sequence[str] = (), input: Input = None, batch_size: int | None = None) -> Graph:
    """The net that ``model`` names, or is, applied to a batch of images, which ``size`` reads.

    A variant, a spec.toml and a spec are lowered; code, which a module of torch is too, is run once without data.

    Raises:
        ShapeError: the net cannot take the images.
        TraceError: code does what a Graph has no operation for.
    """
    if is_code(model) and not isinstance(model, str):
        _refuse_settings(settings)
        net = model() if isinstance(model, type) or not hasattr(model, "named_modules") else model
        if not hasattr(net, "named_modules"):
            raise RequestError(f"a {type(net).__name__} is no model", hint="give a name, a spec or a module of torch")
        return _traced(net, type(net).__name__, input, batch_size)
    return graph(named(model, settings), input, batch_size)


def named(model: Model, settings: Sequence[str] = ()) -> Net:
    """As ``variant``, or the code that ``model`` is the name of."""
    if not is_code(model):
        return variant(model, settings)
    if not isinstance(model, str):
        raise RequestError(
            f"a {type(model).__name__} in memory is no name that another process could make it by",
            hint="give the name of what makes it, as net.py:make or package.module:make",
        )
    _refuse_settings(settings)
    return Code(model)


def _refuse_settings(settings: Sequence[str]) -> None:
    if settings:
        raise RequestError("--set changes a spec, and code has none", hint="change the code")


def is_code(model: Model) -> "TypeGuard[str | nn.Module]":
    """Whether the net is written in Python, and not as a spec: a name of code, a module, or what makes one."""
    if isinstance(model, str):
        return ":" in model and not model.lower().endswith(".toml")
    return callable(model)


def variant(model: Model, settings: Sequence[str] = ()) -> Variant:
    """The spec that ``model`` names, with every ``field=value`` of ``settings`` applied.

    ``model`` is a variant of the zoo, the path of a spec.toml, or a spec.

    Raises:
        RequestError: it is code.
    """
    if is_code(model):
        raise RequestError(
            f"{model if isinstance(model, str) else type(model).__name__} is code, which has no spec",
            hint="name the variant that it is, as resnet50; "
            "summary, flops, memory, compare, roofline, budget and bench read code",
        )
    found = _find(model)
    if not settings:
        return found
    if isinstance(settings, str):
        raise RequestError(f"settings is the text {settings!r}", hint=f"give a list of them: [{settings!r}]")
    from resnet_inspect.resnet import fields  # 3 ms that only --set pays

    return Variant(f"{found.name} {' '.join(settings)}", "spec", fields.apply(found.spec, settings), found.writing)


def graph(found: Net, input: Input = None, batch_size: int | None = None) -> Graph:
    """The net applied to a batch of images, which ``size`` reads.

    Raises:
        ShapeError: the net cannot take them.
    """
    if isinstance(found, Code):
        return _traced(_made(found.name), found.name, input, batch_size)
    return lower(found.spec, found.name, size(found.spec, input, batch_size))


@cache
def _made(name: str) -> "nn.Module":
    from resnet_inspect.runtime import code as sources  # torch lives behind this line

    return sources.make(name)


def _traced(net: "nn.Module", name: str, input: Input, batch_size: int | None) -> Graph:
    from resnet_inspect.runtime import code as sources
    from resnet_inspect.runtime import trace  # torch lives behind this line

    return trace.trace(net, _batch(sources.image_of(net), input, batch_size), name)


def own_image(found: Net) -> tuple[int, int, int]:
    """Channels, height and width that the net is made for."""
    if isinstance(found, Code):
        from resnet_inspect.runtime import code as sources  # torch lives behind this line

        return sources.image_of(_made(found.name))
    return found.spec.in_channels, found.spec.input_size, found.spec.input_size


def source_of(found: Net) -> dict[str, Any]:
    """What a worker makes the net of."""
    if isinstance(found, Code):
        return {"code": found.name}
    return {"spec": {field: value for field, value in spec_of(found).items() if value is not None}}


def spec_of(found: Net) -> dict[str, Any]:
    """The fields of the spec as JSON gives them back; code has none."""
    if isinstance(found, Code):
        return {}
    import json  # which an answer in a table does without

    from resnet_inspect.resnet import fields

    values: dict[str, Any] = json.loads(json.dumps(fields.to_mapping(found.spec)))
    return values


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


def _find(model: Model) -> Variant:
    if isinstance(model, ResNetSpec):
        return Variant("spec", "spec", model)
    path = os.fspath(model)  # type: ignore[arg-type]  # is_code has taken the modules away
    if path.endswith(".py"):
        raise UnknownModelError(f"unknown model {path!r}: a file of code", hint=f"say what in it, as {path}:make")
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
