"""Every rule of the linter: a net that trips it, one that does not, a page; and what the zoo gets."""

from collections.abc import Callable
from dataclasses import replace
from string import Formatter

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import specs

import resnet_inspect as ri
from resnet_inspect.analyze.lint import PRECISIONS, RULES, Rule, Subject, lint
from resnet_inspect.analyze.lint.report import finding
from resnet_inspect.analyze.lint.subject import Hit
from resnet_inspect.analyze.receptive import by_stage
from resnet_inspect.analyze.work import work_of
from resnet_inspect.errors import ShapeError
from resnet_inspect.measure.config import Config
from resnet_inspect.measure.protocol import Protocol
from resnet_inspect.measure.record import Arm, Record
from resnet_inspect.report import Finding
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec

CONFIG = Config("resnet18", "cuda", 8, (8, 3, 224, 224), "infer", "fp16", "contiguous", "eager", 1)
STAGES = ("stem", "layer1", "layer2", "layer3", "layer4", "head")


def measured(*ms: float) -> Record:
    """A Record of resnet18 whose stages took so long."""
    rows = [{"name": stage, "ms": time} for stage, time in zip(STAGES, ms, strict=True)]
    arm = Arm(CONFIG, "ok", True, stages={"rows": rows, "total_ms": sum(ms)})
    return Record((), {}, Protocol(), 1, (arm,))


AS_THE_MACS = measured(6, 26, 23, 23, 22, 0.1)
SLOW_STEM = measured(60, 26, 23, 23, 22, 0.1)

# code -> (what trips the rule, what comes near and does not)
NETS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "RI001": ({"settings": ["conv_bias=all"]}, {"settings": ["conv_bias=all", "norm=gn"]}),
    "RI002": ({"settings": ["stem_act=false"]}, {"settings": ["order=pre"]}),
    "RI003": ({"input": (1, 3, 63, 64)}, {"input": (1, 3, 64, 64)}),
    "RI004": ({"input": (1, 3, 96, 224)}, {"input": (1, 3, 128, 224)}),
    "RI005": ({"settings": ["stride_on=1x1"]}, {"settings": ["stride_on=1x1", "strides=1,1,1,1"]}),
    "RI006": ({"settings": ["shortcut=A"]}, {"model": "resnet20_cifar"}),
    "RI007": ({"settings": ["norm=none"]}, {"settings": ["norm=gn"]}),
    "RI008": ({"input": (1, 3, 855, 855)}, {"input": (1, 3, 854, 1300)}),
    "RI009": (
        {"model": "resnext50_32x4d", "precision": "fp16"},
        {"model": "resnext50_32x4d", "precision": "tf32"},
    ),
    "RI010": ({"input": (1, 3, 224, 240)}, {"input": (1, 3, 224, 256)}),
    "RI011": ({"settings": ["num_classes=21000"]}, {"settings": ["num_classes=11000"]}),
    "RI012": ({"model": "resnet18", "record": SLOW_STEM}, {"model": "resnet18", "record": AS_THE_MACS}),
    "RI013": ({"settings": ["order=pre", "final_norm=false"]}, {"settings": ["order=pre"]}),
}


def found(**asked: object) -> dict[str, Finding]:
    return {finding.code: finding for finding in ri.lint(**asked).findings}  # type: ignore[arg-type]


def rule(code: str) -> Rule:
    (one,) = [rule for rule in RULES if rule.code == code]
    return one


