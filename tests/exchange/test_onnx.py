"""ONNX without weights: its own shape inference finds the shapes of every family of the zoo."""

import json
import sys
import warnings
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import onnx
import pytest
import torch
from onnx import checker, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

import resnet_inspect as ri
from resnet_inspect.errors import MachineError, RequestError
from resnet_inspect.exchange.to_onnx import DOMAIN, to_onnx
from resnet_inspect.graph import Builder, Graph, TensorType
from resnet_inspect.graph.facts.work import stage_of, work_by, work_of
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import Activation, Add, ReLU, Scale
from resnet_inspect.resnet import zoo

A_NET_OF_EACH_FAMILY = sorted({v.family: v.name for v in reversed([*zoo.variants()])}.values())
# A convolution on standardised weights, a factor that the graph does not keep, a softmax over an axis that it does not.
WITHOUT_AN_OPERATOR = {"Conv2d", "Scale", "Activation"}
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
    own = {node.op_type for node in model.graph.node if node.domain}
    assert own <= WITHOUT_AN_OPERATOR, "the standard has an operator for each other"
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
    written = {each.name: each.s for each in odd["Activation"].attribute}
    assert written.pop("operation") == b"Activation"
    assert json.loads(written.pop("fields")) == {"function": "ReLU6", "inplace": True}
    assert not written
    assert [*odd["Conv2d"].input] == ["input", "conv.weight"]
    assert inferred(model)["six"] == (2, 4, 6, 6)


def exported(name: str, path: Path, **options: Any) -> None:
    """Write torchvision's net with torch's exporter by TorchScript, which needs no onnxscript."""
    import torchvision

    net = getattr(torchvision.models, name)(weights=None).eval()
    with warnings.catch_warnings(action="ignore"):
        torch.onnx.export(net, torch.empty(1, 3, 224, 224), path, dynamo=False, **options)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("torch") / "resnet18.onnx"
    exported("resnet18", path)
    return path


def test_torch_exports_the_same_operators(theirs: Path) -> None:
    counts = Counter(node.op_type for node in onnx.load(theirs).graph.node)
    del counts["Identity"]  # of equal biases
    ours = Counter(node.op_type for node in to_onnx(ri.fold("resnet18")).graph.node)  # torch folds as well
    del ours["ConstantOfShape"]
    assert ours == counts


def test_what_torch_exported_is_read_as_the_folded_net(theirs: Path) -> None:
    read, folded = ri.lower(theirs), ri.fold("resnet18")
    assert work_of(read) == work_of(folded)
    stages = work_by(read, stage_of)
    assert stages == work_by(folded, stage_of)
    assert str(ri.summary(theirs)).count("Module ×2") == 4
    assert work_of(ri.lower(theirs, batch_size=3)).macs == 3 * work_of(folded).macs


@pytest.mark.parametrize("name", ["resnet18", "resnext50_32x4d"])
def test_what_torch_exported_unfolded_has_every_parameter_and_mac(name: str, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    exported(name, path, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    read, lowered = ri.lower(path), ri.lower(name)
    assert (work_of(read).params, work_of(read).macs) == (work_of(lowered).params, work_of(lowered).macs)
    assert read.weights() == lowered.weights()


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_what_torch_export_exported_is_read_with_its_modules(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="torch's newer exporter needs it")
    import torchvision

    net, path = getattr(torchvision.models, name)().eval(), tmp_path / "net.onnx"
    for bias in (module.bias for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        torch.nn.init.normal_(bias)  # the exporter leaves out biases of zeros
    with warnings.catch_warnings(action="ignore"), redirect_stdout(StringIO()):
        torch.onnx.export(net, (torch.empty(1, 3, 224, 224),), path, dynamo=True)
    read, folded = ri.lower(path), ri.fold(name)
    assert work_by(read, stage_of) == work_by(folded, stage_of)
    assert {path: folded.containers[path] for path in read.containers} == read.containers
    blocks = [[row[:3] for row in ri.summary(net, depth="block").tables[0].rows] for net in (path, name)]
    assert blocks[0] == blocks[1]


@pytest.mark.parametrize("name", A_NET_OF_EACH_FAMILY)
def test_what_export_wrote_is_read_back_call_by_call(name: str, tmp_path: Path) -> None:
    path, graph = tmp_path / f"{name}.onnx", ri.lower(name)
    path.write_bytes(ri.export(name, "onnx"))
    read = ri.lower(path)
    assert read.containers == graph.containers
    for ours, again in zip(graph.nodes, read.nodes, strict=True):
        known = {"inplace": ours.op.inplace} if isinstance(ours.op, Add | ReLU | Activation) else {}  # ONNX has none
        assert replace(again, op=replace(again.op, **known)) == ours


@pytest.mark.parametrize("model", ["timm:vit_tiny_patch16_224", "torchvision:fcn_resnet50"])
def test_any_traced_net_is_read_back_with_its_work(model: str, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(ri.export(model, "onnx"))
    onnx.checker.check_model(onnx.load(path))
    theirs, ours = ri.summary(str(path)), ri.summary(model)
    assert [(fact.key, fact.value) for fact in theirs.facts] == [(fact.key, fact.value) for fact in ours.facts]


def test_a_file_that_is_no_net_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").touch()
    (tmp_path / "noise.onnx").write_bytes(bytes(range(256)))
    odd = onnx.ModelProto()
    odd.CopyFrom(to_onnx(ri.lower("resnet18")))
    next(node for node in odd.graph.node if node.op_type == "MaxPool").op_type = "LpPool"
    onnx.save(odd, tmp_path / "odd.onnx")
    none = to_onnx(ri.lower("resnet18"))
    none.graph.output[0].name = "elsewhere"
    onnx.save(none, tmp_path / "nothing.onnx")
    lost = to_onnx(ri.lower("resnet18"))
    next(node for node in lost.graph.node if node.op_type == "Add").input[1] = "nowhere"
    onnx.save(lost, tmp_path / "lost.onnx")
    also = {"nothing": "gives nothing that it computes", "lost": r"is Add \(of nowhere\)"}
    messages = also | {
        "none": "No such file",
        "empty": "is no ONNX model",
        "noise": "is no ONNX model",
        "odd": "is LpPool",
    }
    for name, message in messages.items():
        with pytest.raises(RequestError, match=message):
            ri.summary(tmp_path / f"{name}.onnx")


def test_whatever_bytes_are_read_an_error_is_one_of_ours(tmp_path: Path) -> None:
    whole, path, refused = ri.export("cbam_resnet18", "onnx", settings=SMALL), tmp_path / "net.onnx", Counter()
    for seed in range(300):
        rng = Random(seed)
        content = bytearray(whole)
        for _ in range(rng.choice((1, 3, 20))):
            content[rng.randrange(len(content))] = rng.choice((0, 1, 0x7F, 0xFF, rng.randrange(256)))
        path.write_bytes(content[: rng.choice((None, None, None, rng.randrange(len(content))))])
        try:
            ri.summary(path, depth="layer", input=(1, 3, 64, 64))
        except ri.InspectError as error:
            refused[type(error).__name__] += 1
    assert 50 < refused.total() < 300


def test_without_the_package_an_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MachineError) as refused:
        ri.export("resnet18", "onnx")
    assert str(refused.value) == "ONNX needs the package onnx\nhint:  pip install 'resnet-inspect[onnx]'"
