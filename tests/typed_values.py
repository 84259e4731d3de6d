"""Random values of any type that ``typed_json`` reads: scalars, dataclasses, tuples, mappings, unions, literals."""

import types
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from resnet_inspect.benchmark.case import Device
from resnet_inspect.typed_json import Count, Duration, Rate, Size, Time

words = st.text(max_size=8)
numbers = st.floats(-(2**62), 2**62)
integers = st.integers(-(2**62), 2**62)
json_values = st.recursive(
    st.none() | st.booleans() | integers | numbers | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=3,
)
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(0, 2**53),
    float: numbers,
    str: words,
    types.NoneType: st.none(),
    Any: json_values,
}
RULED: dict[Any, st.SearchStrategy[Any]] = {
    Count: st.integers(0, 2**53),
    Size: st.integers(1, 2**53),
    Time: st.just(0.0) | st.floats(1e-9, 2**62),
    Duration: st.floats(1e-9, 2**62),
    Rate: st.floats(1, 2**62),
    Device: st.sampled_from(["cpu", "mps", "cuda:0", "cuda:11"]),
}


def values_of(kind: Any, **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any value of ``kind``; ``fixed`` are strategies for single fields of a dataclass."""
    if get_origin(kind) is Annotated:
        return RULED[kind] if kind in RULED else values_of(kind.__origin__).filter(kind.__metadata__[0][0])
    if kind in SCALARS:
        return SCALARS[kind]
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        free = {f.name: values_of(hints[f.name]) for f in fields(kind) if f.name not in fixed}
        return st.builds(kind, **free, **fixed)
    if isinstance(kind, type) and issubclass(kind, tuple):  # a NamedTuple
        return st.builds(kind, *map(values_of, get_type_hints(kind).values()))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values_of, arguments))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, arguments))
    if origin is frozenset:
        return st.frozensets(values_of(arguments[0]), max_size=2)
    return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=2)  # a Mapping
