"""The rules of each tool against totals that the tools themselves gave."""

import pytest
from conftest import reference
from hypothesis import given, settings
from hypothesis.strategies import sampled_from
from strategies import specs

from resnet_inspect import sources
from resnet_inspect.counting.conventions import (
    CONV_FC,
    COUNTERS,
    DEEPSPEED_FLOPS,
    DEEPSPEED_MACS,
    FVCORE,
    FVCORE_ACTIVATIONS,
    MMENGINE,
    PTFLOPS,
    PTFLOPS_ATEN,
    PTFLOPS_NOFUNC,
    THOP,
    TORCH,
    TORCHINFO,
)
from resnet_inspect.counting.count import Convention, count
from resnet_inspect.counting.published import PUBLISHED, Published
from resnet_inspect.counting.training import training_flops
from resnet_inspect.counting.writing import WRITINGS, Call, as_written
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.questions.check import check_published
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec

# pytorchcv's nets of these names are others: its resnet26 is of basic blocks, its resnet152 strides in the first 1×1.
OTHER_NETS = {("pytorchcv", "resnet26"), ("pytorchcv", "resnet152")}
NAMES = {variant.name for variant in zoo.variants()}
NAMED = [row for row in reference("models.csv") if row["name"] in NAMES]
ROWS = [row for row in NAMED if (row["source"], row["name"]) not in OTHER_NETS]
TORCHVISION = [row for row in ROWS if row["source"] == "torchvision"]
COLUMNS = {
    "fvcore_total": FVCORE,
    "fvcore_activations": FVCORE_ACTIVATIONS,
    "thop_total": THOP,
    "ptflops_total": PTFLOPS,
    "ptflops_nofunc": PTFLOPS_NOFUNC,
    "ptflops_aten": PTFLOPS_ATEN,
    "torchinfo_total_mult_adds": TORCHINFO,
    "torch_flopcounter_total": TORCH,
}
# resnet50 of torchvision at 224, counted by the tools themselves; DeepSpeed 0.19.8, calflops 0.3.2, flopth 0.1.6.
RESNET50 = {
    "conv_fc": 4_089_184_256,
    "fvcore": 4_111_512_576,
    "fvcore_activations": 11_114_984,
    "thop": 4_133_742_592,
    "ptflops": 4_132_436_968,
    "ptflops_nofunc": 4_121_925_096,
    "ptflops_aten": 4_089_185_256,
    "torchinfo": 4_089_238_376,
    "torch": 8_178_368_512,
    "calflops_flops": 8_211_108_352,
    "calflops_macs": 4_089_184_256,
    "deepspeed_flops": 8_211_108_352,
    "deepspeed_macs": 4_089_184_256,
    "flopth": 4_118_637_568,
}
# DeepSpeed's profiler really run on a batch of two at 96×64: torchvision's, timm's or our own module.
DEEPSPEED = {
    ("resnet50", "torchvision"): (2_018_072_576, 1_005_027_328),
    ("resnetv2_18", "timm.resnetv2"): (891_781_072, 445_161_472),
    ("resnetv2_50x1_bit", "timm.resnetv2-bit"): (2_117_352_656, 1_005_027_328),
    ("resnet50_clip_gap", "timm.byobnet"): (2_638_356_480, 1_314_422_784),
    ("resnetrs50", "torchvision"): (2_233_239_808, 1_112_145_920),
    ("tutorial_resnet18_biased", "torchvision"): (892_719_104, 445_161_472),
}


def written(row: dict[str, str]) -> list[Call]:
    """The calls of a reference row's net, as its library writes them."""
    found = sources.find_variant(row["name"])
    own = found.variant.writing
    writing = own if own.startswith(row["source"]) else row["source"]
    return as_written(sources.graph_of(found, f"1,{row['input']}"), writing)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['source']}-{row['name']}")
def test_a_rule_gives_the_tools_own_total(row: dict[str, str], column: str) -> None:
    assert count(COLUMNS[column], written(row)).total == int(row[column])


@pytest.mark.parametrize("row", [r for r in NAMED if r not in ROWS], ids=lambda row: f"{row['source']}-{row['name']}")
def test_what_is_left_out_of_the_reference_is_another_net(row: dict[str, str]) -> None:
    assert work_of(sources.graph_of(sources.find(row["name"]))).macs != int(row["macs_conv_linear"])


