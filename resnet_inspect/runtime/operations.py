"""Torch's modules and functions as operations: the inverse of ``modules.py``."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from torch import Tensor, nn

from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.gate import AdaptiveMaxPool2d, Cat, Conv1d, Max, Mean, Mul, Reshape, Sigmoid
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import (
    Activation,
    Add,
    BatchNorm2d,
    Clone,
    Dropout,
    GroupNorm,
    Identity,
    ReLU,
    Scale,
)
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d, AvgPool2d, BlurPool2d, MaxPool2d
from resnet_inspect.graph.ops.reshape import Flatten, Pad, Slice, Subsample
from resnet_inspect.graph.ops.weighing import MatMul, Sum
from resnet_inspect.runtime.arguments import WEIGHTS_AT
from resnet_inspect.runtime.modules import Blur
from resnet_inspect.runtime.tensors import storage_of


class Unknown(Exception):  # noqa: N818  # a call that no operation names is no error
    """No operation names the call."""


# Operations, each applied to the output of the one before, and the tensors that the first one reads.
Calls = tuple[tuple[Op, ...], Sequence[Any]]

ACTIVATIONS = {
    "silu": "SiLU",
    "gelu": "GELU",
    "leaky_relu": "LeakyReLU",
    "relu6": "ReLU6",
    "hardswish": "Hardswish",
    "hardsigmoid": "Hardsigmoid",
    "mish": "Mish",
    "tanh": "Tanh",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
}
MODULES = {
    nn.Conv2d, nn.Conv1d, nn.Linear, nn.BatchNorm2d, nn.GroupNorm, nn.ReLU, nn.Sigmoid, nn.Identity, nn.Dropout,
    nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Flatten, Blur,
    *(getattr(nn, name) for name in ACTIVATIONS.values() if "Softmax" not in name),
}  # fmt: skip
VIEWS = ("view", "reshape", "flatten", "squeeze", "unsqueeze", "transpose", "permute")
SAME = ("detach", "expand", "expand_as")  # their output stands for their input
WITH_A_NUMBER = ("add", "sub", "mul", "div")


def of_module(module: nn.Module) -> Op | None:
    """The operation that ``module`` performs; None if its forward has to be traced.

    It has to be where the module's own ``forward`` or parameters were replaced, as weight normalisation does.

    Raises:
        Unknown: no operation has the module's settings.
    """
    if "forward" in vars(module) or (type(module) not in MODULES and not _is_timms_blur(module)):
        return None
    op = _of_settings(module)
    own = dict(module.named_parameters())
    return op if own.keys() == op.params().keys() else None


def _of_settings(module: nn.Module) -> Op:
    if _is_timms_blur(module):
        return BlurPool2d(module.channels, module.stride)  # type: ignore[arg-type]  # numbers in timm's module
    match module:
        case nn.Conv2d(padding_mode="zeros"):
            kernel, dilation = _square(module.kernel_size), _square(module.dilation)
            sizes = kernel, _square(module.stride), _padding(module.padding, dilation * (kernel - 1)), dilation
            channels = module.in_channels, module.out_channels
            return Conv2d(*channels, *sizes, module.groups, module.bias is not None)
        case nn.Conv1d(kernel_size=(kernel,), padding=(padding,), bias=None, groups=1) if padding == kernel // 2:
            return Conv1d(module.in_channels, module.out_channels, kernel)
        case nn.Linear():
            return Linear(module.in_features, module.out_features, module.bias is not None)
        case nn.BatchNorm2d(affine=True, track_running_stats=True):
            return BatchNorm2d(module.num_features)
        case nn.GroupNorm(affine=True):
            return GroupNorm(module.num_groups, module.num_channels)
        case nn.ReLU():
            return ReLU(module.inplace)
        case nn.Sigmoid():
            return Sigmoid()
        case nn.Dropout():
            return Dropout() if module.p else Identity()
        case nn.Identity():
            return Identity()
        case nn.MaxPool2d(dilation=1, return_indices=False):
            window = _square(module.kernel_size), _square(module.stride), _square(module.padding)
            return MaxPool2d(*window, module.ceil_mode)
        case nn.AvgPool2d():
            kernel, stride, padding = map(_square, (module.kernel_size, module.stride, module.padding))
            return AvgPool2d(kernel, stride, module.ceil_mode, padding)
        case nn.AdaptiveAvgPool2d(output_size=1 | (1, 1)):
            return AdaptiveAvgPool2d()
        case nn.AdaptiveMaxPool2d(output_size=1 | (1, 1)):
            return AdaptiveMaxPool2d()
        case nn.Flatten(start_dim=1, end_dim=-1):
            return Flatten()
        case Blur():
            return BlurPool2d(module.channels, module.stride)
        case _ if type(module).__name__ in ACTIVATIONS.values():
            return Activation(type(module).__name__, getattr(module, "inplace", False))
    raise Unknown


def of_function(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> Calls | None:
    """The operations of a call of torch's function ``name``; None if the call returns its argument.

    Raises:
        Unknown: no operation performs the call.
    """

    def argument(position: int, key: str, default: Any = None) -> Any:
        return args[position] if len(args) > position else kwargs.get(key, default)

    if not args or not isinstance(out, Tensor):
        raise Unknown
    x = args[0]
    match name:
        case _ if name in SAME or (out is x and name in ("contiguous", "float", "to", "type_as")):
            return None
        case "clone":
            return (Clone(),), [x]
        case "dropout" | "dropout2d":
            return (Dropout(name == "dropout2d") if argument(1, "p", 0.5) else Identity(),), [x]
        case "add" | "add_" | "iadd" if _tensors(args) == 2 and kwargs.get("alpha", 1) == 1:
            return (Add(inplace=out is x),), args[:2]
        case "mul" | "mul_" if _tensors(args) == 2:
            return (Mul(),), sorted(args[:2], key=lambda factor: tuple(factor.shape) != tuple(out.shape))
        case "relu" | "relu_":
            return (ReLU(inplace=out is x),), [x]
        case "sigmoid":
            return (Sigmoid(),), [x]
        case _ if name in WEIGHTS_AT:
            return (_with_weights(name, x, argument),), [x]
        case "max_pool2d" if argument(4, "dilation", 1) in (1, (1, 1)):
            kernel, stride, padding = argument(1, "kernel_size"), argument(2, "stride"), argument(3, "padding", 0)
            sizes = _square(kernel), _square(stride or kernel), _square(padding)
            return (MaxPool2d(*sizes, argument(5, "ceil_mode", False)),), [x]
        case "avg_pool2d":
            kernel, stride, padding = argument(1, "kernel_size"), argument(2, "stride"), argument(3, "padding", 0)
            window = _square(kernel), _square(stride or kernel)
            return (AvgPool2d(*window, argument(4, "ceil_mode", False), _square(padding)),), [x]
        case "adaptive_avg_pool2d" if argument(1, "output_size") in (1, (1, 1)):
            return (AdaptiveAvgPool2d(),), [x]
        case "adaptive_max_pool2d" if argument(1, "output_size") in (1, (1, 1)):
            return (AdaptiveMaxPool2d(),), [x]
        case "mean" | "sum" | "amax" | "max" if (dims := _dims(argument(1, "dim"), x.dim())) and 0 not in dims:
            reduced: Op = {"mean": Mean, "sum": Sum}.get(name, Max)(dims)
            return ((reduced,) if out.dim() == x.dim() else (reduced, _view(out))), [x]
        case "matmul" if _tensors(args) == 2:
            return (MatMul(),), args[:2]
        case "cat" if argument(1, "dim", 0) in (1, 1 - out.dim()):
            return (Cat(),), x
        case "pad":
            return (_pad(argument(1, "pad"), argument(2, "mode", "constant"), argument(3, "value")),), [x]
        case "getitem":
            return (_subsample_or_slice(args[1], x),), [x]
        case _ if (
            name in VIEWS and out.shape[0] == x.shape[0] and out.is_contiguous() and storage_of(out) == storage_of(x)
        ):
            return (_view(out),), [x]
        case _ if name.rstrip("_") in ACTIVATIONS:
            return (Activation(ACTIVATIONS[name.rstrip("_")], out is x),), [x]
        case _ if name.strip("_i") in WITH_A_NUMBER and _tensors(args) == 1 and isinstance(x, Tensor):
            return (Scale(inplace=out is x),), [x]
    raise Unknown


def pieces(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], out: Sequence[Tensor]) -> list[Op]:
    """The operations of a call that splits its input along the channels, one per output.

    Raises:
        Unknown: the call does something else.
    """
    dim = args[2] if len(args) > 2 else kwargs.get("dim", 0)
    if name not in ("split", "split_with_sizes", "chunk", "tensor_split") or dim != 1:
        raise Unknown
    ends = [*accumulate(piece.shape[1] for piece in out)]
    return [Slice(stop - piece.shape[1], stop) for piece, stop in zip(out, ends, strict=True)]


def zero_padded(inputs: Sequence[Tensor], dim: Sequence[Any], is_computed: Callable[[Tensor], bool]) -> Calls | None:
    """The padding that concatenates a feature map with zeros along the channels, as code often writes shortcut A.

    Raises:
        Unknown: it concatenates several maps, or along another dimension.
    """
    maps = [position for position, x in enumerate(inputs) if is_computed(x)]
    if len(maps) != 1 or [*dim] != [1]:
        raise Unknown
    first, last = (sum(x.shape[1] for x in part) for part in (inputs[: maps[0]], inputs[maps[0] + 1 :]))
    return (Pad((first, last)),), [inputs[maps[0]]]


def _is_timms_blur(module: Any) -> bool:
    """Whether ``module`` is timm's BlurPool2d with the default 3×3 filter; timm need not be installed."""
    kind: Any = type(module)
    return (kind.__module__.partition(".")[0], kind.__name__, getattr(module, "filt_size", 0)) == (
        "timm",
        "BlurPool2d",
        3,
    )


