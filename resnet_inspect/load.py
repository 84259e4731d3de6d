"""Whatever the user typed -> Graph."""

from collections.abc import Sequence
from pathlib import Path

from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.resnet import fields, zoo
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo import Variant

Image = tuple[int, int, int, int]


def variant(model: str | Path | ResNetSpec, settings: Sequence[str] = ()) -> Variant:
    """The spec that ``model`` names, with every ``field=value`` of ``settings`` applied.

    ``model`` is a variant of the zoo, the path of a spec.toml, or a spec.
    """
    found = _find(model)
    if not settings:
        return found
    name = f"{found.name} {' '.join(settings)}"
    return Variant(name, found.family, fields.apply(found.spec, settings))


def graph(found: Variant, input: str | Sequence[int] | None = None, batch_size: int | None = None) -> Graph:
    """The net applied to a batch N, C, H, W: ``input``, or one image of the variant's own size.

    Raises:
        RequestError: the sizes are no batch of images, or ``batch_size`` is another N.
        ShapeError: the net cannot take them.
    """
    spec = found.spec
    image = (batch_size or 1, spec.in_channels, spec.input_size, spec.input_size) if input is None else _image(input)
    if batch_size is not None:
        if batch_size < 1:
            raise RequestError(f"--batch-size {batch_size}: a batch has at least one image")
        if image[0] != batch_size:
            raise RequestError(
                f"--input says a batch of {image[0]}, --batch-size says {batch_size}", hint="give one of the two"
            )
    return lower(spec, found.name, image)


def _find(model: str | Path | ResNetSpec) -> Variant:
    if isinstance(model, ResNetSpec):
        return Variant("spec", "spec", model)
    if isinstance(model, Path) or model.endswith(".toml"):
        from resnet_inspect.resnet import toml

        return toml.load(Path(model))
    return zoo.find(model)


def _image(input: str | Sequence[int]) -> Image:
    given = input if isinstance(input, str) else ",".join(map(str, input))
    try:
        n, c, h, w = (int(part) for part in given.split(","))
    except ValueError:
        raise RequestError(f"--input {given} is not N,C,H,W", hint="four whole numbers, as --input 1,3,224,224") from None
    if min(n, c, h, w) < 1:
        raise RequestError(f"--input {given}: every size is at least 1", hint="as --input 1,3,224,224")
    return n, c, h, w