@pytest.mark.parametrize("convention", COUNTERS, ids=lambda convention: convention.name)
def test_every_counter_of_resnet50_is_what_the_tool_says(convention: Convention) -> None:
    assert count(convention, as_written(sources.graph_of(sources.find("resnet50")))).total == RESNET50[convention.name]


@pytest.mark.parametrize(("name", "writing"), DEEPSPEED)
def test_deepspeeds_rules_give_its_totals(name: str, writing: str) -> None:
    calls = as_written(sources.graph_of(sources.find(name), (2, 3, 96, 64)), writing)
    assert (count(DEEPSPEED_FLOPS, calls).total, count(DEEPSPEED_MACS, calls).total) == DEEPSPEED[name, writing]


def test_ptflops_divides_by_the_batch_what_its_modules_count_alone() -> None:
    """The tool's own number for torchvision's resnet18 at batch 2."""
    calls = as_written(sources.graph_of(sources.find("resnet18"), batch_size=2))
    assert count(PTFLOPS, calls).total == 1_822_177_768 + 2 * 3_136_000


@settings(deadline=None, max_examples=30)
@given(specs(), sampled_from([c for c in COUNTERS if not c.per_image]), sampled_from(sorted(WRITINGS)))
def test_a_batch_of_two_counts_twice(spec: ResNetSpec, convention: Convention, writing: str) -> None:
    try:
        one, two = (lower(spec, "random", (n, spec.in_channels, 64, 64)) for n in (1, 2))
    except ShapeError:
        return
    once, twice = (count(convention, as_written(graph, writing)).parts for graph in (one, two))
    assert twice == {kind: work * (1 if "weight standardisation" in kind else 2) for kind, work in once.items()}


def test_mmengine_counts_as_ptflops_without_functional_operations() -> None:
    for row in TORCHVISION:
        total = count(MMENGINE, as_written(sources.graph_of(sources.find(row["name"])))).total
        assert total == int(row["ptflops_nofunc"])


def test_parts_sum_to_the_total_and_the_rest_is_named() -> None:
    graph = sources.graph_of(sources.find("resnetblur50"))
    for convention in (*COUNTERS, MMENGINE):
        result = count(convention, as_written(graph))
        assert sum(result.parts.values()) == result.total
        kinds = {node.kind for node in graph.nodes[1:]} | {"Linear bias"}
        assert set(result.parts) | set(result.uncounted) == kinds
        assert not set(result.parts) & set(result.uncounted)


@settings(deadline=None, max_examples=40)
@given(specs())
def test_our_own_convention_is_what_every_command_sums(spec: ResNetSpec) -> None:
    try:
        graph = lower(spec, "random", (2, spec.in_channels, 64, 64))
    except ShapeError:
        return
    assert count(CONV_FC, as_written(graph)).total == work_of(graph).macs


def test_a_training_step_is_three_passes_but_for_the_images_gradient() -> None:
    graph = sources.graph_of(sources.find("resnet50"))
    forward = count(TORCH, as_written(graph)).total
    stem = 2 * graph.nodes[1].macs
    assert sum(training_flops(graph).values()) == 3 * forward - stem
    assert training_flops(graph) == training_flops(graph, TORCH)


@pytest.mark.parametrize("entry", PUBLISHED, ids=lambda e: f"{e.source}-{e.variant}-{e.quantity}")
def test_every_published_number_is_ours_or_explained(entry: Published) -> None:
    found = sources.find_variant(entry.variant)
    size = 224 if found.spec.input_size > 32 else 32
    graph = sources.graph_of(found, (1, 3, size, size))
    row, finding = check_published(entry, graph, work_of(graph))
    assert row[4] is not False
    assert (finding is None) == (row[4] is True)


def test_a_wrong_number_is_not_explained_away() -> None:
    graph = sources.graph_of(sources.find("resnet50"))
    for wrong in (
        Published("resnet50", "macs", "3.9", "a paper"),
        Published("resnet50", "macs", "4.0", "a paper", "v1"),
        Published("resnet50", "params", "25.7", "a paper"),
        Published("resnet50", "params", "26.0", "a paper", "slipped point"),
    ):
        row, finding = check_published(wrong, graph, work_of(graph))
        assert row[4] is False
        assert finding is not None
        assert finding.code == "differs"


def test_a_convention_says_its_unit_and_version() -> None:
    for convention in (FVCORE, THOP, TORCH):
        assert isinstance(convention, Convention)
        assert convention.version
        assert convention.unit in ("MAC", "FLOP")
