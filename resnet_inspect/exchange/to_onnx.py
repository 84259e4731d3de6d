"""A graph as ONNX without weights: what Netron shows, and what a runtime runs with zeros.

ONNX has no initializer without data, so each weight is the output of a ConstantOfShape under its state_dict name. What
the standard has no operator for goes to the domain ``resnet_inspect``, with the operation's fields as JSON. Each
node keeps its stage and its module in ``metadata_props``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from resnet_inspect.graph import Graph, Node, TensorType
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
    Input,
    ReLU,
)
from resnet_inspect.graph.ops.pool import AdaptiveAvgPool2d, AvgPool2d, BlurPool2d, MaxPool2d
from resnet_inspect.graph.ops.reshape import Flatten, Pad, Slice, Subsample
from resnet_inspect.graph.ops.torch_call import Constant, TorchCall
from resnet_inspect.graph.ops.weighing import MatMul, Sum
from resnet_inspect.typed_json import encode

DOMAIN = "resnet_inspect"
CONTAINERS = "resnet_inspect.containers"  # key of the model's metadata
SILU_GATE = "/sigmoid"  # the name of the first of the two nodes that are a SiLU
OPSET = 22  # the first whose pools round up as torch's, and with GroupNormalization by channel
IR_VERSION = 10  # the first with metadata_props
DTYPES = {"float32": "FLOAT", "float64": "DOUBLE"}  # where ONNX does not call a type as torch does, in capitals
PLAIN: dict[type[Op], str] = {
    ReLU: "Relu", Sigmoid: "Sigmoid", Add: "Add", Mul: "Mul", MatMul: "MatMul", Clone: "Identity", Identity: "Identity",
    Dropout: "Dropout", AdaptiveAvgPool2d: "GlobalAveragePool", AdaptiveMaxPool2d: "GlobalMaxPool", Flatten: "Flatten",
}  # fmt: skip
ACTIVATIONS = {"Tanh": "Tanh", "GELU": "Gelu", "Hardswish": "HardSwish", "LeakyReLU": "LeakyRelu", "Mish": "Mish"}


@dataclass(slots=True)
class _Writer:
    """The ONNX nodes of the calls so far, and the tensors that they read."""

    nodes: list[NodeProto] = field(default_factory=list)
    integers: dict[tuple[int, ...], TensorProto] = field(default_factory=dict)
    values: dict[str, ValueInfoProto] = field(default_factory=dict)

    def add(self, op_type: str, inputs: Sequence[str], output: str, of: Node, **attributes: Any) -> str:
        """Append an operator; the name of its output."""
        made = helper.make_node(op_type, inputs, [output], name=output, **attributes)
        helper.set_model_props(made, {"stage": of.stage, "module": of.module})
        self.nodes.append(made)
        return output

    def ints(self, *values: int) -> str:
        """The name of a tensor of these integers."""
        name = f"[{', '.join(map(str, values))}]"
        self.integers.setdefault(values, helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def state(self, node: Node) -> list[str]:
        """The names of the call's weights and buffers, which are zeros."""
        tensors = {**node.op.params(), **node.op.buffers()}
        tensors.pop("num_batches_tracked", None)  # inference does not read it
        owner = f"{node.module}." if node.module or isinstance(node.op, TorchCall | Constant) else f"{node.name}."
        names = [f"{owner.removeprefix('.')}{key}" for key in tensors]
        for name, shape in zip(names, tensors.values(), strict=True):
            if name not in self.values:  # calls may share a module
                self.values[name] = _value(name, TensorType(shape, node.out.dtype))
                zero = helper.make_tensor("value", _element_type(node.out.dtype), [1], [0])
                self.add("ConstantOfShape", [self.ints(*shape)], name, node, value=zero)
        return names


