"""Every rule of the linter: a net that trips it, one that does not, a page; what the zoo gets; the report."""

from collections.abc import Callable
from string import Formatter

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lint_nets import AS_THE_MACS, NETS, findings_of, rule_of
from strategies import specs

import resnet_inspect as ri
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.facts.receptive_field import by_stage
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.linter import PRECISIONS, RULES, Rule, Subject, lint
from resnet_inspect.linter.report import make_finding
from resnet_inspect.linter.rule import Hit
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec


def test_codes_count_up_and_names_differ() -> None:
    assert [rule.code for rule in RULES] == [f"RI{i:03}" for i in range(1, len(RULES) + 1)] == list(NETS)
    assert len({rule.name for rule in RULES}) == len({rule.check for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("code", NETS)
def test_a_rule_trips_where_it_should_and_nowhere_near(code: str) -> None:
    trips, passes = NETS[code]
    assert code in findings_of(**trips)
    assert code not in findings_of(**passes)


@pytest.mark.parametrize("code", NETS)
def test_a_finding_is_filled_in_and_its_hint_cures_it(code: str) -> None:
    trips, _ = NETS[code]
    finding = findings_of(**trips)[code]
    assert finding.where
    assert "{" not in finding.message + finding.hint
    assert "–" not in finding.message + finding.hint, "every remedy of these nets can be counted"
    words = [word.strip("(),;") for word in finding.hint.split() if "=" in word]
    cures = [word for word in words if word != "bias=False"]  # which is code, the rest are fields of a spec
    if cures:
        assert code not in findings_of(**{**trips, "settings": [*trips.get("settings", ()), *cures]})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_a_page_for_a_learner(rule: Rule) -> None:
    title, blank, *body = rule.page.splitlines()
    assert title[0].isupper()
    assert title[-1] != "."
    assert blank == ""
    assert 5 <= len(body) <= 18
    assert rule.page.count("\n\n") >= 2, "what is wrong, why, and what to do"
    assert all(len(line) <= 110 for line in body)
    assert rule.page.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rules_texts_are_translated_before_they_are_filled(rule: Rule) -> None:
    names = {field for text in (rule.message, rule.hint) for _, field, _, _ in Formatter().parse(text) if field}
    filled = make_finding(rule, Hit("here", dict.fromkeys(names, "7")), lambda text: f"zh {text}")
    assert filled.message == "zh " + rule.message.format(**dict.fromkeys(names, "7"))
    assert filled.hint.startswith("zh ")


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("tutorial_resnet18_cifar10", ["RI002", "RI003", "RI004"]),
        # A 3×3 stem of stride 2 keeps no more of the image than the 7×7 did.
        ("tutorial_resnet18_cifar10_stem3", ["RI002", "RI003", "RI004"]),
        # Without the stage of 1×1 the last one is the 2×2, still more than half padding.
        ("tutorial_resnet18_cifar10_3stage", ["RI002", "RI003", "RI004"]),
        ("tutorial_resnet18_cifar10_stem3_3stage", ["RI002", "RI003", "RI004"]),
        ("tutorial_resnet18_biased", ["RI001"]),
        ("tutorial_resnet50", []),
        ("tutorial_resnet101", []),
    ],
)
def test_a_tutorials_net_gets_what_its_author_points_out_later(name: str, codes: list[str]) -> None:
    assert [finding.code for finding in ri.lint(name).findings] == codes


