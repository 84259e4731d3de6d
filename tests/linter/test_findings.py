"""The messages and hints of the linter, against numbers from other sources."""

from dataclasses import replace

import pytest
from lint_nets import SLOW_STEM, findings_of, rule_of
from stage_times import breakdown

import resnet_inspect as ri
from resnet_inspect.benchmark.breakdown import Breakdown, PartTime
from resnet_inspect.linter import PRECISIONS


def test_idle_biases_are_counted_to_the_unit() -> None:
    """tutorial_resnet18_biased has 11,694,248 parameters, resnet18 11,689,512."""
    finding = findings_of(model="tutorial_resnet18_biased")["RI001"]
    assert f"{11_694_248 - 11_689_512:,} parameters" in finding.message
    assert "19 of 19" in finding.message
    assert finding.where == "layer1.0.conv1 … layer4.1.conv2"


def test_a_gentle_stem_gives_and_costs_what_the_cifar_net_has() -> None:
    """kuangliu's ResNet-18 has 555,422,720 MACs, the tutorial's 37,016,576."""
    hint = findings_of(model="tutorial_resnet18_cifar10")["RI003"].hint
    for expected in (
        "32×32, 16×16, 8×8, 4×4",
        "555 M MACs instead of 37.0 M",
        "15.0×",
        "--set stem=3:1:64 --set stem_pool=none",
    ):
        assert expected in hint


def test_the_padding_of_a_small_map_is_counted_window_by_window() -> None:
    """On 1×1 layer4's first 3×3 reads 4 pixels of 9 from the 2×2 before it, the three of twice its MACs 1 of 9."""
    finding = findings_of(model="tutorial_resnet18_cifar10")["RI004"]
    assert finding.where == "layer3, layer4"
    first, second = (1 * (1 - 25 / 36) + 6 * (1 - 16 / 36)) / 7, (1 * (1 - 4 / 9) + 6 * (1 - 1 / 9)) / 7
    assert f"{first:.1%} (2×2), {second:.1%} (1×1)" in finding.message
    whole, middle = 9 * 512 * 512, 512 * 512
    assert f"of {(whole / 2 + 3 * whole) / 1e6:.2f} M" in rule_of("RI004").page.replace("the ", "")
    assert f"{(4 * middle / 2 + 3 * middle) / 1e6:.2f} M meet a pixel" in rule_of("RI004").page


def test_striding_in_the_3x3_costs_what_v15_costs() -> None:
    """resnet50 has 4,089,184,256 MACs, the paper's 3,857,973,248."""
    finding = findings_of(model="resnet50_v1")["RI005"]
    assert "1×1 convolutions of stride 2, 3 in all, read only 25.0%" in finding.message
    assert "+231 M MACs" in finding.hint


def test_a_projection_costs_what_shortcut_b_has_more() -> None:
    """resnet50 has 22,780,456 parameters and 3,729,522,688 MACs with shortcut A."""
    finding = findings_of(settings=["shortcut=A"])["RI006"]
    assert "75.0%" in finding.message
    assert "+2.78 M parameters, +360 M MACs" in finding.hint


def test_shortcut_a_is_left_to_the_papers_cifar_nets_alone() -> None:
    assert "RI006" in findings_of(model="resnet18", settings=["shortcut=A"])
    assert "RI006" not in findings_of(model="resnet110_cifar")
    assert "RI006" in findings_of(model="resnet110_cifar", input=(1, 3, 64, 64))
    assert "RI006" in findings_of(model="resnet29bn_cifar", settings=["shortcut=A"]), "zeros are three quarters"


@pytest.mark.parametrize(
    ("arguments", "where", "message", "hint"),
    [
        (
            {"model": "resnet18", "settings": ["depths=1,1", "widths=128,64", "shortcut=A"]},
            "layer2.0.shortcut",
            "zero padding cannot reduce 128 channels to 64",
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
    arguments: dict[str, object], where: str, message: str, hint: str
) -> None:
    answer = ri.lint(**arguments)
    (finding,) = answer.findings
    assert (finding.code, finding.where) == ("RI006", where)
    assert finding.message.startswith(message)
    assert finding.hint.startswith(hint)
    assert answer.notes == ("the net cannot be built, so the other rules did not run",)
    assert not answer.ok


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_image_and_the_classes_are_no_channels_that_one_chooses(precision: str) -> None:
    assert findings_of(model="resnet50", settings=["num_classes=10"], precision=precision) == {}


@pytest.mark.parametrize(("precision", "convolutions"), [("fp16", 3), ("int8", 7), ("bf16", 3)])
def test_a_groups_channels_are_held_against_the_precision(precision: str, convolutions: int) -> None:
    """32×4d: three 3×3s with 4 channels a group, then four with 8."""
    finding = findings_of(model="resnext50_32x4d", precision=precision)["RI009"]
    assert finding.message.startswith(f"{convolutions} of 53 convolutions")


def test_dense_channels_are_held_against_the_precision_too() -> None:
    arguments = {"model": "resnet18", "settings": ["widths=60,120,240,480", "stem=7:2:60"]}
    assert (
        "have 60 channels per group; fp16 wants a multiple of 8"
        in findings_of(**arguments, precision="fp16")["RI009"].message
    )
    assert "RI009" not in findings_of(**arguments, precision="tf32")


def test_attention_sees_the_whole_image() -> None:
    assert "RI008" in findings_of(model="resnet50", input=(1, 3, 1024, 1024))
    assert "RI008" not in findings_of(model="seresnet50", input=(1, 3, 1024, 1024))


def test_a_slow_stage_is_named_with_its_share() -> None:
    """The stem has 118 of ResNet-18's 1,814 M MACs."""
    finding = findings_of(model="resnet18", record=SLOW_STEM)["RI012"]
    assert finding.where == "stem"
    assert finding.message.startswith("38.9% of the time (60.0 ms in resnet18 8×3×224×224")
    assert finding.message.endswith("for 6.5% of the MACs")


def test_times_of_layers_add_up_to_stages() -> None:
    stages = SLOW_STEM.results[0].stages
    assert stages is not None
    rows = [replace(row, stage=row.name, ms=row.ms / 2) for row in stages.rows]
    halves = tuple(replace(row, name=f"{row.name}.{i}") for row in rows for i in (0, 1))
    result = replace(SLOW_STEM.results[0], stages=None, layers=replace(stages, rows=halves))
    answer = ri.lint("resnet18", record=replace(SLOW_STEM, results=(result,)))
    assert answer.findings == ri.lint("resnet18", record=SLOW_STEM).findings


@pytest.mark.parametrize(
    "stages",
    [
        None,
        replace(breakdown({"stem": 1.0}), rows=()),
        replace(breakdown({"stem": 1.0}), rows=(PartTime(name="stem", ms=0.0, share=0.0, macs=1),)),
        breakdown({"layer9": 1.0}),
    ],
    ids=["none", "no rows", "no time", "another net"],
)
def test_a_note_says_that_a_record_has_no_stage_times(stages: Breakdown | None) -> None:
    result = replace(SLOW_STEM.results[0], stages=stages)
    answer = ri.lint("resnet18", record=replace(SLOW_STEM, results=(result,)))
    assert answer.findings == ()
    assert any("has no stage times" in note and "bench --per stage" in note for note in answer.notes)


def test_a_record_of_another_net_is_refused() -> None:
    with pytest.raises(ri.InspectError, match="no case of resnet50") as refused:
        ri.lint("resnet50", record=SLOW_STEM)
    assert "resnet18 8×3×224×224" in refused.value.hint
