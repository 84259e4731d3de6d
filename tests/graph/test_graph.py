"""The invariants of a graph and its builder."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from strategies import law, lowered, specs

from resnet_inspect import sources
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph import Builder, TensorType
from resnet_inspect.graph.facts.blocks import row_of
from resnet_inspect.graph.facts.work import sum_of, work_by, work_of
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import ReLU
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.vocabulary import DEPTHS


@law(60)
@given(specs())
def test_a_graph_is_topological_named_once_and_typed_along_every_edge(spec: ResNetSpec) -> None:
    graph = lowered(spec, 1, 64)
    assert len({node.name for node in graph.nodes}) == len(graph.nodes)
    for position, node in enumerate(graph.nodes):
        assert all(i < position for i in node.inputs)
        assert node.ins == tuple(graph.nodes[i].out for i in node.inputs)
        assert node.op.infer(*node.ins) == node.out
    read = {i for node in graph.nodes for i in node.inputs}
    assert read == set(range(len(graph.nodes) - 1)), "every node but the last is used"


@law(60)
@given(specs())
def test_sums_do_not_depend_on_how_the_graph_is_cut(spec: ResNetSpec) -> None:
    graph = lowered(spec, 1, 64)
    for depth in DEPTHS:
        key = row_of(graph, depth)
        assert sum_of(work_by(graph, key)) == work_of(graph)


@law(60)
@given(specs())
def test_work_is_linear_in_the_batch_and_weights_do_not_know_it(spec: ResNetSpec) -> None:
    single, triple = work_of(lowered(spec, 1, 64)), work_of(lowered(spec, 3, 64))
    assert (triple.macs, triple.activations) == (3 * single.macs, 3 * single.activations)
    assert (triple.params, triple.buffers) == (single.params, single.buffers)


@pytest.mark.parametrize("groups", [2, 4, 32])
def test_groups_divide_a_convolutions_macs(groups: int) -> None:
    x = TensorType((2, 64, 14, 14))
    full, grouped = Conv2d(64, 128, 3, padding=1), Conv2d(64, 128, 3, padding=1, groups=groups)
    assert full.macs((x,), full.infer(x)) == groups * grouped.macs((x,), grouped.infer(x))


def test_a_copied_block_equals_the_block_written_out() -> None:
    graph = sources.graph_of(sources.find("resnet152"))
    for name in ("layer3.7", "layer3.35"):
        copied = [node for node in graph.nodes if node.name.startswith(f"{name}.")]
        written = [node for node in graph.nodes if node.name.startswith("layer3.1.")]
        assert len(copied) == len(written)
        for a, b in zip(copied, written, strict=True):
            assert a.name.replace(name, "layer3.1", 1) == b.name
            assert (a.op, a.ins, a.out, a.module.replace(name, "layer3.1", 1)) == (b.op, b.ins, b.out, b.module)


def test_a_net_of_ten_thousand_blocks_meets_no_recursion_limit() -> None:
    graph = lower(ResNetSpec(depths=(2500,) * 4, input_size=32), "deep", (1, 3, 32, 32))
    assert len(graph.containers) == 1 + 4 + 10_000 + 4
    assert work_of(graph).params > 4e9


def test_nodes_and_graphs_are_frozen() -> None:
    graph = sources.graph_of(sources.find("resnet18"))
    for thing, field in ((graph, "name"), (graph.nodes[3], "stage"), (graph.input, "shape")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, field, None)


def test_a_shape_error_names_the_node() -> None:
    b = Builder()
    b.input(TensorType((1, 3, 8, 8)))
    b.scope = "layer1.0."
    with pytest.raises(ShapeError, match=r"^layer1\.0\.conv1: expects 4 channels, got 3"):
        b.module("conv1", Conv2d(4, 4, 1))


def test_more_elements_than_an_int64_counts_are_refused() -> None:
    b = Builder()
    with pytest.raises(ShapeError, match=r"input: .* int64"):
        b.input(TensorType((2**40, 3, 2**20, 2**20)))


def test_a_second_call_of_a_module_is_a_node_of_its_own() -> None:
    b = Builder()
    b.input(TensorType((1, 3, 8, 8)))
    first, second = b.module("relu", ReLU()), b.module("relu", ReLU())
    assert [b.nodes[i].name for i in (first, second)] == ["relu", "relu_1"]
    assert b.nodes[first].module == b.nodes[second].module == "relu"