def test_codes_count_up_and_names_differ() -> None:
    assert [rule.code for rule in RULES] == [f"RI{i:03}" for i in range(1, len(RULES) + 1)] == list(NETS)
    assert len({rule.name for rule in RULES}) == len({rule.check for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("code", NETS)
def test_a_rule_trips_where_it_should_and_nowhere_near(code: str) -> None:
    trips, passes = NETS[code]
    assert code in found(**trips)
    assert code not in found(**passes)


@pytest.mark.parametrize("code", NETS)
def test_a_finding_is_filled_in_and_its_hint_cures_it(code: str) -> None:
    trips, _ = NETS[code]
    one = found(**trips)[code]
    assert one.where
    assert "{" not in one.message + one.hint
    assert "–" not in one.message + one.hint, "every remedy of these nets can be counted"
    words = [word.strip("(),;") for word in one.hint.split() if "=" in word]
    cures = [word for word in words if word != "bias=False"]  # which is code, the rest are fields of a spec
    if cures:
        assert code not in found(**{**trips, "settings": [*trips.get("settings", ()), *cures]})


@pytest.mark.parametrize("one", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_a_page_for_a_learner(one: Rule) -> None:
    title, blank, *body = one.page.splitlines()
    assert title[0].isupper()
    assert title[-1] != "."
    assert blank == ""
    assert 5 <= len(body) <= 18
    assert one.page.count("\n\n") >= 2, "what is wrong, why, and what to do"
    assert all(len(line) <= 110 for line in body)
    assert one.page.endswith(".")


@pytest.mark.parametrize("one", RULES, ids=lambda rule: rule.code)
def test_a_rules_texts_are_translated_before_they_are_filled(one: Rule) -> None:
    names = {field for text in (one.message, one.hint) for _, field, _, _ in Formatter().parse(text) if field}
    said = finding(one, Hit("here", dict.fromkeys(names, "7")), lambda text: f"zh {text}")
    assert said.message == "zh " + one.message.format(**dict.fromkeys(names, "7"))
    assert said.hint.startswith("zh ")


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
    """torchvision's ten and 128 others have no finding at their own size."""
    lapses: dict[str, list[str]] = {}
    for variant in zoo.variants():
        if variant.family != "tutorial" and (findings := ri.lint(variant.name).findings):
            lapses[variant.name] = [finding.code for finding in findings]
    v1 = ("resnet50_v1", "resnet101_v1", "resnet152_v1")
    caffe = ("legacy_seresnet50", "legacy_seresnet101", "legacy_seresnet152")
    kuangliu = (f"preactresnet{depth}_kuangliu" for depth in (18, 34, 50, 101, 152))
    assert lapses == {
        **{name: ["RI005"] for name in (*v1, *caffe)},
        **{name: ["RI013"] for name in kuangliu},
        "resnet10t": ["RI010"],  # 176 pixels
        "resnet14t": ["RI008", "RI010"],
    }


def test_idle_biases_are_counted_to_the_unit() -> None:
    """tutorial_resnet18_biased has 11,694,248 parameters, resnet18 11,689,512."""
    one = found(model="tutorial_resnet18_biased")["RI001"]
    assert f"{11_694_248 - 11_689_512:,} parameters" in one.message
    assert "19 of 19" in one.message
    assert one.where == "layer1.0.conv1 … layer4.1.conv2"


def test_a_gentle_stem_gives_and_costs_what_the_cifar_net_has() -> None:
    """kuangliu's ResNet-18 has 555,422,720 MACs, the tutorial's 37,016,576."""
    hint = found(model="tutorial_resnet18_cifar10")["RI003"].hint
    for said in ("32×32, 16×16, 8×8, 4×4", "555 M MACs for 37.0 M", "15.0×", "--set stem=3:1:64 --set stem_pool=none"):
        assert said in hint


def test_the_padding_of_a_small_map_is_counted_window_by_window() -> None:
    """On 1×1 layer4's first 3×3 reads 4 pixels of 9 from the 2×2 before it, the three of twice its MACs 1 of 9."""
    one = found(model="tutorial_resnet18_cifar10")["RI004"]
    assert one.where == "layer3, layer4"
    first, second = (1 * (1 - 25 / 36) + 6 * (1 - 16 / 36)) / 7, (1 * (1 - 4 / 9) + 6 * (1 - 1 / 9)) / 7
    assert f"{first:.1%} (2×2), {second:.1%} (1×1)" in one.message
    whole, middle = 9 * 512 * 512, 512 * 512
    assert f"of {(whole / 2 + 3 * whole) / 1e6:.2f} M" in rule("RI004").page.replace("the ", "")
    assert f"{(4 * middle / 2 + 3 * middle) / 1e6:.2f} M meet a pixel" in rule("RI004").page


def test_striding_in_the_3x3_costs_what_v15_costs() -> None:
    """resnet50 has 4,089,184,256 MACs, the paper's 3,857,973,248."""
    one = found(model="resnet50_v1")["RI005"]
    assert "1×1 convolutions of stride 2, 3 in all, read 25.0%" in one.message
    assert "+231 M MACs" in one.hint


def test_a_projection_costs_what_shortcut_b_has_more() -> None:
    """resnet50 has 22,780,456 parameters and 3,729,522,688 MACs with shortcut A."""
    one = found(settings=["shortcut=A"])["RI006"]
    assert "75.0%" in one.message
    assert "+2.78 M parameters, +360 M MACs" in one.hint


def test_shortcut_a_is_left_to_the_papers_cifar_nets_alone() -> None:
    assert "RI006" in found(model="resnet18", settings=["shortcut=A"])
    assert "RI006" not in found(model="resnet110_cifar")
    assert "RI006" in found(model="resnet110_cifar", input=(1, 3, 64, 64))
    assert "RI006" in found(model="resnet29bn_cifar", settings=["shortcut=A"]), "zeros are three quarters"


@pytest.mark.parametrize(
    ("asked", "where", "said", "hint"),
    [
        (
            {"model": "resnet18", "settings": ["depths=1,1", "widths=128,64", "shortcut=A"]},
            "layer2.0.shortcut",
            "zero-padding cannot turn 128 channels into 64",
            "--set shortcut=B",
        ),
        (
            {"model": "resnet34d", "settings": ["antialias=avg"], "input": (1, 3, 72, 72)},
            "layer3.0.add",
            "the two branches differ",
            "give an --input that the net's strides divide",
        ),
    ],
)
def test_a_net_whose_branches_do_not_meet_is_a_finding(
    asked: dict[str, object], where: str, said: str, hint: str
) -> None:
    answer = ri.lint(**asked)  # type: ignore[arg-type]
    (one,) = answer.findings
    assert (one.code, one.where) == ("RI006", where)
    assert one.message.startswith(said)
    assert one.hint.startswith(hint)
    assert answer.notes == ("the net cannot be built, so no other rule has looked at it",)
    assert not answer.ok


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_image_and_the_classes_are_no_channels_that_one_chooses(precision: str) -> None:
    assert found(model="resnet50", settings=["num_classes=10"], precision=precision) == {}


@pytest.mark.parametrize(("precision", "convolutions"), [("fp16", 3), ("int8", 7), ("bf16", 3)])
def test_a_groups_channels_are_held_against_the_precision(precision: str, convolutions: int) -> None:
    """32×4d: three 3×3s with 4 channels a group, then four with 8."""
    one = found(model="resnext50_32x4d", precision=precision)["RI009"]
    assert one.message.startswith(f"{convolutions} of 53 convolutions")


def test_dense_channels_are_held_against_the_precision_too() -> None:
    asked = {"model": "resnet18", "settings": ["widths=60,120,240,480", "stem=7:2:60"]}
    assert "have 60 channels a group; fp16 wants a multiple of 8" in found(**asked, precision="fp16")["RI009"].message
    assert "RI009" not in found(**asked, precision="tf32")


def test_attention_sees_the_whole_image() -> None:
    assert "RI008" in found(model="resnet50", input=(1, 3, 1024, 1024))
    assert "RI008" not in found(model="seresnet50", input=(1, 3, 1024, 1024))


def test_a_slow_stage_is_named_with_its_share() -> None:
    """The stem has 118 of ResNet-18's 1,814 M MACs."""
    one = found(model="resnet18", record=SLOW_STEM)["RI012"]
    assert one.where == "stem"
    assert one.message.startswith("38.9% of the time (60.0 ms in resnet18 8×3×224×224")
    assert one.message.endswith("for 6.5% of the MACs")


def test_times_of_layers_add_up_to_stages() -> None:
    by_stage = SLOW_STEM.arms[0].stages["rows"]
    layers = [
        {"name": f"{row['name']}.{i}", "stage": row["name"], "ms": row["ms"] / 2} for row in by_stage for i in (0, 1)
    ]
    arm = replace(SLOW_STEM.arms[0], stages=None, layers={"rows": layers})
    answer = ri.lint("resnet18", record=replace(SLOW_STEM, arms=(arm,)))
    assert answer.findings == ri.lint("resnet18", record=SLOW_STEM).findings


@pytest.mark.parametrize("stages", [None, {}, {"rows": []}, {"rows": [{"name": "stem", "ms": None}]}, {"rows": 3}, [1]])
def test_a_record_without_stage_times_is_said_to_have_none(stages: object) -> None:
    arm = replace(SLOW_STEM.arms[0], stages=stages)
    answer = ri.lint("resnet18", record=replace(SLOW_STEM, arms=(arm,)))
    assert answer.findings == ()
    assert any("has no stage times" in note and "bench --per stage" in note for note in answer.notes)


def test_a_record_of_another_net_is_refused() -> None:
    with pytest.raises(ri.InspectError, match="no arm of resnet50") as caught:
        ri.lint("resnet50", record=SLOW_STEM)
    assert "resnet18 8×3×224×224" in caught.value.hint


PAGES = [
    # code, what its page says, and that computed
    ("RI001", "4,736", lambda: f"{_params('tutorial_resnet18_biased') - _params('resnet18'):,}"),
    (
        "RI003",
        "555 M for 37 M",
        lambda: f"{_macs('resnet18_kuangliu'):.0f} M for {_macs('tutorial_resnet18_cifar10'):.0f} M",
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


@pytest.mark.parametrize(("code", "said", "compute"), PAGES, ids=lambda value: value if isinstance(value, str) else "")
def test_the_numbers_of_a_page_are_computed_ones(code: str, said: str, compute: Callable[[], str]) -> None:
    assert said in rule(code).page
    assert said == compute()


def test_what_v1_computes_for_nobody_is_what_its_page_says() -> None:
    """Three quarters of the last 3×3 and 1×1 before each strided 1×1."""
    last = [
        f"layer{stage}.{blocks - 1}.{conv}" for stage, blocks in ((1, 3), (2, 4), (3, 6)) for conv in ("conv2", "conv3")
    ]
    wasted = sum(0.75 * node.macs for node in ri.lower("resnet50_v1").nodes if node.name in last)
    assert f"{wasted / 1e6:.0f} M of {_macs('resnet50_v1') / 1e3:.2f} GMACs" in rule("RI005").page


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(specs(), st.tuples(st.integers(1, 80), st.integers(1, 80)), st.sampled_from(PRECISIONS))
def test_no_net_is_too_odd_for_the_linter(spec: ResNetSpec, size: tuple[int, int], precision: str) -> None:
    """Whatever can be lowered can be linted, and every text is filled in."""
    try:
        graph = lower(spec, "random", (1, spec.in_channels, *size))
    except ShapeError:
        assume(False)
    report = lint(Subject(spec, graph, precision))
    assert all(one.where and "{" not in one.message + one.hint for one in report.findings)


def test_a_clean_net_says_how_many_rules_have_looked() -> None:
    assert ri.lint("resnet50").notes == (
        "clean: none of 11 rules finds a fault; RI009 needs --precision; RI012 needs --record",
    )
    assert ri.lint("resnet18", precision="fp16", record=AS_THE_MACS).notes == (
        f"clean: none of {len(RULES)} rules finds a fault",
    )


def test_a_rule_that_is_ignored_says_nothing() -> None:
    assert set(found(model="tutorial_resnet18_cifar10", ignore=["RI003"])) == {"RI002", "RI004"}
    with pytest.raises(ri.InspectError, match="no rule 'RI999'"):
        ri.lint(ignore=["RI003", "RI999"])
