"""ONNX -> Graph: the operators that ResNets are exported as, whoever exported them. Weights are read by shape alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from resnet_inspect.errors import InspectError, RequestError, TraceError
from resnet_inspect.exchange.graph_json import check_call, find_operation
from resnet_inspect.exchange.onnx_names import Names
from resnet_inspect.exchange.to_onnx import ACTIVATIONS, DOMAIN
from resnet_inspect.graph import Builder, Node, TensorType
from resnet_inspect.graph.ops.base import Op, Shape
from resnet_inspect.graph.ops.gate import AdaptiveMaxPool2d, Cat, Conv1d, Max, Mean, Mul, Reshape, Sigmoid
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import Activation, Add, BatchNorm2d, Dropout, GroupNorm, Identity, ReLU, Scale
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d, AvgPool2d, BlurPool2d, MaxPool2d
from resnet_inspect.graph.ops.reshape import Flatten, Pad, Slice, Subsample
from resnet_inspect.typed_json import decode

FEW = 64  # integers: shapes and axes have no more, weights do
PLAIN: dict[str, Op] = {
    "Relu": ReLU(), "Sigmoid": Sigmoid(), "Identity": Identity(), "Dropout": Dropout(), "Clip": Activation("ReLU6"),
    "GlobalAveragePool": AdaptiveAvgPool2d(), "GlobalMaxPool": AdaptiveMaxPool2d(),
    "HardSigmoid": Activation("Hardsigmoid"), "Softmax": Activation("Softmax"), "LogSoftmax": Activation("LogSoftmax"),
    **{theirs: Activation(ours) for ours, theirs in ACTIVATIONS.items()},
}  # fmt: skip


class Unread(Exception):  # noqa: N818  # it becomes a TraceError that names the node
    """A setting of an operator that no operation has."""


class Network(NamedTuple):
    """The calls of a model; ``has_stages``: they are those that ``export`` wrote."""

    nodes: tuple[Node, ...]
    containers: Mapping[str, str]
    has_stages: bool


def load(path: str) -> ModelProto:
    """The model in the file at ``path``, without the weights that other files hold.

    Raises:
        RequestError: the file cannot be read, or is no ONNX with one input.
    """
    try:
        model = onnx.load(path, load_external_data=False)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise RequestError(f"{path}: {reason}", hint="give an ONNX file that exists") from None
    except DecodeError:
        model = ModelProto()
    if not model.graph.node or not all(map(_is_text, model.graph.node)):
        raise RequestError(f"{path} is no ONNX model", hint="give what torch.onnx.export or `export -o net.onnx` wrote")
    if (inputs := len(_inputs(model))) != 1:
        raise RequestError(f"{path} has {inputs} inputs, not one batch of images", hint="name the code it came from")
    return model


def _is_text(node: NodeProto) -> bool:
    """Whether the node has an output, and its names are text: what is not UTF-8 comes as bytes."""
    stored = (text for each in node.metadata_props for text in (each.key, each.value))
    names = (node.name, node.op_type, node.domain, *node.input, *node.output, *stored)
    return len(node.output) > 0 and all(isinstance(name, str) for name in names)


def input_shape(model: ModelProto) -> tuple[int, ...]:
    """The sizes of the input, with 0 for one that the model leaves open."""
    (only,) = _inputs(model)
    return tuple(max(dimension.dim_value, 0) for dimension in only.type.tensor_type.shape.dim)


def read(model: ModelProto, batch: tuple[int, ...], path: str) -> Network:
    """The calls of ``model`` on a batch of images N, C, H, W.

    Raises:
        TraceError: a node has no operation. ShapeError: the network cannot take the batch.
    """
    try:
        reader = _Reader(model, batch)
    except ValueError as error:  # of a tensor's data
        raise RequestError(f"{path} is no whole ONNX model: {error}", hint="was it edited?") from None
    for node in model.graph.node:
        try:
            reader.add(node)
        except InspectError:
            raise
        except Unread as error:
            detail = f" ({error})" if str(error) else ""
            raise TraceError(
                f"{path}: {node.name or node.output[0]} is {node.op_type}{detail}, which has no operation",
                hint="name the code that it was exported from, as net.py:make",
            ) from None
        except Exception:  # attributes and inputs that the operator does not have may raise anything
            raise RequestError(f"{path}: {node.name!r} is no whole {node.op_type}", hint="was it edited?") from None
    nodes = tuple(reader.builder.nodes)
    return Network(nodes, reader.names.containers, any(node.stage for node in nodes))


def _inputs(model: ModelProto) -> list[ValueInfoProto]:
    weights = {tensor.name for tensor in model.graph.initializer}  # before IR version 4 they are inputs as well
    return [value for value in model.graph.input if value.name not in weights]


class _Reader:
    """Writes a node's calls with what the nodes before it gave.

    Attributes:
        calls: the position in the Graph of each computed value.
        weights: the shape of each weight.
        integers: the values of small constants.
        reflected: what each reflect padding pads, which only a blur reads.
    """

    def __init__(self, model: ModelProto, batch: tuple[int, ...]) -> None:
        self.builder, self.names = Builder(), Names(model)
        self.calls = {_inputs(model)[0].name: self.builder.input(TensorType(batch))}
        self.weights: dict[str, Shape] = {}
        self.integers: dict[str, tuple[int, ...]] = {}
        self.reflected: dict[str, int] = {}
        for tensor in model.graph.initializer:
            self._keep(tensor.name, tensor)

    def _keep(self, name: str, tensor: TensorProto) -> None:
        self.weights[name] = tuple(tensor.dims)
        if tensor.data_type == TensorProto.INT64 and prod(tensor.dims) <= FEW:
            self.integers[name] = tuple(numpy_helper.to_array(tensor).flatten().tolist())

    def add(self, node: NodeProto) -> None:
        attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        output = node.output[0]
        match node.op_type:
            case "Constant":
                value = attributes.get("value")
                self._keep(output, value if isinstance(value, TensorProto) else TensorProto())
            case "ConstantOfShape":
                self.weights[output] = self._numbers(node, 0)
            case "Identity" if node.input[0] in self.weights:  # torch.onnx writes equal biases once
                self.weights[output] = self.weights[node.input[0]]
            case "Pad" if attributes.get("mode") == b"reflect":
                if self._numbers(node, 1) != (0, 0, 1, 1, 0, 0, 1, 1):
                    raise Unread("reflect")
                self.reflected[output] = self.calls[node.input[0]]
            case _:
                self._call(node, attributes)

    def _call(self, node: NodeProto, attributes: Mapping[str, Any]) -> None:
        inputs = [self.calls[name] for name in node.input if name in self.calls]
        weights = [self.weights[name] for name in node.input if name in self.weights]
        if blurred := [self.reflected[name] for name in node.input if name in self.reflected]:
            inputs, ops = blurred, [_blur(weights[0], attributes)]
        elif not inputs:
            raise Unread("of nothing that the image reaches")
        else:
            types = [self.builder.type(i) for i in inputs]
            if node.op_type == "Mul" and len(inputs) == 2 and types[0].numel < types[1].numel:  # the gate comes second
                inputs = inputs[::-1]
            ops = [*self._operations(node, types, weights, attributes)]
        self.builder.stage = self.names.stage(node)
        for op in ops:
            module, name = self.names.of(node)
            write = self.builder.module if module else self.builder.call
            inputs = [write(name, op, *inputs)]
            made = self.builder.nodes[inputs[0]]
            check_call(op, made.ins, made.out, name)
        self.calls[node.output[0]] = inputs[0]

    def _operations(
        self, node: NodeProto, ins: Sequence[TensorType], weights: Sequence[Shape], at: Mapping[str, Any]
    ) -> Iterator[Op]:
        """The operations of a node, one after the other."""
        match node.op_type:
            case kind if node.domain == DOMAIN:
                yield _own(kind, at)
            case "Conv":
                yield _conv(weights, at)
            case "Gemm" if weights:
                rows, columns = weights[0][::-1] if at.get("transB") else weights[0]
                yield Linear(rows, columns, bias=len(weights) > 1)
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
            case "ReduceMean" | "ReduceMax":
                rank = len(ins[0].shape)
                axes = at["axes"] if "axes" in at else self._numbers(node, 1)
                dims = tuple(sorted(axis % rank for axis in axes))
                if node.op_type == "ReduceMean" and [*axes] == [-1, -2]:  # as torch.export writes AdaptiveAvgPool2d(1)
                    yield AdaptiveAvgPool2d()
                else:
                    yield (Mean if node.op_type == "ReduceMean" else Max)(dims)
                if not at.get("keepdims", 1):
                    yield _reshape([size for i, size in enumerate(ins[0].shape) if i not in dims])
            case "Flatten" if at.get("axis", 1) == 1:
                yield Flatten()
            case "Reshape":
                yield _reshape(_resolved(self._numbers(node, 1), ins[0].shape))
            case "Pad" if at.get("mode", b"constant") == b"constant":
                yield _pad(self._numbers(node, 1))
            case "Slice":
                yield _slice([self._numbers(node, i) for i in range(1, len(node.input))])
            case kind if kind in PLAIN:
                yield PLAIN[kind]
            case _:
                raise Unread

    def _numbers(self, node: NodeProto, place: int) -> tuple[int, ...]:
        """The integers that are the node's input at ``place``.

        Raises:
            Unread: they are computed.
        """
        if len(node.input) <= place or node.input[place] not in self.integers:
            raise Unread("of a computed shape")
        return self.integers[node.input[place]]


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


def _blur(weight: Shape, at: Mapping[str, Any]) -> Op:
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