def _with_weights(name: str, x: Tensor, argument: Callable[..., Any]) -> Op:
    """The operation of a function that reads the weights of the module that calls it."""
    match name:
        case "conv2d":
            weight, bias = argument(1, "weight"), argument(2, "bias")
            stride, padding, dilation = argument(3, "stride", 1), argument(4, "padding", 0), argument(5, "dilation", 1)
            cout, _, *kernel = weight.shape
            sizes = _square(kernel), _square(stride), _square(padding), _square(dilation)
            computed = not isinstance(weight, nn.Parameter)
            return Conv2d(x.shape[1], cout, *sizes, argument(6, "groups", 1), bias is not None, computed)
        case "linear":
            weight = argument(1, "weight")
            cout, cin = weight.shape
            return Linear(cin, cout, argument(2, "bias") is not None, not isinstance(weight, nn.Parameter))
        case "batch_norm" if argument(3, "weight") is not None and argument(1, "running_mean") is not None:
            return BatchNorm2d(x.shape[1])
        case "group_norm" if argument(2, "weight") is not None:
            return GroupNorm(argument(1, "num_groups"), x.shape[1])
    raise Unknown


def _square(size: Any) -> int:
    """The extent of a square window, which torch takes as one number or as two.

    Raises:
        Unknown: the two numbers differ.
    """
    extents = {size} if isinstance(size, int) else set(size)
    if len(extents) != 1 or not isinstance(extent := extents.pop(), int):
        raise Unknown
    return extent


