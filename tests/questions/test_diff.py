"""Two nets side by side: what changed where, and that the parts add up to the whole."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from strategies import specs

import resnet_inspect as ri
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.facts.liveness import peak, peak_by_stage
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.questions.diff import Side, diff
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec

LAW = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
COSTS = ("params_change", "macs_change", "activations_change")


def asked(*models: object, **options: object) -> dict[str, dict[str, dict[str, object]]]:
    """The tables, each by the first cell of its rows."""
    tables = json.loads(ri.diff(*models, **options).to_json())["tables"]
    return {key: {next(iter(row.values())): row for row in rows} for key, rows in tables.items()}


def side(spec: ResNetSpec) -> Side:
    try:
        return Side(spec, lower(spec, "random", (1, spec.in_channels, 64, 64)))
    except ShapeError:
        assume(False)
        raise


def test_v1_differs_from_v1_5_where_a_stage_strides_and_by_what_is_published() -> None:
    """The paper's 3.8 billion (He et al. 2015, table 1) against torchvision's 4.09."""
    tables = asked("resnet50", "resnet50_v1")
    changed = {stage: row["changed"] for stage, row in tables["stages"].items()}
    moved = dict.fromkeys(("layer2", "layer3", "layer4"), "stride_on 3x3 → 1x1")
    assert changed == {"stem": None, "layer1": None, **moved, "head": None}
    assert tables["totals"]["MACs"]["b"] == 3_857_973_248
    assert sum(row["macs_change"] for row in tables["stages"].values()) == 3_857_973_248 - 4_089_184_256
    assert tables["fields"] == {"stride_on": {"field": "stride_on", "a": "3x3", "b": "1x1"}}


def test_a_deeper_net_says_how_many_blocks_each_stage_gains() -> None:
    stages = asked("resnet18", "resnet34")["stages"]
    assert [stages[f"layer{i}"]["changed"] for i in range(1, 5)] == [f"depths 2 → {n}" for n in (3, 4, 6, 3)]
    assert sum(row["params_change"] for row in stages.values()) == 21_797_672 - 11_689_512


def test_the_totals_are_those_that_summary_memory_and_roofline_give() -> None:
    totals = asked("resnet18", "resnet50", batch_size=4, precision="fp16", device="a100")["totals"]
    for key, name in (("a", "resnet18"), ("b", "resnet50")):
        facts = json.loads(ri.summary(name, batch_size=4).to_json())["facts"]
        memory = json.loads(ri.memory(name, batch_size=4, precision="fp16").to_json())["facts"]
        floor = json.loads(ri.roofline(name, batch_size=4, precision="fp16", device="a100").to_json())["facts"]
        for title, fact in (("parameters", "params"), ("MACs", "macs"), ("FLOPs", "flops"), ("activations",) * 2):
            assert totals[title][key] == facts[fact]
        assert totals["peak memory"][key] == memory["peak_bytes"]
        assert totals["floor, fp16 on a100"][key] == pytest.approx(floor["floor_ms"])


@LAW
@given(specs(), specs())
def test_stages_add_up_and_the_way_back_is_the_way_there(one: ResNetSpec, other: ResNetSpec) -> None:
    a, b, device = side(one), side(other), find_device("h200")
    there, back = diff(a, b, device, "bf16"), diff(b, a, device, "bf16")
    stages, totals = there.tables[0], there.tables[1]
    assert stages.total is not None
    for i in (2, 3, 4):
        assert sum(row[i] for row in stages.rows) == stages.total[i]
    assert sum(row[6] for row in stages.rows) == pytest.approx(stages.total[6])
    for row, reverse in zip(stages.rows, back.tables[0].rows, strict=True):
        assert (row[0], *row[2:]) == (reverse[0], *(-value for value in reverse[2:]))
        assert row[1] is not None or not any(row[2:]), "what costs something is said to have changed"
    assert [row[4] for row in totals.rows] == [row[3] - row[2] for row in totals.rows]


@pytest.mark.parametrize(("device", "precision"), [(None, None), ("t4", "FP16"), ("a100", None)])
def test_the_row_of_the_floor_says_where_it_holds(device: str | None, precision: str | None) -> None:
    given = {key: value for key, value in (("device", device), ("precision", precision)) if value}
    answer = ri.diff("resnet18", "resnet34", **given)
    facts = {fact.key: fact.value for fact in answer.facts}
    assert answer.tables[1].rows[-1][0] == f"floor, {facts['precision']} on {facts['device']}"
    assert (facts["device"], facts["precision"]) == (device or "h200", (precision or "bf16").lower())
    assert answer.notes[-1].startswith(f"floor: the least time of a forward pass in {facts['precision']} on")


def test_a_training_step_costs_what_flops_and_memory_say() -> None:
    tables = asked("resnet18", "resnet50", batch_size=4, task="train", precision="fp32")
    for key, name in (("a", "resnet18"), ("b", "resnet50")):
        step = json.loads(ri.flops(name, batch_size=4, task="train").to_json())["facts"]
        memory = json.loads(ri.memory(name, batch_size=4, task="train").to_json())["facts"]
        assert tables["totals"]["MACs of a training step"][key] == step["macs"]
        assert tables["totals"]["FLOPs of a training step"][key] == step["flops"]
        assert tables["totals"]["peak memory of a training step"][key] == memory["peak_bytes"]
    more = sum(row["macs_change"] for row in tables["stages"].values())
    assert more == tables["totals"]["MACs of a training step"]["change"]
    with pytest.raises(ShapeError, match="BatchNorm cannot train"):
        ri.diff("resnet18", "resnet34", input="1,3,32,32", task="train")


@pytest.mark.parametrize("option", "ACD")
def test_an_option_of_the_paper_is_not_left_as_a_letter(option: str) -> None:
    (note,) = (note for note in ri.diff("resnet18", settings=[f"shortcut={option}"]).notes if "shortcut, " in note)
    assert f"{option} " in note
    assert not any("shortcut, " in note for note in ri.diff("resnet18", "resnet34").notes)


@LAW
@given(specs())
def test_the_peak_is_in_the_stage_where_most_is_alive(spec: ResNetSpec) -> None:
    graph = side(spec).graph
    most, moment = peak_by_stage(graph), peak(graph, False)
    assert set(most) == set(graph.stages)
    assert max(most.values()) == moment.alive.total
    (stage,) = {node.stage for node in graph.nodes if node.name == moment.node}
    assert most[stage] == moment.alive.total


def test_equal_nets_differ_in_nothing() -> None:
    answer = ri.diff("resnet50", ri.ResNetSpec())
    assert answer.facts[0].value is True
    assert "no difference" in answer.notes
    assert all(not any(row[1:]) for row in answer.tables[0].rows)


def test_one_net_at_two_inputs_is_not_asked_for_but_two_sizes_are_said() -> None:
    answer = ri.diff("resnet18", settings=["input_size=256"])
    rows = {row[0]: row for row in answer.tables[0].rows}
    assert rows["layer1"][1] == "input 1×64×56×56 → 1×64×64×64"
    assert rows["layer1"][2:4] == (0, 462_422_016 * 64 * 64 // (56 * 56) - 462_422_016)
    assert any("the inputs differ" in note for note in answer.notes)


def test_a_stage_that_only_one_has_is_named_with_all_that_it_costs() -> None:
    stages = asked("resnet20_cifar", "resnet18", input="1,3,64,64")["stages"]
    assert list(stages) == ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert stages["layer4"]["changed"] == "only in resnet18"
    assert stages["layer4"]["params_change"] == 8_393_728
    assert asked("resnet18", "resnet20_cifar", input="1,3,64,64")["stages"]["layer4"]["params_change"] == -8_393_728


def test_settings_change_the_second_which_is_the_first_unless_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ri.export_spec("resnet50", ["groups=32"]), encoding="utf-8")
    direct, file, both = (
        asked("resnet50", settings=["groups=32", "base_width=4"]),
        asked("resnet50", path, settings=["base_width=4"]),
        asked("resnet50", "resnext50_32x4d"),
    )
    assert direct["stages"] == file["stages"] == both["stages"]
    assert {key: direct["fields"][key]["b"] for key in direct["fields"]} == {"groups": "32", "base_width": "4"}


@pytest.mark.parametrize(
    ("name", "field", "a", "b"),
    [
        ("resnet50d", "stem", "7:2:64", "3:2:32,3:1:32,3:1:64"),
        ("seresnet50", "attention", "none", "se"),
        ("resnetv2_50", "order", "post", "pre"),
        ("resnet50_gn", "norm", "bn", "gn"),
    ],
)
def test_a_field_is_written_as_it_is_set(name: str, field: str, a: str, b: str) -> None:
    fields = asked("resnet50", name)["fields"]
    assert fields[field] == {"field": field, "a": a, "b": b}
    again = ri.spec("resnet50", [f"{field}={b}"])
    assert getattr(again, field) == getattr(ri.spec(name), field)


def test_a_difference_carries_its_sign() -> None:
    text = ri.diff("resnet50", "resnet18", batch_size=2).render("table", 80)
    assert "-13.9 M" in text
    assert "+13.9 M" in ri.diff("resnet18", "resnet50", batch_size=2).render("table", 80)
    assert max(map(len, text.splitlines())) <= 80


def test_the_peak_that_diff_gives_is_of_an_inference() -> None:
    assert asked("resnet18", "resnet34")["totals"]["peak memory"]["b"] == peak_bytes(
        ri.lower("resnet34"), precision="bf16"
    )
