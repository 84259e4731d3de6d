"""Each module and function of torch as the operation that it is: what ``modules.py`` does, the other way round."""

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
from resnet_inspect.runtime.modules import Blur


class Unknown(Exception):  # noqa: N818  # it is turned into a TraceError that says where
    """A call that no operation stands for; says which of its arguments is why."""


# Operations, each on what the one before it gives, and the tensors that the first one reads.
Found = tuple[tuple[Op, ...], Sequence[Any]]

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
VIEWS = ("view", "reshape", "flatten", "squeeze", "unsqueeze", "transpose", "permute")  # of one image's elements
SAME = ("detach", "expand", "expand_as")  # read as the tensor itself
WITH_A_NUMBER = ("add", "sub", "mul", "div")


def of_module(module: nn.Module) -> Op | None:
    """The operation that ``module`` is, None if it has to be entered: it is none of torch.nn's own, or not one here.

    Raises:
        Unknown: it is one, set to what no operation stands for.
    """
    if type(module) not in MODULES and not _is_timms_blur(module):
        return None
    if _is_timms_blur(module):
        return BlurPool2d(module.channels, module.stride)  # type: ignore[arg-type]  # timm's own are numbers
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
    raise Unknown(module.extra_repr())


def of_function(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> Found | None:
    """What a call of torch's function ``name`` does, and the tensors that it reads; None if it hands on its argument.

    Raises:
        Unknown: no operation stands for it.
    """

    def given(place: int, key: str, otherwise: Any = None) -> Any:
        return args[place] if len(args) > place else kwargs.get(key, otherwise)

    x = args[0]
    if not isinstance(out, Tensor):
        raise Unknown
    match name:
        case _ if name in SAME or (out is x and name in ("contiguous", "float", "to", "type_as")):
            return None
        case "clone":
            return (Clone(),), [x]
        case "dropout" | "dropout2d":
            return (Dropout(name == "dropout2d") if given(1, "p", 0.5) else Identity(),), [x]
        case "add" | "add_" | "iadd" if _tensors(args) == 2 and kwargs.get("alpha", 1) == 1:
            return (Add(inplace=out is x),), args[:2]
        case "mul" | "mul_" if _tensors(args) == 2:
            return (Mul(),), sorted(args[:2], key=lambda each: tuple(each.shape) != tuple(out.shape))
        case "relu" | "relu_":
            return (ReLU(inplace=out is x),), [x]
        case "sigmoid":
            return (Sigmoid(),), [x]
        case "conv2d" | "linear" | "batch_norm" | "group_norm":
            return (_with_weights(name, x, given),), [x]
        case "max_pool2d" if given(4, "dilation", 1) in (1, (1, 1)):
            kernel, stride, padding = given(1, "kernel_size"), given(2, "stride"), given(3, "padding", 0)
            pool = MaxPool2d(_square(kernel), _square(stride or kernel), _square(padding), given(5, "ceil_mode", False))
            return (pool,), [x]
        case "avg_pool2d":
            kernel, stride, padding = given(1, "kernel_size"), given(2, "stride"), given(3, "padding", 0)
            sizes = _square(kernel), _square(stride or kernel), given(4, "ceil_mode", False), _square(padding)
            return (AvgPool2d(*sizes),), [x]
        case "adaptive_avg_pool2d" if given(1, "output_size") in (1, (1, 1)):
            return (AdaptiveAvgPool2d(),), [x]
        case "adaptive_max_pool2d" if given(1, "output_size") in (1, (1, 1)):
            return (AdaptiveMaxPool2d(),), [x]
        case "mean" | "amax" | "max" if (dims := _dims(given(1, "dim"), x.dim())) and 0 not in dims:
            reduced: Op = Mean(dims) if name == "mean" else Max(dims)
            return ((reduced,) if out.dim() == x.dim() else (reduced, _view(out))), [x]
        case "cat" if given(1, "dim", 0) in (1, 1 - out.dim()):
            return (Cat(),), x
        case "pad":
            return (_pad(given(1, "pad"), given(2, "mode", "constant"), given(3, "value")),), [x]
        case "getitem":
            return (_subsample_or_slice(args[1], x),), [x]
        case _ if name in VIEWS and out.shape[0] == x.shape[0] and out.is_contiguous():  # no element moves
            return (_view(out),), [x]
        case _ if name.rstrip("_") in ACTIVATIONS:
            return (Activation(ACTIVATIONS[name.rstrip("_")], out is x),), [x]
        case _ if name.strip("_i") in WITH_A_NUMBER and _tensors(args) == 1 and isinstance(x, Tensor):
            return (Scale(inplace=out is x),), [x]
    raise Unknown


def pieces(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], out: Sequence[Tensor]) -> list[Op]:
    """The operations that a call along the channels is, each giving one of several results.

    Raises:
        Unknown: it gives others.
    """
    dim = args[2] if len(args) > 2 else kwargs.get("dim", 0)
    if name not in ("split", "split_with_sizes", "chunk", "tensor_split") or dim != 1:
        raise Unknown
    ends = [*accumulate(piece.shape[1] for piece in out)]
    return [Slice(stop - piece.shape[1], stop) for piece, stop in zip(out, ends, strict=True)]


