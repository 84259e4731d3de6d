"""Passes over memory that remain after all possible fusion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law, lowered, specs

import resnet_inspect as api
from resnet_inspect.graph.facts.passes import eager_elements, eager_weights, passes
from resnet_inspect.resnet.spec import ResNetSpec


def test_resnet50_moves_what_its_convolutions_residuals_and_pools_read_and_write() -> None:
    graph = api.lower("resnet50")
    all_passes = passes(graph)
    convolutions = [p for p in all_passes if p.anchor.kind == "Conv2d"]
    pools = [p for p in all_passes if "Pool" in p.anchor.kind]
    assert len(convolutions) == 53
    assert sum(p.elements for p in convolutions) == 27_295_744
    assert sum(p.elements for p in pools) == 1_105_920
    assert sum(p.elements for p in all_passes) == 28_404_712
    assert sum(map(eager_elements, graph.nodes[1:])) == 80_888_808
    assert sum(p.weights for p in all_passes) == 25_557_032 - 53_120, "all but what BatchNorm learns"


def test_a_block_reads_its_input_twice_and_writes_once() -> None:
    by_anchor = {p.anchor.name: p for p in passes(api.lower("resnet50"))}
    last = by_anchor["layer1.1.conv3"]
    assert [node.name for node in last.fused] == ["layer1.1.bn3", "layer1.1.add", "layer1.1.relu_2"]
    assert sorted(last.reads.values()) == [64 * 56 * 56, 256 * 56 * 56]
    assert last.writes == 256 * 56 * 56


def test_a_pre_activation_net_moves_what_the_original_order_moves() -> None:
    original, activated_first = (sum(p.elements for p in passes(api.lower(n))) for n in ("resnet50", "resnetv2_50"))
    assert activated_first == original


def test_what_others_need_untouched_is_activated_by_who_reads_it() -> None:
    by_anchor = {p.anchor.name: p for p in passes(api.lower("resnetv2_50"))}
    assert [node.name for node in by_anchor["layer1.1.conv1"].fused] == [
        "layer1.1.bn1",
        "layer1.1.relu",
        "layer1.1.bn2",
        "layer1.1.relu_1",
    ]


def test_a_gate_waits_for_the_whole_image() -> None:
    by_anchor = {p.anchor.name: p for p in passes(api.lower("seresnet50"))}
    gated = by_anchor["layer1.1.se.mul"]
    assert sorted(gated.reads.values()) == [256, 256 * 56 * 56, 256 * 56 * 56]
    assert [node.name for node in gated.fused] == ["layer1.1.add", "layer1.1.relu_2"]


def test_a_group_norm_reads_and_writes_what_a_batch_norm_does_on_the_way() -> None:
    graph = api.lower("resnet50_gn")
    norms = [p for p in passes(graph) if p.anchor.kind == "GroupNorm"]
    assert len(norms) == 53
    without = sum(p.elements for p in passes(api.lower("resnet50")))
    # Where the sum follows, the residual is read there instead of by the convolution.
    assert sum(p.elements for p in passes(graph)) - without == sum(2 * p.anchor.out.numel for p in norms)


def test_a_padded_shortcut_is_read_where_it_is_added() -> None:
    by_anchor = {p.anchor.name: p for p in passes(api.lower("resnet20_cifar"))}
    last = by_anchor["layer2.0.conv2"]
    assert {"layer2.0.subsample", "layer2.0.pad"} <= {node.name for node in last.fused}
    assert sorted(last.reads.values()) == [16 * 16 * 16, 32 * 16 * 16]


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "seresnet50", "cbam_resnet50", "resnetv2_50d_gn"])
def test_a_pass_reads_nothing_that_is_not_there(name: str) -> None:
    graph = api.lower(name)
    all_passes = passes(graph)
    written = {0} | {max(p.calls) for p in all_passes}
    assert all(p.reads.keys() <= written for p in all_passes), "each reads the input or what a pass ends with"


@law(60)
@given(specs(), st.integers(24, 80))
def test_every_call_is_in_one_pass_and_none_moves_more_than_its_calls_would(spec: ResNetSpec, size: int) -> None:
    graph = lowered(spec, 1, size)
    all_passes = passes(graph)
    assert sorted(i for p in all_passes for i in p.calls) == [*range(1, len(graph.nodes))]
    for p in all_passes:
        calls = p.calls.values()
        assert p.elements <= sum(map(eager_elements, calls))
        assert p.weights <= sum(map(eager_weights, calls))
    assert sum(p.flop for p in all_passes) == 2 * sum(node.macs + node.macs_without_weights for node in graph.nodes)


@law(60)
@given(specs(), st.integers(24, 80))
def test_twice_the_images_move_twice_the_activations_and_the_same_weights(spec: ResNetSpec, size: int) -> None:
    single, double = (passes(lowered(spec, n, size)) for n in (1, 2))
    assert [2 * p.elements for p in single] == [p.elements for p in double]
    assert [p.weights for p in single] == [p.weights for p in double]
