"""A spec as a TOML file: ``base``, the variant it starts from, and what differs."""

import json
import os
import tomllib

from resnet_inspect.errors import RequestError, SpecError
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.fields import from_mapping, to_mapping
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo import Variant


def load(path: str) -> Variant:
    """The spec in the file; its name is the file's ``name``, or else the file's own.

    Raises:
        RequestError: the file cannot be read, is no TOML, or describes no spec.
    """
    try:
        with open(path, "rb") as file:
            values = tomllib.load(file)
    except OSError as error:
        raise RequestError(
            f"{path}: {error.strerror}", hint="give a variant's name or a spec.toml that exists"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"{path} is not TOML: {error}") from None
    base, name = values.pop("base", "resnet50"), values.pop("name", os.path.splitext(os.path.basename(path))[0])
    if not (isinstance(base, str) and isinstance(name, str)):
        raise SpecError(f"{path}: base and name must be text")
    try:
        return Variant(name, "spec", from_mapping(zoo.find(base).spec, values))
    except SpecError as error:
        raise SpecError(f"{path}: {error.message}", error.hint) from None


def dump(spec: ResNetSpec, name: str) -> str:
    """Text that ``load`` reads back to the same spec and name."""
    # A TOML basic string escapes as JSON does, but for DEL.
    lines = [
        f"name = {_value(name)}",
        'base = "resnet50"',
        *(f"{k} = {_value(v)}" for k, v in to_mapping(spec).items()),
    ]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