def _padding(padding: Any, reach: int) -> int:
    """Padding of each side; ``same`` is symmetric only for an even ``reach``, the dilated kernel's extent less 1."""
    named = {"valid": 0} if reach % 2 else {"valid": 0, "same": reach // 2}
    return named[padding] if padding in named else _square(padding)


def _tensors(args: Sequence[Any]) -> int:
    return sum(isinstance(arg, Tensor) for arg in args)


def _dims(dim: Any, rank: int) -> tuple[int, ...]:
    dims = () if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    return tuple(sorted(d % rank for d in dims))


def _view(out: Tensor) -> Op:
    return Flatten() if out.dim() == 2 else Reshape(tuple(out.shape[1:]))


def _moves_nothing(x: Tensor, out: Tensor) -> bool:
    """Whether ``out`` is the same elements of each image in the same order."""
    return out.shape[0] == x.shape[0] and out.is_contiguous() and storage_of(out) == storage_of(x)


def _pad(sizes: Sequence[int], mode: str, value: float | None) -> Op:
    left, right, top, bottom, *channels = (*sizes, 0, 0, 0, 0)[: max(4, len(sizes))]
    if mode != "constant" or value or left != top:
        raise Unknown
    return Pad((channels[0], channels[1]) if channels else (0, 0), right, bottom, left)


def _subsample_or_slice(index: Any, x: Tensor) -> Op:
    whole = slice(None)
    match index:
        case (n, slice(step=None) as channels, *rest) if n == whole and all(part == whole for part in rest):
            return Slice(*channels.indices(x.shape[1])[:2])
        case (n, c, slice(start=None, stop=None, step=int(stride)), last) if n == c == whole and last == index[2]:
            return Subsample(stride)
    raise Unknown
