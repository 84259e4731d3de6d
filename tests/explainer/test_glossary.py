"""The glossary: one meaning a word, numbers that the graphs give, and words that lead on to others."""

import re
from dataclasses import replace

import pytest

import resnet_inspect as ri
from resnet_inspect.benchmark.findings import BY_CODE
from resnet_inspect.counting.conventions import COUNTERS
from resnet_inspect.counting.packages import PACKAGES
from resnet_inspect.explainer import glossary
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.language import LANGUAGES
from resnet_inspect.linter import RULES
from resnet_inspect.render.prose import wrap
from resnet_inspect.resnet import zoo

TERMS = list(glossary.terms())
NETS = (
    ("resnet50", ()),
    ("resnet50_v1", ()),
    ("resnet50", ("shortcut=A",)),
    ("resnet50", ("shortcut=C",)),
    ("resnet50", ("num_classes=0",)),
    ("resnet50", ("output_stride=16",)),
    ("resnet50", ("output_stride=8",)),
    ("resnet50", ("norm=none", "conv_bias=all")),
    ("resnetv2_50", ()),
    ("seresnet50", ()),
    ("resnetblur50", ()),
    ("wide_resnet50_2", ()),
)


def count_numbers() -> set[int]:
    """Totals of the nets that the glossary speaks of, and parts of resnet50."""
    numbers = set()
    for name, settings in NETS:
        work = work_of(ri.lower(name, settings=settings))
        numbers |= {work.params, work.macs, 2 * work.macs, work.activations, work.buffers}
    graph = ri.lower()
    nodes = {node.name: node for node in graph.nodes}
    norms = sum(node.params for node in graph.nodes if node.kind == "BatchNorm2d")
    numbers |= {norms, norms // 2, nodes["fc"].params, nodes["fc"].macs}
    numbers |= {sum(node.params for node in graph.nodes if node.name.endswith("downsample.0"))}
    numbers |= {sum(nodes[f"layer1.1.conv{i}"].params for i in (1, 2, 3)), 2 * 9 * 256 * 256}
    for name in ("layer1.0.conv2", "layer1.0.conv3"):  # their FLOPs, and the bytes in bf16
        node = nodes[name]
        numbers |= {2 * node.macs, 2 * (node.ins[0].numel + node.out.numel + node.params)}
    v15, v1 = (work_of(ri.lower(name)) for name in ("resnet50", "resnet50_v1"))
    numbers |= {v15.macs - v1.macs, work_of(ri.lower("seresnet50")).params - v15.params}
    grouped = {node.name: node for node in ri.lower("resnext50_32x4d").nodes}["layer1.0.conv2"]
    peak = next(fact.value for fact in ri.memory().facts if fact.key == "peak_bytes")
    assert isinstance(peak, int)
    return numbers | {grouped.params, 32 * grouped.params, peak}


def test_every_large_number_of_the_glossary_is_counted() -> None:
    counted = count_numbers()
    for term in TERMS:
        for digits in re.findall(r"\d{1,3}(?:,\d{3})+", term.text):
            number = int(digits.replace(",", ""))
            assert number in counted | {1_001, 65_504}, f"{term.key}: {digits}"  # layers of a net, fp16's largest


def test_a_word_has_one_meaning() -> None:
    words = [word for term in TERMS for word in {glossary.normalize(w) for w in (term.key, *term.aliases)}]
    assert sorted(words) == sorted(set(words))


def test_no_model_has_the_name_of_a_word() -> None:
    words = {glossary.normalize(word) for term in TERMS for word in (term.key, *term.aliases)}
    words |= {
        glossary.normalize(word) for word in (*BY_CODE, *(name for rule in RULES for name in (rule.code, rule.name)))
    }
    assert not words & {glossary.normalize(variant.name) for variant in zoo.variants()}


def test_every_word_of_the_index_is_explained_in_both_languages() -> None:
    for row in ri.glossary().tables[0].rows:
        for language in LANGUAGES:
            answer = ri.explain(str(row[0]), language=language)
            for section in answer.sections:
                assert all(len(paragraph) > 5 and "{" not in paragraph for paragraph in section.paragraphs)


def test_a_term_leads_on_to_terms_that_exist() -> None:
    keys = {term.key for term in TERMS}
    for term in TERMS:
        assert set(term.see) <= keys - {term.key}


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.key)
def test_a_term_is_told_in_a_few_lines(term: glossary.Term) -> None:
    assert 2 <= len(wrap(term.text, 80)) <= 8
    assert term.text.endswith(".")


@pytest.mark.parametrize("word", ["receptive-field", "Receptive Field", "receptive_field", "感受野"])
def test_a_term_is_found_however_it_is_typed(word: str) -> None:
    found = glossary.find(word)
    assert found is not None
    assert found.key == "receptive-field"


@pytest.mark.parametrize(
    "word",
    [
        *PACKAGES, *(convention.name for convention in COUNTERS), "FlopCounterMode", "FlopCountAnalysis",
        "relu", "ReLU", "accuracy", "softmax", "batch size", "padding", "epoch", "loss", "gradient", "backprop",
        "learning rate", "optimizer", "Adam", "convolution", "kernel", "filter", "pooling", "max pool", "dropout",
        "fully connected", "feature map", "layer", "depth", "width", "stride", "dilation", "channels", "batch norm",
        "normalization", "inference", "training", "forward", "backward", "ImageNet", "CIFAR-10", "top-1", "pretrained",
        "checkpoint", "fine-tuning", "logits", "quantization", "int8", "GPU", "CPU", "CUDA", "VRAM", "OOM", "latency",
        "throughput", "FPS", "FLOPs", "GFLOPs", "MACs", "parameters", "activations", "mixed precision", "fp16",
        "tensor core", "bandwidth", "skip connection", "vanishing gradient", "bottleneck", "depthwise", "resnet",
        "resnext", "tensor", "overfitting", "memory", "speed", "residual network", "transfer learning",
    ],
)  # fmt: skip
def test_what_a_learner_types_is_explained(word: str) -> None:
    for language in LANGUAGES:
        assert ri.explain(word, language=language).sections


def test_a_counters_page_has_the_number_that_the_counter_gives() -> None:
    for package, each in PACKAGES.items():
        page = ri.explain(package).to_markdown()
        for convention in each.conventions:
            assert convention.doc in page
            tool = ri.flops(tool=convention.name)
            assert f"{tool.facts[-1].value:,}" in page or f"{tool.tables[0].total[1]:,}" in page


def test_the_sum_of_folding_is_what_a_folded_resnet50_has() -> None:
    spec = replace(ri.spec(), norm="none", conv_bias="all")
    assert f"{work_of(ri.lower(spec)).params:,}" in glossary.find("folding").text
