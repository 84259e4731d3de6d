"""A ResNet as data: a variant of the zoo, a spec.toml or a ResNetSpec."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resnet_inspect.errors import RequestError, UnknownModelError
from resnet_inspect.graph import Graph
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo import Variant
from resnet_inspect.sources.batch import Batch, Image
from resnet_inspect.typed_json import JsonObject

Settings = Sequence[str] | Mapping[str, object]  # field=value texts, or a dictionary of fields


@dataclass(frozen=True, slots=True)
class VariantSource:
    """A network that is lowered from its spec; ``notes`` say what settings may have forgotten."""

    variant: Variant
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.variant.name

    @property
    def spec(self) -> ResNetSpec:
        return self.variant.spec

    @property
    def image(self) -> Image:
        return self.spec.in_channels, self.spec.input_size, self.spec.input_size

    @property
    def batch_size(self) -> int:
        return 1

    @property
    def spec_fields(self) -> JsonObject:
        import json  # 1 ms that a table does without

        from resnet_inspect.resnet import fields

        values: JsonObject = json.loads(json.dumps(fields.to_mapping(self.spec)))
        return values

    @property
    def job(self) -> JsonObject:
        return {"spec": {field: value for field, value in self.spec_fields.items() if value is not None}}

    def graph(self, batch: Batch) -> Graph:
        n, c, h, w = batch
        return lower(self.spec, self.name, (n, c, h, w))


def find(model: str | os.PathLike[str] | ResNetSpec, settings: Settings = ()) -> VariantSource:
    """The spec that ``model`` names or is, with all ``settings`` applied.

    Raises:
        UnknownModelError: the zoo has no such variant.
        RequestError: a file cannot be read. SpecError: a field is wrong.
    """
    variant = _find(model)
    if not settings:
        return VariantSource(variant)
    if not isinstance(settings, list | tuple | Mapping):
        raise RequestError(f"settings={settings!r} is no list", hint='as ["groups=32"] or {"groups": 32}')
    from resnet_inspect.resnet import fields  # 3 ms that only --set pays

    texts = fields.as_texts(settings) if isinstance(settings, Mapping) else settings
    spec = fields.apply(variant.spec, texts)
    changed = Variant(f"{variant.name} {' '.join(texts)}", "spec", spec, variant.writing)
    return VariantSource(changed, tuple(fields.doubts(spec, texts)))


def _find(model: str | os.PathLike[str] | ResNetSpec) -> Variant:
    if isinstance(model, ResNetSpec):
        return Variant("spec", "spec", model)
    if not isinstance(model, str | os.PathLike):
        raise RequestError(
            f"{type(model).__name__!r} object is no model", hint="give a name, a spec or a torch.nn.Module"
        )
    name = os.fspath(model)
    if name.lower().endswith(".toml"):
        from resnet_inspect.resnet import toml  # 6 ms that only a file pays

        return toml.load(name)
    try:
        return zoo.find(name)
    except UnknownModelError as error:
        if not error.message.startswith("unknown model"):  # a pattern of names has its own
            raise
        from resnet_inspect.sources.unknown import explain_unknown  # reads files, which only an error pays

        raise explain_unknown(name) from None
