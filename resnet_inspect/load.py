"""Whatever the user typed -> Graph."""

import os
from collections.abc import Sequence

from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo import Variant

Model = str | os.PathLike[str] | ResNetSpec
Input = str | Sequence[int] | None


def variant(model: Model, settings: Sequence[str] = ()) -> Variant:
    """The spec that ``model`` names, with every ``field=value`` of ``settings`` applied.

    ``model`` is a variant of the zoo, the path of a spec.toml, or a spec.
    """
    found = _find(model)
    if not settings:
        return found
    if isinstance(settings, str):
        raise RequestError(f"settings is the text {settings!r}", hint=f"give a list of them: [{settings!r}]")
    from resnet_inspect.resnet import fields  # 3 ms that only --set pays

    return Variant(f"{found.name} {' '.join(settings)}", "spec", fields.apply(found.spec, settings))


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
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise RequestError(f"--batch-size {batch_size}: a batch has at least one image", hint="as --batch-size 1")
    if input is None:
        return batch_size or 1, spec.in_channels, spec.input_size, spec.input_size
    given = image(input)
    if batch_size not in (None, given[0]):
        raise RequestError(
            f"--input has a batch of {given[0]}, --batch-size says {batch_size}", hint="give one of the two"
        )
    return given


def _find(model: Model) -> Variant:
    if isinstance(model, ResNetSpec):
        return Variant("spec", "spec", model)
    path = os.fspath(model)
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
