"""The arguments of a call of torch's functions, which code gives by position or by keyword."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

WEIGHTS_AT = {"conv2d": 1, "linear": 1, "batch_norm": 3, "group_norm": 2}  # function -> position of its weight


def positional(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments with the tensors that torch names ``input``, ``tensors`` and ``other`` in their positions."""
    args, kwargs = [*args], dict(kwargs)
    for position, keys in enumerate((("input", "tensors"), ("other",))):
        args += [kwargs.pop(key) for key in keys if len(args) == position and key in kwargs]
    return args, kwargs


def read_weights(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weight and the bias that a call of torch's function ``name`` reads; empty for a function without weights."""
    first = WEIGHTS_AT.get(name)
    if first is None:
        return {}
    given = dict(zip(("weight", "bias"), args[first : first + 2], strict=False)) | {**kwargs}
    return {key: given[key] for key in ("weight", "bias") if given.get(key) is not None}
