"""A lesson: every sum that it works out holds, and adds up to the graph's totals."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import specs

import resnet_inspect as ri
from resnet_inspect.errors import ShapeError
from resnet_inspect.explainer.lesson import write_lesson
from resnet_inspect.explainer.outline import outline
from resnet_inspect.graph.facts.work import stage_of, work_by
from resnet_inspect.language import LANGUAGES
from resnet_inspect.render import FORMATS, render
from resnet_inspect.report import Report
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import Attention, ResNetSpec

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
WORKED = re.compile(rf"(?<![\w,.])((?:{NUMBER}|[·+()−/⌊⌋ ])+) = ({NUMBER})(?![.,]?\d)")
ONE_OF_MANY = re.compile(r"(?<![\w,.·×])1 (?!keeps|reads)[a-z]+s\b")  # ``1 channels``
KINDS = (
    "resnet18",
    "resnet50",
    "resnet50_v1",
    "resnet50d",
    "resnet20_cifar",
    "preresnet164_cifar",
    "wrn28_10",
    "resnetv2_50",
    "resnetv2_50x1_bit",
    "resnext50_32x4d",
    "wide_resnet50_2",
    "seresnet50",
    "ecaresnet50d",
    "cbam_resnet50",
    "resnet50_gn",
    "resnetrs50",
    "resnetblur50",
    "resnetaa50d",
    "resnet50_clip_gap",
    "legacy_seresnet50",
    "tutorial_resnet18_cifar10",
    "tutorial_resnet18_biased",
)


def prose(report: Report) -> list[str]:
    return [paragraph for section in report.sections for paragraph in section.paragraphs]


def text_of(answer: Report, *keys: str) -> str:
    return "\n".join(p for s in answer.sections if s.key in keys for p in (s.title, *s.paragraphs))


def worked(text: str) -> list[tuple[str, int, int]]:
    """Each sum in ``text``, its value, and the value that the text states."""
    sums = []
    for left, right in WORKED.findall(text):
        python = left.strip().translate(str.maketrans({"·": "*", "−": "-", "/": "//", "⌊": "(", "⌋": ")", ",": ""}))
        # A bracket that only opens belongs to the sentence, not to the sum.
        while python.count("(") > python.count(")"):
            python = python.partition("(")[2]
        if python:
            sums.append((left, eval(python), int(right.replace(",", ""))))
    return sums


def check_lesson(report: Report) -> None:
    for paragraph in prose(report):
        assert not re.search(r"[{}]|None|\bnan\b", paragraph), paragraph
        assert not ONE_OF_MANY.search(paragraph), paragraph
        for sum_, value, stated in worked(paragraph):
            assert value == stated, f"{sum_} in {paragraph}"
    check_totals(report)


def check_totals(report: Report) -> None:
    for table in [s.table for s in report.sections if s.table] + list(report.tables):
        assert table.total is not None
        for i, column in enumerate(table.columns):
            if column.key in ("params", "macs"):
                assert sum(row[i] or 0 for row in table.rows) == table.total[i], table.key


ONES = (
    "depths=1,1,1,1",
    "depths=1 in_channels=1 num_classes=1 widths=1",
    "depths=1 widths=1 head=conv num_features=1",
    "depths=1 widths=1 head=mlp num_features=1",
    "depths=1 widths=1 stem=1:1:1 stem_pool=none in_channels=1",
    *(f"depths=1,1 widths=1,1 attention={kind}" for kind in ("se:1", "eca", "dia", "cbam:1")),
)


@pytest.mark.parametrize("settings", ONES)
def test_one_of_a_thing_is_singular_and_rows_add_up(settings: str) -> None:
    for model in ("resnet18", "resnet50"):
        lesson = ri.explain(model, settings=settings.split())
        check_totals(lesson)
        for paragraph in prose(lesson):
            found = ONE_OF_MANY.search(paragraph.replace(str(lesson.model), "the net"))
            assert found is None, (found, paragraph)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", KINDS)
def test_every_sum_that_is_worked_out_holds(name: str, language: str) -> None:
    answer = ri.explain(name, language=language)
    check_lesson(answer)
    assert sum(len(worked(paragraph)) for paragraph in prose(answer)) > 20


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spec=specs(), batch=st.integers(1, 3), height=st.integers(20, 70), width=st.integers(20, 70))
def test_any_net_can_be_told_and_its_blocks_add_up_to_its_stages(
    spec: ResNetSpec, batch: int, height: int, width: int
) -> None:
    try:
        graph = lower(spec, "net", (batch, spec.in_channels, height, width))
    except ShapeError:
        return
    works = work_by(graph, stage_of)
    for stage, kinds in outline(spec, graph).kinds.items():
        outside = [node for node in graph.nodes if node.stage == stage and not re.match(rf"{stage}\.\d", node.name)]
        params, macs = sum(node.params for node in outside), sum(node.macs for node in outside)
        assert sum(len(kind.places) * kind.params for kind in kinds) + params == works[stage].params
        assert sum(len(kind.places) * kind.macs for kind in kinds) + macs == works[stage].macs
        assert sorted(place for kind in kinds for place in kind.places) == list(range(len(set_of(graph, stage))))
    for language in LANGUAGES:
        report = write_lesson(spec, graph, language)
        check_lesson(report)
        for format in FORMATS:
            assert render(report, format, 80)


SINGLE = {"depths": (1,), "widths": (1,), "stem": ((1, 1, 1),), "stem_pool": "none", "in_channels": 1, "num_classes": 1}
SINGLES: list[dict[str, Any]] = [
    {"block": block, "order": order} | changes
    for block in ("basic", "bottleneck")
    for order in ("post", "pre")
    for changes in (
        {},
        {"norm": "none"},
        {"num_classes": 0, "stem_norm_act": False},
        {"conv_bias": "all", "stem_act": False, "shortcut": "C"},
        {"stem": ((3, 1, 1),) * 3, "attention": Attention("eca")},
        {"widths": (16,), "attention": Attention("se", 1 / 16)},
        {"norm": "gn", "widths": (32,), "stem": ((1, 1, 32),)},
    )
]
SINGLES += [
    {"block": "bottleneck", "widths": (2,), "groups": 2, "base_width": 64},
    {"block": "basic", "shortcut": "A", "strides": (2,)},
]


@pytest.mark.parametrize("changes", SINGLES, ids=str)
def test_one_of_a_thing_is_never_told_as_several(changes: dict[str, Any]) -> None:
    spec = ResNetSpec(**(SINGLE | changes))
    check_lesson(write_lesson(spec, lower(spec, "net", (1, 1, 33, 33)), "en"))


def set_of(graph: ri.Graph, stage: str) -> set[str]:
    return {path for path in graph.containers if re.fullmatch(rf"{stage}\.\d+", path)}


def test_the_two_languages_tell_the_same_large_numbers() -> None:
    for name in KINDS:
        numbers = [
            set(re.findall(r"\d{1,3}(?:,\d{3})+", "\n".join(prose(ri.explain(name, language=x))))) for x in LANGUAGES
        ]
        assert numbers[0] == numbers[1]


def test_resnet50_is_told_as_the_paper_and_torchvision_have_it() -> None:
    answer = ri.explain()
    assert "1 + 16·3 + 1 = 50. This is the 50 in its name" in text_of(answer, "overview")
    assert "⌊(224 + 2·3 − 7) / 2⌋ + 1 = 112" in text_of(answer, "stem")
    assert "(64, 64, 256, 1), projection" in text_of(answer, "layer1.0")
    assert "channels change from 64 to 256 (the stride is 1)" in text_of(answer, "layer1.0")
    assert "layer3.1 to layer3.5: bottleneck (1024, 256, 1024, 1), identity" in text_of(answer, "layer3.1")
    assert "does not downsample (stride 1): the stem has already brought 224×224 down to 56×56" in text_of(
        answer, "layer1"
    )
    assert "3,857,973,248 MACs instead of 4,089,184,256" in text_of(answer, "v1.5"), "resnet50_v1's MACs"
    assert "26,560 in all" in text_of(answer, "bias"), "the channels of its 53 norms"
    assert "4.09 or 8.18 GFLOPs?" in text_of(answer, "flops")
    rows = {row[0]: row for row in answer.tables[0].rows}
    assert rows["layer4"][3:6] == ((1, 2048, 7, 7), 427, 14_964_736)


@pytest.mark.parametrize(
    ("name", "key", "text"),
    [
        ("resnet18", "v1.5", "is the same in both"),
        ("resnet18", "layer1", "The channels stay 64"),
        ("resnet18", "layer1.0", "(64, 64, 1), identity"),
        ("resnet20_cifar", "layer2.0", "It is padded with zeros, because the map (32×32 to 16×16)"),
        ("resnet20_cifar", "layer1", "the stem has kept 32×32"),
        ("resnet50d", "stem", "864 + 9,216 + 18,432 = 28,512 parameters"),
        ("resnet50d", "residual", "it reads all 4 values"),
        ("resnetv2_50", "block", "nothing follows the sum"),
        ("resnetv2_50", "head", "2·2048 = 4,096 parameters"),
        ("resnext50_32x4d", "block", "3·3·4·128 = 4,608 weights; without groups it would take 3·3·128·128 = 147,456"),
        ("wide_resnet50_2", "block", "The width of its 3×3 is 128, where the standard ResNet has 64"),
        ("seresnet50", "block", "256 → 16 → 256"),
        ("seresnet50", "bias", "layer1.1.se.fc1 and layer1.1.se.fc2 in the attention do carry a bias"),
        ("resnet50_gn", "bias", "does not fully cancel a bias"),
        ("resnetblur50", "block", "4 times what it would"),
        ("resnet50_clip_gap", "head", "No classifier follows"),
        ("tutorial_resnet18_cifar10", "stem", "no ReLU follows the last convolution"),
        ("tutorial_resnet18_biased", "bias", "4,736 parameters here have no effect"),
        ("resnet50_v1", "v1.5", "4,089,184,256 MACs instead of 3,857,973,248"),
        ("preactresnet18_kuangliu", "bias", "no normalisation follows the last sum"),
    ],
)
def test_a_net_is_told_by_what_is_its_own(name: str, key: str, text: str) -> None:
    assert text in text_of(ri.explain(name), key)


def test_dilation_is_told_with_what_it_costs() -> None:
    answer = ri.explain("resnet50", settings=["output_stride=8"])
    assert "are 4 apart" in text_of(answer, "layer4")
    assert "19,079,364,608 MACs instead of 4,089,184,256, 4.67×" in text_of(answer, "dilation")


def test_equal_blocks_are_told_once() -> None:
    assert len(ri.explain("preresnet1001_cifar").sections) == len(ri.explain("preresnet164_cifar").sections)
    widths = "widths=" + ",".join("/".join(["8", "16"] * 100) for _ in range(3))
    answer = ri.explain("resnet20_cifar", settings=["depths=200,200,200", widths, "shortcut=B"])
    assert len(answer.sections) < 30


def test_a_batch_multiplies_macs_and_leaves_shapes() -> None:
    answer = ri.explain("resnet18", batch_size=4)
    check_lesson(answer)
    assert "9,408·4·112·112" in text_of(answer, "stem")
    assert "4 images go in at once" in text_of(answer, "overview")
