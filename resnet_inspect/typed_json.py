"""Dataclasses to JSON and back: what arrives from a file or a process is checked once, at the border."""

import types
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
JsonObject = Mapping[str, Any]  # whoever wrote it knows its shape, as a spec's fields
SCALARS: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((float, int), "a number"),
    str: ((str,), "text"),
}


def keyed(key: str) -> dict[str, Any]:
    """Field metadata: the JSON key, where it is not the field's name."""
    return {"key": key}


LENIENT = {"lenient": True}  # field metadata: a missing key is the default
OPTIONAL = {"lenient": True, "optional": True}  # ... and None is not written


def encode(value: Any) -> Any:  # any dataclass; JSON values
    """``value`` as JSON types: a dataclass is an object, a tuple a list."""
    if is_dataclass(value):
        present = [(field, getattr(value, field.name)) for field in fields(value)]
        return {_key(field): encode(part) for field, part in present if part is not None or not _is_optional(field)}
    if isinstance(value, Mapping):
        return {name: encode(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [encode(part) for part in value]
    return value


def decode(kind: type[T], document: object, path: str = "") -> T:
    """The value of type ``kind`` that ``encode`` wrote; keys without a field are passed over.

    Raises:
        ValueError: a part has another type, or a key is missing; the message names its ``path``.
    """
    value: T = _decode(kind, document, path)
    return value


def _decode(kind: Any, document: Any, path: str) -> Any:  # a type and JSON values, whose types are checked here
    if kind is Any:
        return document
    if kind in SCALARS:
        allowed, noun = SCALARS[kind]
        return document if type(document) in allowed else _refuse(path, document, noun)
    if isinstance(kind, type) and is_dataclass(kind):
        return _decode_object(kind, document, path)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        if document in arguments:
            return document
        _refuse(path, document, "one of " + ", ".join(map(str, arguments)))
    if origin in (Union, types.UnionType):
        return _decode_union(arguments, document, path)
    if origin is tuple:
        return _decode_tuple(arguments, document, path)
    if origin not in (Mapping, dict):
        raise TypeError(f"{kind} has no JSON")
    if not isinstance(document, dict):
        _refuse(path, document, "an object")
    return {name: _decode(arguments[1], part, _join(path, name)) for name, part in document.items()}


def _decode_object(kind: type, document: Any, path: str) -> Any:
    if not isinstance(document, dict):
        _refuse(path, document, "an object")
    hints, values = _hints(kind), {}
    for field in fields(kind):
        key = _key(field)
        if key in document:
            values[field.name] = _decode(hints[field.name], document[key], _join(path, key))
        elif not field.metadata.get("lenient"):
            raise ValueError(f"{_join(path, key)} is missing")
    return kind(**values)


def _decode_tuple(arguments: tuple[Any, ...], document: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(document, list):
        _refuse(path, document, "a list")
    if arguments[-1] is Ellipsis:
        if arguments[0] is float and all(type(x) is float for x in document):  # thousands of samples
            return tuple(document)
        arguments = (arguments[0],) * len(document)
    if len(arguments) != len(document):
        _refuse(path, document, f"a list of {len(arguments)}")
    return tuple(_decode(part, x, f"{path}[{i}]") for i, (part, x) in enumerate(zip(arguments, document, strict=True)))


def _decode_union(arguments: tuple[Any, ...], document: Any, path: str) -> Any:
    if document is None and type(None) in arguments:
        return None
    *others, last = [argument for argument in arguments if argument is not type(None)]
    if others and is_dataclass(last):
        likeness, kind = max(((_likeness(kind, document), kind) for kind in [*others, last]), key=lambda pair: pair[0])
        if document and likeness[0] == 0:
            _refuse(path, document, "an object of a known kind")
        return _decode(kind, document, path)
    for kind in others:
        try:
            return _decode(kind, document, path)
        except ValueError:
            continue
    return _decode(last, document, path)


def _likeness(kind: type, document: Any) -> tuple[int, int]:
    """How well the keys of ``document`` fit: most in common, then fewest missing."""
    keys = {_key(field) for field in fields(kind)}
    common = keys.intersection(document if isinstance(document, dict) else ())
    return len(common), -len(keys)


def _refuse(path: str, document: object, wanted: str) -> NoReturn:
    shown = repr(document)
    raise ValueError(f"{path or 'the document'} is {shown if len(shown) < 40 else shown[:36] + ' ...'}, not {wanted}")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _key(field: Field[Any]) -> str:
    return str(field.metadata.get("key", field.name))


def _is_optional(field: Field[Any]) -> bool:
    return bool(field.metadata.get("optional"))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
