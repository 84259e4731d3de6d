"""ONNX -> Graph, whoever exported it. Weights are read by shape alone."""

from collections.abc import Mapping
from functools import partial
from math import prod
from typing import Any, NamedTuple

import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from resnet_inspect.errors import InspectError, RequestError, TraceError
from resnet_inspect.exchange.graph_json import check_call
from resnet_inspect.exchange.onnx_names import Names
from resnet_inspect.exchange.onnx_operators import Unread, blur, operations
from resnet_inspect.exchange.to_onnx import DOMAIN, SILU_GATE
from resnet_inspect.graph import Builder, Node, TensorType
from resnet_inspect.graph.ops.base import Shape
from resnet_inspect.graph.ops.pointwise import Activation

FEW = 64  # integers of a shape or of axes; weights have more


class Network(NamedTuple):
    """The calls of a model; ``has_stages``: they are those that ``export`` wrote; ``results`` as in ``Graph``."""

    nodes: tuple[Node, ...]
    containers: Mapping[str, str]
    has_stages: bool
    results: tuple[int, ...]


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
        TraceError: a node has no operation, or the last one does not give the output.
        ShapeError: the network cannot take the batch.
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
    results = tuple(reader.calls[output.name] for output in model.graph.output if output.name in reader.calls)
    if not results:
        raise TraceError(f"{path} gives nothing that it computes", hint="export a module that returns a tensor")
    has_stages = any(node.stage for node in nodes)
    return Network(nodes, reader.names.containers, has_stages, () if results == (len(nodes) - 1,) else results)


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
        gates: what the sigmoid of each SiLU reads, which ``export`` writes as two nodes.
    """

    def __init__(self, model: ModelProto, batch: tuple[int, ...]) -> None:
        self.builder, self.names = Builder(), Names(model)
        self.calls = {_inputs(model)[0].name: self.builder.input(TensorType(batch))}
        self.weights: dict[str, Shape] = {}
        self.integers: dict[str, tuple[int, ...]] = {}
        self.reflected: dict[str, int] = {}
        self.gates: dict[str, int] = {}
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
            case _ if node.domain == DOMAIN:
                self._call(node, attributes)
            case "Sigmoid" if node.name.endswith(SILU_GATE):
                self.gates[output] = self.calls[node.input[0]]
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
        known = {*self.calls, *self.weights, *self.reflected, *self.gates, ""}  # "" is an input left out
        if unknown := [name for name in node.input if name not in known]:
            raise Unread(f"of {unknown[0]}")
        inputs = [self.calls[name] for name in node.input if name in self.calls]
        weights = [self.weights[name] for name in node.input if name in self.weights]
        if blurred := [self.reflected[name] for name in node.input if name in self.reflected]:
            inputs, ops = blurred, [blur(weights[0], attributes)]
        elif any(name in self.gates for name in node.input):
            ops = [Activation("SiLU")]
        elif not inputs and node.domain != DOMAIN:
            raise Unread("of nothing that the image reaches")
        else:
            types = [self.builder.type(i) for i in inputs]
            if node.op_type == "Mul" and len(inputs) == 2 and types[0].numel < types[1].numel:  # the gate comes second
                inputs = inputs[::-1]
            ops = [*operations(node, types, weights, attributes, partial(self._numbers, node))]
        self.builder.stage = self.names.stage(node)
        for op in ops:
            is_module, name = self.names.of(node)
            if node.domain == DOMAIN:
                inputs = [self.builder.traced(node.name, op, tuple(inputs), name if is_module else "")]
            else:
                write = self.builder.module if is_module else self.builder.call
                inputs = [write(name, op, *inputs)]
            made = self.builder.nodes[inputs[0]]
            check_call(op, made.ins, made.out, name)
        self.calls[node.output[0]] = inputs[0]

    def _numbers(self, node: NodeProto, place: int) -> tuple[int, ...]:
        """The integers that are the node's input at ``place``.

        Raises:
            Unread: they are computed.
        """
        if len(node.input) <= place or node.input[place] not in self.integers:
            raise Unread("of a computed shape")
        return self.integers[node.input[place]]