def test_the_zoo_is_clean_but_for_what_can_be_defended() -> None:
    """torchvision's 25 and 191 others have no finding at their own size."""
    lapses: dict[str, list[str]] = {}
    for variant in zoo.variants():
        if variant.family != "tutorial" and (findings := ri.lint(variant.name).findings):
            lapses[variant.name] = [finding.code for finding in findings]
    v1 = ("resnet50_v1", "resnet101_v1", "resnet152_v1")
    caffe = ("legacy_seresnet50", "legacy_seresnet101", "legacy_seresnet152")
    kuangliu = (f"preactresnet{depth}_kuangliu" for depth in (18, 34, 50, 101, 152))
    # timm's split attention has a bias under a norm.
    resnest = [variant.name for variant in zoo.variants() if variant.family == "resnest"]
    assert lapses == {
        **{name: ["RI005"] for name in (*v1, *caffe)},
        **{name: ["RI001"] for name in resnest},
        **{name: ["RI013"] for name in kuangliu},
        "resnet10t": ["RI010"],  # 176 pixels
        "resnet14t": ["RI008", "RI010"],
        "resnet51q": ["RI002", "RI002"],  # two bare convolutions
    }


PAGES = [
    # code, a number on its page, and the same number computed
    ("RI001", "4,736", lambda: f"{_params('tutorial_resnet18_biased') - _params('resnet18'):,}"),
    (
        "RI003",
        "555 M instead of 37 M",
        lambda: f"{_macs('resnet18_kuangliu'):.0f} M instead of {_macs('tutorial_resnet18_cifar10'):.0f} M",
    ),
    ("RI008", "427", lambda: str([view.field for _, view in by_stage(ri.lower("resnet50")) if view][-1])),
    ("RI008", "435", lambda: str([view.field for _, view in by_stage(ri.lower("resnet18")) if view][-1])),
    ("RI011", "513,000", lambda: f"{ri.lower('resnet18').nodes[-1].params:,}"),
    (
        "RI011",
        "51 million",
        lambda: f"{ri.lower('resnet18', settings=['num_classes=100000']).nodes[-1].params / 1e6:.0f} million",
    ),
]


def _params(name: str) -> int:
    return work_of(ri.lower(name)).params


def _macs(name: str) -> float:
    return work_of(ri.lower(name)).macs / 1e6


@pytest.mark.parametrize(
    ("code", "number", "compute"), PAGES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_numbers_of_a_page_are_computed_ones(code: str, number: str, compute: Callable[[], str]) -> None:
    assert number in rule_of(code).page
    assert number == compute()


def test_what_v1_computes_for_nobody_is_what_its_page_says() -> None:
    """Three quarters of the last 3×3 and 1×1 before each strided 1×1."""
    last = [
        f"layer{stage}.{blocks - 1}.{conv}" for stage, blocks in ((1, 3), (2, 4), (3, 6)) for conv in ("conv2", "conv3")
    ]
    wasted = sum(0.75 * node.macs for node in ri.lower("resnet50_v1").nodes if node.name in last)
    assert f"{wasted / 1e6:.0f} M of {_macs('resnet50_v1') / 1e3:.2f} GMACs" in rule_of("RI005").page


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(specs(), st.tuples(st.integers(1, 80), st.integers(1, 80)), st.sampled_from(PRECISIONS))
def test_no_net_is_too_odd_for_the_linter(spec: ResNetSpec, size: tuple[int, int], precision: str) -> None:
    """Whatever can be lowered can be linted, and every text is filled in."""
    try:
        graph = lower(spec, "random", (1, spec.in_channels, *size))
    except ShapeError:
        assume(False)
    report = lint(Subject(spec, graph, precision))
    assert all(finding.where and "{" not in finding.message + finding.hint for finding in report.findings)


def test_a_clean_net_says_how_many_rules_have_looked() -> None:
    assert ri.lint("resnet50").notes == (
        "clean: none of 11 rules reports anything; RI009 needs --precision; RI012 needs --record",
    )
    assert ri.lint("resnet18", precision="fp16", record=AS_THE_MACS).notes == (
        f"clean: none of {len(RULES)} rules reports anything",
    )


def test_a_rule_that_is_ignored_says_nothing() -> None:
    assert set(findings_of(model="tutorial_resnet18_cifar10", ignore=["RI003"])) == {"RI002", "RI004"}
    with pytest.raises(ri.InspectError, match="no rule 'RI999'"):
        ri.lint(ignore=["RI003", "RI999"])
