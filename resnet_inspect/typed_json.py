"""Dataclasses to JSON and back: what arrives from a file or a process is checked once, at the border."""

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import Field, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
JsonObject = Mapping[str, Any]  # whoever wrote it knows its shape, as a spec's fields
SCALARS: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((float, int), "a number"),
    str: ((str,), "text"),
}
LARGEST = 2**63  # larger numbers overflow in a sum or a product of a few
DEEPEST = 16  # levels of what has no type of its own

# What a value must be beyond its type, and the words for that.
Rule = tuple[Callable[[Any], object], str]
_count: Rule = (lambda number: number >= 0, "a whole number from 0")
_size: Rule = (lambda number: number >= 1, "a whole number from 1")
# No clock resolves less, and ratios to these are finite. A sample that is not positive fails its self-check.
_time: Rule = (lambda ms: ms == 0 or abs(ms) >= 1e-9, "a time of 0, or of 1e-9 ms or more")
_duration: Rule = (lambda ms: ms >= 1e-9, "a time of 1e-9 ms or more")
_rate: Rule = (lambda per_s: per_s >= 1, "a rate of 1 or more")
Count = Annotated[int, _count]
Size = Annotated[int, _size]
Time = Annotated[float, _time]
Duration = Annotated[float, _duration]
Rate = Annotated[float, _rate]


def keyed(key: str) -> dict[str, Any]:
    """Field metadata: the JSON key, where it is not the field's name."""
    return {"key": key}


LENIENT = {"lenient": True}  # field metadata: a missing key is the default
OPTIONAL = {"lenient": True, "optional": True}  # ... and None is not written


def encode(value: Any) -> Any:  # any dataclass; JSON values
    """``value`` as JSON types: a dataclass is an object, a tuple (named ones too) or a set a list."""
    if is_dataclass(value):
        present = [(field, getattr(value, field.name)) for field in fields(value)]
        return {_key(field): encode(part) for field, part in present if part is not None or not _is_optional(field)}
    if isinstance(value, Mapping):
        return {name: encode(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [encode(part) for part in value]
    if isinstance(value, frozenset):
        return sorted(value)
    return value


def decode(kind: type[T], document: object, path: str = "") -> T:
    """The value of type ``kind`` that ``encode`` wrote; keys without a field are passed over.

    ``Annotated[int, rule]`` is a whole number that keeps a ``Rule``.

    Raises:
        ValueError: a part has another type, breaks its rule or is too large, or a key is missing; the message names its
            ``path``.
    """
    try:
        value: T = _decode(kind, document, path)
    except RecursionError:  # of repr() too, in a message
        raise ValueError(f"{path or 'the document'} nests too deep") from None
    return value


def _decode(kind: Any, document: Any, path: str) -> Any:  # a type and JSON values, whose types are checked here
    if kind is Any:
        return _plain(document, path)
    if kind in SCALARS:
        allowed, noun = SCALARS[kind]
        return _bounded(document, path) if type(document) in allowed else _refuse(path, document, noun)
    if isinstance(kind, type) and is_dataclass(kind):
        return _decode_object(kind, document, path)
    if isinstance(kind, type) and issubclass(kind, tuple):  # a NamedTuple
        return kind(*_decode_tuple(tuple(_hints(kind).values()), document, path))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        holds, noun = kind.__metadata__[0]
        value = _decode(arguments[0], document, path)
        return value if holds(value) else _refuse(path, document, noun)
    if origin is Literal:
        if any(document == choice and type(document) is type(choice) for choice in arguments):  # 1 == True in Python
            return document
        _refuse(path, document, "one of " + ", ".join(map(str, arguments)))
    if origin in (Union, types.UnionType):
        return _decode_union(arguments, document, path)
    if origin is tuple:
        return _decode_tuple(arguments, document, path)
    if origin is frozenset:
        return frozenset(_decode_tuple((arguments[0], ...), document, path))
    if origin not in (Mapping, dict):
        raise TypeError(f"{kind} has no JSON")
    if not isinstance(document, dict):
        _refuse(path, document, "an object")
    of_numbers = arguments[0] is int
    return {
        _number(name, path) if of_numbers else name: _decode(arguments[1], part, _join(path, name))
        for name, part in document.items()
    }


def _number(name: str, path: str) -> int:
    """The key of a mapping from whole numbers, which JSON keeps as text."""
    if not re.fullmatch("0|[1-9][0-9]{,18}", name):
        _refuse(_join(path, name), name, "a key that is a whole number")
    return int(name)


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
        if arguments[0] in (float, Time) and all(type(x) is float and 1e-9 <= x < LARGEST for x in document):
            return tuple(document)  # thousands of samples
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


def _bounded(value: Any, path: str) -> Any:  # a scalar
    """``value``, unless it is a number that is not finite or larger than what anything counts."""
    if isinstance(value, int | float) and not -LARGEST < value < LARGEST:
        _refuse(path, value, "a number below 2^63")
    return value


def _plain(document: Any, path: str, depth: int = 0) -> Any:  # any JSON value
    """``document``, whose numbers are bounded and which nests no deeper than DEEPEST."""
    if depth > DEEPEST:
        raise ValueError(f"{path} nests too deep")
    if isinstance(document, dict):
        for name, part in document.items():
            _plain(part, _join(path, name), depth + 1)
    elif isinstance(document, list):
        for i, part in enumerate(document):
            _plain(part, f"{path}[{i}]", depth + 1)
    return _bounded(document, path)


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
    return get_type_hints(kind, include_extras=True)


def _key(field: Field[Any]) -> str:
    return str(field.metadata.get("key", field.name))


def _is_optional(field: Field[Any]) -> bool:
    return bool(field.metadata.get("optional"))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
