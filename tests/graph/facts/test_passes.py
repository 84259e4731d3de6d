"""What remains to be read and written when everything is fused that can be."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import specs

import resnet_inspect as api
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.passes import eager_elements, eager_weights, passes
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec

LAW = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def random(spec: ResNetSpec, images: int, size: int) -> Graph:
    try:
        return lower(spec, "random", (images, spec.in_channels, size, size))
    except ShapeError:
        assume(False)
        raise


def test_resnet50_moves_what_its_convolutions_residuals_and_pools_read_and_write() -> None:
    graph = api.lower("resnet50")
    found = passes(graph)
    convolutions = [one for one in found if one.anchor.kind == "Conv2d"]
    pools = [one for one in found if "Pool" in one.anchor.kind]
    assert len(convolutions) == 53
    assert sum(one.elements for one in convolutions) == 27_295_744
    assert sum(one.elements for one in pools) == 1_105_920
    assert sum(one.elements for one in found) == 28_404_712
    assert sum(map(eager_elements, graph.nodes[1:])) == 80_888_808
    assert sum(one.weights for one in found) == 25_557_032 - 53_120, "all but what BatchNorm learns"


def test_a_block_reads_its_input_twice_and_writes_once() -> None:
    found = {one.anchor.name: one for one in passes(api.lower("resnet50"))}
    last = found["layer1.1.conv3"]
    assert [node.name for node in last.fused] == ["layer1.1.bn3", "layer1.1.add", "layer1.1.relu_2"]
    assert sorted(last.reads.values()) == [64 * 56 * 56, 256 * 56 * 56]
    assert last.writes == 256 * 56 * 56


def test_a_pre_activation_net_moves_what_the_original_order_moves() -> None:
    original, activated_first = (sum(one.elements for one in passes(api.lower(n))) for n in ("resnet50", "resnetv2_50"))
    assert activated_first == original


def test_what_others_need_untouched_is_activated_by_who_reads_it() -> None:
    found = {one.anchor.name: one for one in passes(api.lower("resnetv2_50"))}
    assert [node.name for node in found["layer1.1.conv1"].fused] == [
        "layer1.1.bn1",
        "layer1.1.relu",
        "layer1.1.bn2",
        "layer1.1.relu_1",
    ]


def test_a_gate_waits_for_the_whole_image() -> None:
    found = {one.anchor.name: one for one in passes(api.lower("seresnet50"))}
    gated = found["layer1.1.se.mul"]
    assert sorted(gated.reads.values()) == [256, 256 * 56 * 56, 256 * 56 * 56]
    assert [node.name for node in gated.fused] == ["layer1.1.add", "layer1.1.relu_2"]


def test_a_group_norm_reads_and_writes_what_a_batch_norm_does_on_the_way() -> None:
    graph = api.lower("resnet50_gn")
    norms = [one for one in passes(graph) if one.anchor.kind == "GroupNorm"]
    assert len(norms) == 53
    without = sum(one.elements for one in passes(api.lower("resnet50")))
    # Where the sum follows, the residual is read there instead of by the convolution.
    assert sum(one.elements for one in passes(graph)) - without == sum(2 * one.anchor.out.numel for one in norms)


def test_a_padded_shortcut_is_read_where_it_is_added() -> None:
    found = {one.anchor.name: one for one in passes(api.lower("resnet20_cifar"))}
    last = found["layer2.0.conv2"]
    assert {"layer2.0.subsample", "layer2.0.pad"} <= {node.name for node in last.fused}
    assert sorted(last.reads.values()) == [16 * 16 * 16, 32 * 16 * 16]


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "seresnet50", "cbam_resnet50", "resnetv2_50d_gn"])
def test_a_pass_reads_nothing_that_is_not_there(name: str) -> None:
    graph = api.lower(name)
    found = passes(graph)
    written = {0} | {max(one.calls) for one in found}
    assert all(one.reads.keys() <= written for one in found), "each reads the input or what a pass ends with"


@LAW
@given(specs(), st.integers(24, 80))
def test_every_call_is_in_one_pass_and_none_moves_more_than_its_calls_would(spec: ResNetSpec, size: int) -> None:
    graph = random(spec, 1, size)
    found = passes(graph)
    assert sorted(i for one in found for i in one.calls) == [*range(1, len(graph.nodes))]
    for one in found:
        calls = one.calls.values()
        assert one.elements <= sum(map(eager_elements, calls))
        assert one.weights <= sum(map(eager_weights, calls))
    assert sum(one.flop for one in found) == 2 * sum(node.macs for node in graph.nodes)


@LAW
@given(specs(), st.integers(24, 80))
def test_twice_the_images_move_twice_the_activations_and_the_same_weights(spec: ResNetSpec, size: int) -> None:
    one, two = (passes(random(spec, n, size)) for n in (1, 2))
    assert [2 * p.elements for p in one] == [p.elements for p in two]
    assert [p.weights for p in one] == [p.weights for p in two]
