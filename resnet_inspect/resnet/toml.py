"""A spec as a TOML file: a base variant, and the fields that differ from it."""

import os

from resnet_inspect.errors import RequestError, SpecError
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.fields import from_mapping, to_mapping
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo import Variant
from resnet_inspect.toml_files import read_toml


def load(path: str) -> Variant:
    """The spec in the file at ``path``, named by its ``name`` entry or else by its file name.

    Raises:
        RequestError: the file cannot be read, is not TOML, or describes no spec.
    """
    hints = "give a variant's name or a spec.toml that exists", "`resnet-inspect export-spec` prints an example"
    values = read_toml(path, *hints)
    base, name = values.pop("base", "resnet50"), values.pop("name", os.path.splitext(os.path.basename(path))[0])
    if not (isinstance(base, str) and isinstance(name, str) and name.isprintable() and name.strip()):
        raise SpecError(f"{path}: base and name must be a line of text each", hint='write base = "resnet50"')
    try:
        variant = zoo.find(base)
        return Variant(name, "spec", from_mapping(variant.spec, values), variant.writing)
    except RequestError as error:
        raise type(error)(f"{path}: {error.message}", error.hint) from None


def dump(spec: ResNetSpec) -> str:
    """TOML that ``load`` reads back to the same spec; fields equal to resnet50's become comments."""
    default = to_mapping(ResNetSpec())
    values = to_mapping(spec)
    changed = [f"{name} = {_value(value)}" for name, value in values.items() if value != default[name]]
    same = [f"# {name} = {_value(value)}" for name, value in values.items() if value == default[name]]
    return "\n".join(['base = "resnet50"', *changed, "", "# as resnet50 has them", *same]) + "\n"


def _value(value: object) -> str:
    match value:
        case None:
            return '"none"'
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case _:
            return f'"{value}"'  # a choice or an attention, with nothing to escape
