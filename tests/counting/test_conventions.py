"""The rules of each tool against totals that the tools themselves gave."""

import pytest
from conftest import reference
from hypothesis import given, settings
from strategies import specs

from resnet_inspect import load
from resnet_inspect.analyze.check import _printed
from resnet_inspect.analyze.work import work_of
from resnet_inspect.counting.conventions import (
    CONV_FC,
    FVCORE,
    FVCORE_ACTIVATIONS,
    MMENGINE,
    THOP,
    TORCH,
    Convention,
    count,
    training_flops,
)
from resnet_inspect.counting.published import PUBLISHED, Published
from resnet_inspect.errors import ShapeError
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec

NAMES = {variant.name for variant in zoo.variants()}
ROWS = [r for r in reference("models.csv") if r["name"] in NAMES and r["source"] != "pytorchcv"]
TORCHVISION = [row for row in ROWS if row["source"] == "torchvision"]
COLUMNS = {
    "fvcore_total": FVCORE,
    "fvcore_activations": FVCORE_ACTIVATIONS,
    "thop_total": THOP,
    "torch_flopcounter_total": TORCH,
}


@pytest.mark.parametrize("column", ["fvcore_total", "fvcore_activations", "thop_total", "torch_flopcounter_total"])
@pytest.mark.parametrize("row", TORCHVISION, ids=lambda row: row["name"])
def test_a_rule_gives_the_tools_total_of_torchvisions_net(row: dict[str, str], column: str) -> None:
    assert count(COLUMNS[column], load.graph(load.variant(row["name"])).nodes).total == int(row[column])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['source']}-{row['name']}")
def test_flopcountermodes_rule_holds_for_any_writing(row: dict[str, str]) -> None:
    total = count(TORCH, load.graph(load.variant(row["name"])).nodes).total
    assert total == int(row["torch_flopcounter_total"])


def test_mmengine_counts_as_ptflops_without_functional_operations() -> None:
    for row in TORCHVISION:
        total = count(MMENGINE, load.graph(load.variant(row["name"])).nodes).total
        assert total == int(row["ptflops_nofunc"])


def test_parts_sum_to_the_total_and_the_rest_is_named() -> None:
    graph = load.graph(load.variant("resnetblur50"))
    for convention in (CONV_FC, FVCORE, THOP, TORCH, MMENGINE):
        result = count(convention, graph.nodes)
        assert sum(result.parts.values()) == result.total
        kinds = {node.kind for node in graph.nodes}
        assert set(result.parts) | set(result.uncounted) == kinds
        assert not set(result.parts) & set(result.uncounted)


@settings(deadline=None, max_examples=40)
@given(specs())
def test_our_own_convention_is_what_every_command_sums(spec: ResNetSpec) -> None:
    try:
        graph = lower(spec, "random", (2, spec.in_channels, 64, 64))
    except ShapeError:
        return
    assert count(CONV_FC, graph.nodes).total == work_of(graph).macs


def test_a_training_step_is_three_passes_but_for_the_images_gradient() -> None:
    graph = load.graph(load.variant("resnet50"))
    forward = count(TORCH, graph.nodes).total
    stem = 2 * graph.nodes[1].macs
    assert sum(training_flops(graph.nodes).values()) == 3 * forward - stem
    assert training_flops(graph.nodes) == training_flops(graph.nodes, TORCH)


@pytest.mark.parametrize("entry", PUBLISHED, ids=lambda e: f"{e.source}-{e.variant}-{e.quantity}")
def test_every_published_number_is_ours_or_explained(entry: Published) -> None:
    found = zoo.find(entry.variant)
    size = 224 if found.spec.input_size > 32 else 32
    graph = load.graph(found, (1, 3, size, size))
    row, finding = _printed(entry, graph, work_of(graph))
    assert row[4] is not False
    assert (finding is None) == (row[4] is True)


def test_a_wrong_number_is_not_explained_away() -> None:
    graph = load.graph(load.variant("resnet50"))
    for wrong in (
        Published("resnet50", "macs", "3.9", "a paper"),
        Published("resnet50", "macs", "4.0", "a paper", "v1"),
        Published("resnet50", "params", "25.7", "a paper"),
        Published("resnet50", "params", "26.0", "a paper", "slipped point"),
    ):
        row, finding = _printed(wrong, graph, work_of(graph))
        assert row[4] is False
        assert finding is not None
        assert finding.code == "differs"


def test_a_convention_says_its_unit_and_version() -> None:
    for convention in (FVCORE, THOP, TORCH):
        assert isinstance(convention, Convention)
        assert convention.version
        assert convention.unit in ("MAC", "FLOP")