def zero_padded(inputs: Sequence[Tensor], dim: Sequence[Any], known: Callable[[Tensor], bool]) -> Found | None:
    """A map joined to zeros along the channels, as shortcut A is often written.

    Raises:
        Unknown: there are other maps, or another dimension.
    """
    maps = [place for place, x in enumerate(inputs) if known(x)]
    if len(maps) != 1 or [*dim] != [1]:
        raise Unknown
    first, last = (sum(x.shape[1] for x in part) for part in (inputs[: maps[0]], inputs[maps[0] + 1 :]))
    return (Pad((first, last)),), [inputs[maps[0]]]


def _is_timms_blur(module: Any) -> bool:
    """Its default filter, the binomial 3×3; timm need not be installed."""
    kind: Any = type(module)
    return (kind.__module__.partition(".")[0], kind.__name__, getattr(module, "filt_size", 0)) == (
        "timm",
        "BlurPool2d",
        3,
    )


def _with_weights(name: str, x: Tensor, given: Callable[..., Any]) -> Op:
    """A function that reads weights: those of the module that calls it."""
    match name:
        case "conv2d":
            weight, bias = given(1, "weight"), given(2, "bias")
            stride, padding, dilation = given(3, "stride", 1), given(4, "padding", 0), given(5, "dilation", 1)
            cout, _, *kernel = weight.shape
            sizes = _square(kernel), _square(stride), _square(padding), _square(dilation)
            standardized = not isinstance(weight, nn.Parameter)
            return Conv2d(x.shape[1], cout, *sizes, given(6, "groups", 1), bias is not None, standardized)
        case "linear":
            cout, cin = given(1, "weight").shape
            return Linear(cin, cout, given(2, "bias") is not None)
        case "batch_norm" if given(3, "weight") is not None and given(1, "running_mean") is not None:
            return BatchNorm2d(x.shape[1])
        case "group_norm" if given(2, "weight") is not None:
            return GroupNorm(given(1, "num_groups"), x.shape[1])
    raise Unknown("no weight, or no running statistics")


def _square(size: Any) -> int:
    """The one extent of a window that torch takes as one number or as two.

    Raises:
        Unknown: they are two.
    """
    extents = {size} if isinstance(size, int) else set(size)
    if len(extents) != 1 or not isinstance(extent := extents.pop(), int):
        raise Unknown(f"sizes {size}")
    return extent


def _padding(given: Any, reach: int) -> int:
    """Of one side; ``same`` keeps the extent, which an odd ``reach`` would do by more on one side than on the other."""
    named = {"valid": 0} if reach % 2 else {"valid": 0, "same": reach // 2}
    return named[given] if given in named else _square(given)


def _tensors(args: Sequence[Any]) -> int:
    return sum(isinstance(arg, Tensor) for arg in args)


def _dims(dim: Any, rank: int) -> tuple[int, ...]:
    dims = () if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    return tuple(sorted(d % rank for d in dims))


def _view(out: Tensor) -> Op:
    return Flatten() if out.dim() == 2 else Reshape(tuple(out.shape[1:]))


def _pad(sizes: Sequence[int], mode: str, value: float | None) -> Op:
    left, right, top, bottom, *channels = (*sizes, 0, 0, 0, 0)[: max(4, len(sizes))]
    if mode != "constant" or value or left != top:
        raise Unknown(f"{tuple(sizes)}, {mode}, {value}")
    return Pad((channels[0], channels[1]) if channels else (0, 0), right, bottom, left)


def _subsample_or_slice(index: Any, x: Tensor) -> Op:
    whole = slice(None)
    match index:
        case (n, slice(step=None) as channels, *rest) if n == whole and all(each == whole for each in rest):
            return Slice(*channels.indices(x.shape[1])[:2])
        case (n, c, slice(start=None, stop=None, step=int(stride)), last) if n == c == whole and last == index[2]:
            return Subsample(stride)
    raise Unknown(str(index))
