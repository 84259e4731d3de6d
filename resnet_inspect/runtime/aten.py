"""Operations of torch's dispatcher as calls of the functions that Python code makes."""

from collections.abc import Mapping, Sequence
from typing import Any

# Name, arguments and output of a call of a function.
FunctionCall = tuple[str, Sequence[Any], Mapping[str, Any], Any]


def as_function(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> FunctionCall:
    """The call of a function that an operation is the work of; most operations have their function's name."""
    match name, args:
        case "convolution", (x, weight, bias, stride, padding, dilation, False, _, groups, *_):
            sizes = (tuple(stride), tuple(padding), tuple(dilation))
            return f"conv{len(stride)}d", (x, weight, bias, *sizes, groups), {}, out
        case "addmm", (bias, x, weight) if not kwargs and weight._base is not None:
            return "linear", (x, weight._base, bias), {}, out
        case "native_batch_norm", (x, weight, bias, mean, variance, False, *_):
            return "batch_norm", (x, mean, variance, weight, bias), {}, out[0]
        case "native_batch_norm_legit_no_training", (x, weight, bias, mean, variance, *_):
            return "batch_norm", (x, mean, variance, weight, bias), {}, out[0]
        case "native_group_norm", (x, weight, bias, _, _, _, groups, _):
            return "group_norm", (x, groups, weight, bias), {}, out[0]
        case "max_pool2d_with_indices", _:
            return "max_pool2d", args, kwargs, out[0]
        case "unsafe_view", _:
            return "view", args, kwargs, out
    return name, args, kwargs, out
