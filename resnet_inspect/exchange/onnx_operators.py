"""What each operator of ONNX is in a Graph: the operators that ResNets are exported as."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

from onnx import NodeProto

from resnet_inspect.exchange.graph_json import find_operation
from resnet_inspect.exchange.to_onnx import ACTIVATIONS, DOMAIN
from resnet_inspect.graph import TensorType
from resnet_inspect.graph.ops.base import Op, Shape
from resnet_inspect.graph.ops.gate import AdaptiveMaxPool2d, Cat, Conv1d, Max, Mean, Mul, Reduction, Reshape, Sigmoid
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import Activation, Add, BatchNorm2d, Dropout, GroupNorm, Identity, ReLU, Scale
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d, AvgPool2d, BlurPool2d, MaxPool2d
from resnet_inspect.graph.ops.reshape import Flatten, Pad, Slice, Subsample
from resnet_inspect.graph.ops.weighing import MatMul, Sum
from resnet_inspect.typed_json import decode

PLAIN: dict[str, Op] = {
    "Relu": ReLU(), "Sigmoid": Sigmoid(), "Identity": Identity(), "Dropout": Dropout(), "Clip": Activation("ReLU6"),
    "GlobalAveragePool": AdaptiveAvgPool2d(), "GlobalMaxPool": AdaptiveMaxPool2d(),
    "HardSigmoid": Activation("Hardsigmoid"), "Softmax": Activation("Softmax"), "LogSoftmax": Activation("LogSoftmax"),
    **{theirs: Activation(ours) for ours, theirs in ACTIVATIONS.items()},
}  # fmt: skip


REDUCTIONS: dict[str, type[Reduction]] = {"ReduceMean": Mean, "ReduceMax": Max, "ReduceSum": Sum}


class Unread(Exception):  # noqa: N818  # it becomes a TraceError that names the node
    """A setting of an operator that no operation has."""


def operations(
    node: NodeProto,
    ins: Sequence[TensorType],
    weights: Sequence[Shape],
    at: Mapping[str, Any],
    numbers: Callable[[int], tuple[int, ...]],
) -> Iterator[Op]:
    """The operations of a node, one after the other.

    ``ins`` are the types of its computed inputs, ``weights`` the shapes of its others, ``at`` its attributes;
    ``numbers`` gives the integers that are its input at a place.

    Raises:
        Unread: no operation does what the node does.
    """
    match node.op_type:
        case kind if node.domain == DOMAIN:
            yield _own(at.get("operation", b"").decode() or kind, at)
        case "Conv":
            yield _conv(weights, at)
        case "Gemm" if weights:
            rows, columns = weights[0][::-1] if at.get("transB") else weights[0]
            yield Linear(rows, columns, bias=len(weights) > 1)
        case "MatMul" if not weights:
            yield MatMul()
        case "MatMul" if len(weights) == 1 and len(weights[0]) == 2:
            rows, columns = weights[0]
            yield Linear(rows, columns, bias=False)
        case "BatchNormalization":
            yield BatchNorm2d(*weights[0])
        case "GroupNormalization":
            yield GroupNorm(at["num_groups"], *weights[0])
        case "MaxPool":
            yield MaxPool2d(_square(at["kernel_shape"]), *_window(at), bool(at.get("ceil_mode")))
        case "AveragePool":
            stride, padding = _window(at)
            yield AvgPool2d(_square(at["kernel_shape"]), stride, bool(at.get("ceil_mode")), padding)
        case "Add" if len(ins) == 2:
            yield Add()
        case "Mul" if len(ins) == 2:
            yield Mul()
        case "Add" | "Mul" | "Sub" | "Div" if all(prod(shape) == 1 for shape in weights) and len(ins) == 1:
            yield Scale()
        case "Concat" if at["axis"] == 1 and not weights:
            yield Cat()
        case "ReduceMean" | "ReduceMax" | "ReduceSum":
            rank = len(ins[0].shape)
            axes = at["axes"] if "axes" in at else numbers(1)
            dims = tuple(sorted(axis % rank for axis in axes))
            if node.op_type == "ReduceMean" and [*axes] == [-1, -2]:  # as torch.export writes AdaptiveAvgPool2d(1)
                yield AdaptiveAvgPool2d()
            else:
                yield REDUCTIONS[node.op_type](dims)
            if not at.get("keepdims", 1):
                yield _reshape([size for i, size in enumerate(ins[0].shape) if i not in dims])
        case "Flatten" if at.get("axis", 1) == 1:
            yield Flatten()
        case "Reshape":
            yield _reshape(_resolved(numbers(1), ins[0].shape))
        case "Pad" if at.get("mode", b"constant") == b"constant":
            yield _pad(numbers(1))
        case "Slice":
            yield _slice([numbers(i) for i in range(1, len(node.input))])
        case kind if kind in PLAIN:
            yield PLAIN[kind]
        case _:
            raise Unread


def _own(kind: str, at: Mapping[str, Any]) -> Op:
    """An operation of this package, from the attributes that ``to_onnx`` gave it."""
    operation = find_operation(kind)
    if operation is None:
        raise Unread("of a later version")
    try:
        fields = json.loads(at["fields"])
        return decode(operation, fields, kind)
    except (KeyError, ValueError) as error:
        raise Unread(str(error)) from None


def _conv(weights: Sequence[Shape], at: Mapping[str, Any]) -> Op:
    cout, cin, *kernel = weights[0]
    group, bias = at.get("group", 1), len(weights) > 1
    if at.get("auto_pad", b"NOTSET") != b"NOTSET":
        raise Unread("auto_pad")
    if len(kernel) == 1:
        same = at.get("pads") == [kernel[0] // 2] * 2 and at.get("strides", [1]) == at.get("dilations", [1]) == [1]
        if not same or bias or group > 1:
            raise Unread("1-d")
        return Conv1d(cin, cout, kernel[0])
    stride, padding = _window(at)
    dilation = _square(at.get("dilations", [1]))
    return Conv2d(cin * group, cout, _square(kernel), stride, padding, dilation, group, bias)


def blur(weight: Shape, at: Mapping[str, Any]) -> Op:
    if weight[1:] != (1, 3, 3) or at.get("group") != weight[0]:
        raise Unread("reflect padding")
    return BlurPool2d(weight[0], _window(at)[0])


def _window(at: Mapping[str, Any]) -> tuple[int, int]:
    """Stride and padding."""
    return _square(at.get("strides", [1])), _square(at.get("pads", [0]))


def _square(sizes: Sequence[int]) -> int:
    if len({*sizes}) != 1:
        raise Unread(f"sizes {[*sizes]}")
    return sizes[0]


def _resolved(target: Sequence[int], shape: Shape) -> list[int]:
    """The sizes of a Reshape, where 0 keeps a size and one -1 takes what is left."""
    sizes = [shape[i] if size == 0 and i < len(shape) else size for i, size in enumerate(target)]
    left = prod(shape) // max(1, prod(size for size in sizes if size > 0))
    return [left if size == -1 else size for size in sizes]


def _reshape(sizes: Sequence[int]) -> Op:
    return Flatten() if len(sizes) == 2 else Reshape(tuple(sizes[1:]))


def _pad(pads: Sequence[int]) -> Op:
    if len(pads) != 8 or pads[0] or pads[4] or pads[2] != pads[3]:
        raise Unread(f"pads {[*pads]}")
    _, first, before, _, _, last, bottom, right = pads
    return Pad((first, last), right, bottom, before)


def _slice(numbers: Sequence[Sequence[int]]) -> Op:
    match numbers:
        case [(start,), (stop,), (1,)] | [(start,), (stop,), (1,), (1,)]:
            return Slice(start, stop)
        case [(0, 0), _, (2, 3), (stride, again)] if stride == again:
            return Subsample(stride)
    raise Unread
