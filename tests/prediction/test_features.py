"""The amounts of work that a fit sees are those of the graph, each once."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from planted_times import SHEET
from strategies import law, lowered, specs

from resnet_inspect.errors import SpecError
from resnet_inspect.graph.facts.passes import eager_elements, eager_weights, passes
from resnet_inspect.graph.facts.repeats import without_repeats
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.hardware.devices import device_from_ceilings
from resnet_inspect.hardware.floor import floors_ms
from resnet_inspect.prediction import features
from resnet_inspect.prediction.features import (
    BYTE_CLASSES,
    CLASSES,
    FLOP_CLASSES,
    TITLES,
    features_of,
    fused_steps,
)
from resnet_inspect.prediction.profile import floor_of
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.resnet.zoo import variants
from resnet_inspect.sources import VariantSource, find, graph_of
from resnet_inspect.vocabulary import Mode

ZOO = [variant for place, variant in enumerate(variants()) if place % 7 == 0]


@pytest.mark.parametrize("variant", ZOO, ids=lambda variant: variant.name)
def test_no_work_is_lost_or_counted_twice(variant) -> None:
    graph = graph_of(VariantSource(variant))
    work = work_of(graph)
    called = [node for _, node in graph.calls if not node.op.is_view]
    eager, fused = (features_of(graph, "fp16", mode).amounts for mode in ("eager", "compile"))
    for amounts in (eager, fused):
        assert sum(amounts[name] for name in FLOP_CLASSES) == 2 * (work.macs + work.macs_without_weights)
    assert eager["calls"] == len(called)
    assert eager["weights"] == 2 * sum(map(eager_weights, called))
    moved = [name for name in BYTE_CLASSES if name not in ("weights", "standardized", "large")]
    assert sum(eager[name] for name in moved) == 2 * sum(map(eager_elements, called))
    own = [each for each in passes(graph) if not each.anchor.op.is_view]
    assert fused["calls"] == len(own) <= eager["calls"]
    assert sum(fused[name] for name in moved) == 2 * sum(each.elements for each in own)


@pytest.mark.parametrize("mode", ["eager", "compile"])
def test_blocks_that_stand_for_their_copies_give_the_same_amounts(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = [graph_of(VariantSource(variant)) for variant in variants() if max(variant.spec.depths) > 4]
    few = [features_of(graph, "fp16", mode) for graph in deep]
    monkeypatch.setattr(features, "without_repeats", lambda graph: (graph, [1] * len(graph.nodes)))
    assert few == [features_of(graph, "fp16", mode) for graph in deep]
    assert len(deep) > 100


@law(60)
@given(specs(), st.lists(st.integers(1, 12), min_size=1, max_size=4))
def test_every_call_is_there_or_stood_for(spec: ResNetSpec, depths: list[int]) -> None:
    try:
        spec = replace(spec, depths=tuple(depths), widths=None, expansion=None, group_width=None, strides=None)
    except SpecError:  # of some other field
        assume(False)
    graph = lowered(spec, 1, 64)
    few, stands_for = without_repeats(graph)
    assert sum(stands_for) == len(graph.nodes)
    assert all(i < position for position, node in enumerate(few.nodes) for i in node.inputs)
    for position, node in enumerate(few.nodes):
        assert tuple(few.nodes[i].out for i in node.inputs) == node.ins, f"{node.name} at {position}"


def test_the_deepest_net_needs_few_blocks() -> None:
    graph = graph_of(find("resnetrs420"))
    assert len(without_repeats(graph)[0].nodes) < len(graph.nodes) / 5


@pytest.mark.parametrize("variant", ZOO[::3], ids=lambda variant: variant.name)
def test_the_floor_of_steps_is_that_of_the_roofline(variant) -> None:
    graph = graph_of(VariantSource(variant))
    expected, _ = floors_ms(graph, device_from_ceilings(SHEET), "fp16")
    assert floor_of(fused_steps(graph), SHEET, "fp16") == pytest.approx(expected)


def test_a_cpu_has_large_tensors_where_outputs_or_weights_are_large() -> None:
    def large(name: str, side: int, on_cpu: bool = True) -> float:
        return features_of(graph_of(find(name), (1, 3, side, side)), "fp32", "eager", on_cpu).amounts["large"]

    graph = graph_of(find("resnet50"), (1, 3, 224, 224))
    over_3_mib = [node for _, node in graph.calls if not node.op.is_view and 4 * node.out.numel > 3 * 2**20]
    assert {node.name for node in over_3_mib} >= {"conv1", "bn1", "layer1.0.conv3", "layer1.2.relu_2"}
    assert large("resnet50", 224) == 4 * sum(map(eager_elements, over_3_mib)) > 0
    assert large("resnet50", 224, on_cpu=False) == large("resnet50", 64) == 0
    widest = 1024 * 1024 * 9 * 4  # bytes: 36 MiB of conv2 in each block of layer4; resnet50's are a quarter
    assert large("wide_resnet50_2", 64) == 3 * widest


def test_every_class_has_a_title_and_one_unit() -> None:
    assert set(TITLES) == set(CLASSES) == {*FLOP_CLASSES, *BYTE_CLASSES, "calls"}
    assert not set(FLOP_CLASSES) & set(BYTE_CLASSES)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("resnet50", "conv3x3"),
        ("resnext50_32x4d", "grouped"),
        ("resnet50_gn", "GroupNorm"),
        ("resnetblur50", "BlurPool2d"),
        ("skresnet50", "dilated"),
        ("nf_resnet50", "conv3x3 standardized"),
    ],
)
def test_a_net_has_the_kinds_of_call_that_its_name_says(name: str, kind: str) -> None:
    assert kind in features_of(graph_of(find(name)), "fp32", "eager").material


def test_a_gates_small_products_are_a_kind_but_no_material_one() -> None:
    found = features_of(graph_of(find("ecaresnet50t")), "fp32", "eager")
    assert "Conv1d" in found.kinds - found.material