def to_onnx(graph: Graph) -> ModelProto:
    """The graph with the type of every value."""
    writer = _Writer()
    given = [node for node in graph.nodes if isinstance(node.op, Input)]
    for node in graph.nodes:
        if not isinstance(node.op, Input):
            _write(writer, node, [graph.nodes[i].name for i in node.inputs])
            writer.values[node.name] = _value(node.name, node.out)
    results = [graph.nodes[position].name for position in graph.returned]
    whole = helper.make_graph(
        writer.nodes,
        graph.name,
        [_value(node.name, node.out) for node in given],
        [writer.values.pop(name) for name in results],
        [*writer.integers.values()],
        value_info=[*writer.values.values()],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    if any(made.domain for made in writer.nodes):
        opsets.append(helper.make_opsetid(DOMAIN, 1))
    model = helper.make_model(whole, opset_imports=opsets, ir_version=IR_VERSION, producer_name="resnet-inspect")
    helper.set_model_props(model, {CONTAINERS: json.dumps(dict(graph.containers))})
    return model


def _element_type(dtype: str) -> int:
    value: int = TensorProto.DataType.Value(DTYPES.get(dtype, dtype.upper().replace("_", "")))
    return value


def _value(name: str, type: TensorType) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, _element_type(type.dtype), type.shape)


def _write(to: _Writer, node: Node, inputs: Sequence[str]) -> None:
    """Append the operators of one call; the last has the call's name."""
    op, name, x = node.op, node.name, next(iter(inputs), "")
    rank = len(node.out.shape)
    match op:
        case Conv2d(_, _, k, s, p, d, groups, standardized=False, learned=()):
            window = {"kernel_shape": [k, k], "strides": [s, s], "pads": [p] * 4, "dilations": [d, d]}
            to.add("Conv", [x, *to.state(node)], name, node, **window, group=groups)
        case Conv1d(_, _, k):
            to.add("Conv", [x, *to.state(node)], name, node, kernel_shape=[k], pads=[k // 2] * 2)
        case Linear(standardized=False, learned=()) if rank == 2:
            to.add("Gemm", [x, *to.state(node)], name, node, transB=1)
        case BatchNorm2d():
            to.add("BatchNormalization", [x, *to.state(node)], name, node)
        case GroupNorm(groups):
            to.add("GroupNormalization", [x, *to.state(node)], name, node, num_groups=groups)
        case Activation("SiLU"):
            to.add("Mul", [x, to.add("Sigmoid", [x], f"{name}{SILU_GATE}", node)], name, node)
        case Activation(function) if function in ACTIVATIONS:
            to.add(ACTIVATIONS[function], [x], name, node)
        case MaxPool2d(k, s, p, ceil):
            to.add("MaxPool", [x], name, node, kernel_shape=[k, k], strides=[s, s], pads=[p] * 4, ceil_mode=ceil)
        case AvgPool2d(k, s, ceil, p):
            to.add("AveragePool", [x], name, node, kernel_shape=[k, k], strides=[s, s], pads=[p] * 4, ceil_mode=ceil)
        case BlurPool2d(channels, s):
            edge = [0, 0, 1, 1]
            padded = to.add("Pad", [x, to.ints(*edge, *edge)], f"{name}/pad", node, mode="reflect")
            to.add("Conv", [padded, *to.state(node)], name, node, kernel_shape=[3, 3], strides=[s, s], group=channels)
        case Cat():
            to.add("Concat", inputs, name, node, axis=1)
        case Mean(dims):
            to.add("ReduceMean", [x, to.ints(*dims)], name, node)
        case Sum(dims):
            to.add("ReduceSum", [x, to.ints(*dims)], name, node)
        case Max(dims):
            to.add("ReduceMax", [x, to.ints(*dims)], name, node)
        case Reshape(shape):
            to.add("Reshape", [x, to.ints(0, *shape)], name, node)  # 0 keeps the batch
        case Pad((first, last), right, bottom, before):
            to.add("Pad", [x, to.ints(0, first, before, before, 0, last, bottom, right)], name, node)
        case Slice(start, stop):
            to.add("Slice", [x, to.ints(start), to.ints(stop), to.ints(1)], name, node)
        case Subsample(s):
            ends = [to.ints(0, 0), to.ints(*node.ins[0].shape[2:]), to.ints(2, 3), to.ints(s, s)]
            to.add("Slice", [x, *ends], name, node)
        case _ if type(op) in PLAIN:
            to.add(PLAIN[type(op)], inputs, name, node)
        case _:
            to.add(node.kind, [*inputs, *to.state(node)], name, node, domain=DOMAIN, **_whole(op))


def _whole(op: Op) -> dict[str, str]:
    """The attributes from which an operation of our own domain is read back."""
    return {"operation": type(op).__name__, "fields": json.dumps(encode(op))}
