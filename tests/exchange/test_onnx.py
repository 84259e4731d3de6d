"""ONNX without weights: its own shape inference finds the shapes of every family of the zoo."""

import sys
import warnings
from collections import Counter
from pathlib import Path

import onnx
import pytest
import torch
from onnx import checker, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

import resnet_inspect as ri
from resnet_inspect.errors import MachineError
from resnet_inspect.exchange.to_onnx import DOMAIN, to_onnx
from resnet_inspect.graph import Builder, Graph, TensorType
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import Activation, Scale
from resnet_inspect.resnet import zoo

A_NET_OF_EACH_FAMILY = sorted({v.family: v.name for v in reversed([*zoo.variants()])}.values())
UNINFERRED = "GroupNormalization"  # onnx infers nothing of it


def inferred(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """The shapes that onnx finds, told only the input's and what it cannot infer."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    told = {node.output[0] for node in model.graph.node if node.op_type == UNINFERRED or node.domain}
    del bare.graph.value_info[:]
    bare.graph.value_info.extend(value for value in model.graph.value_info if value.name in told)
    found = shape_inference.infer_shapes(bare, check_type=True, strict_mode=True, data_prop=True).graph
    return {value.name: shape_of(value) for value in (*found.value_info, *found.output)}


def shape_of(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)


@pytest.mark.parametrize("name", A_NET_OF_EACH_FAMILY)
def test_onnx_infers_every_shape_of_every_family(name: str) -> None:
    graph = ri.lower(name)
    model = to_onnx(graph)
    checker.check_model(model, full_check=True)
    found = inferred(model)
    assert {node.name: found[node.name] for node in graph.nodes[1:]} == {n.name: n.out.shape for n in graph.nodes[1:]}
    assert not any(node.domain for node in model.graph.node), "the standard has an operator for each"
    assert model.ByteSize() < 1000 * len(graph.nodes), "no weight is in it"


@pytest.mark.parametrize("name", ["resnet18", "ecaresnet26t", "resnet50_gn"])
def test_the_weights_have_their_names_and_shapes_of_the_state_dict(name: str) -> None:
    graph = ri.lower(name)
    values = {value.name: shape_of(value) for value in to_onnx(graph).graph.value_info}
    assert graph.weights().items() <= values.items()


SMALL = ["depths=1,1", "widths=32,64"]


@pytest.mark.parametrize(
    "name",
    ["resnet18", "resnetblur18", "resnet50d", "legacy_seresnet50", "ecaresnet26t", "cbam_resnet18", "resnet50_gn",
     "resnetv2_50", "resnetaa34d"],
)  # fmt: skip
def test_with_the_weights_of_the_built_net_it_computes_the_same(name: str) -> None:
    graph = ri.lower(name, (2, 3, 48, 40), settings=SMALL)
    net = ri.build(graph).eval()
    state = net.state_dict() | dict(net.named_buffers())  # some belong to no state_dict, as a filter that nobody learns
    for tensor in state.values():
        if tensor.is_floating_point() and not tensor.any():
            tensor.uniform_(0.5, 1)
    x = torch.rand(graph.input.shape)
    (out,) = ReferenceEvaluator(filled(to_onnx(graph), state)).run(None, {"input": x.numpy()})
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(out), net(x), rtol=1e-4, atol=1e-4)


def filled(model: onnx.ModelProto, state: dict[str, torch.Tensor]) -> onnx.ModelProto:
    """The model with these weights in place of zeros."""
    for node in [*model.graph.node]:
        if node.op_type == "ConstantOfShape":
            model.graph.node.remove(node)
            model.graph.initializer.append(numpy_helper.from_array(state[node.output[0]].numpy(), node.output[0]))
    return model


def test_what_onnx_has_no_operator_for_keeps_its_fields_in_a_domain_of_its_own() -> None:
    builder = Builder()
    builder.input(TensorType((2, 3, 8, 8)))
    for name, op in (
        ("conv", Conv2d(3, 4, 3, standardized=True)),
        ("half", Scale()),
        ("six", Activation("ReLU6", True)),
    ):
        builder.module(name, op)
    model = to_onnx(Graph("odd", tuple(builder.nodes), {}))
    checker.check_model(model, full_check=True)
    odd = {node.op_type: node for node in model.graph.node if node.domain == DOMAIN}
    assert [*odd] == ["Conv2d", "Scale", "Activation"]
    attributes = {each.name: onnx.helper.get_attribute_value(each) for each in odd["Activation"].attribute}
    assert attributes == {"function": b"ReLU6", "inplace": 1}
    assert [*odd["Conv2d"].input] == ["input", "conv.weight"]
    assert inferred(model)["six"] == (2, 4, 6, 6)


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_torch_exports_the_same_operators(name: str, tmp_path: Path) -> None:
    import torchvision

    path, net = tmp_path / "theirs.onnx", getattr(torchvision.models, name)().eval()
    with warnings.catch_warnings(
        action="ignore", category=DeprecationWarning
    ):  # of the exporter that needs no onnxscript
        torch.onnx.export(net, torch.empty(1, 3, 224, 224), path, dynamo=False)
    theirs = Counter(node.op_type for node in onnx.load(path).graph.node)
    del theirs["Identity"]  # of equal biases
    ours = Counter(node.op_type for node in to_onnx(ri.fold(name)).graph.node)  # torch folds as well
    del ours["ConstantOfShape"]
    assert ours == theirs


def test_without_the_package_an_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MachineError) as refused:
        ri.export("resnet18", "onnx")
    assert str(refused.value) == "ONNX needs the package onnx\nhint:  pip install 'resnet-inspect[onnx]'"
