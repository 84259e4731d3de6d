"""What a summary shows beside the costs."""

import json

import pytest

import resnet_inspect as ri
from resnet_inspect.vocabulary import Depth


@pytest.mark.parametrize(("depth", "table"), [("stage", "stages"), ("block", "blocks"), ("layer", "layers")])
def test_a_row_at_every_depth_says_what_its_output_sees(depth: Depth, table: str) -> None:
    rows = json.loads(ri.summary("resnet50", depth=depth).to_json())["tables"][table]
    seen = [(row["receptive_field"], row["jump"], row["padding"]) for row in rows]
    assert seen[{"stage": 4, "block": 16, "layer": 171}[depth]] == (427, 32, 213)
    assert seen[-1] == (None, None, None), "behind the global pool"
    assert rows[-1][{"stage": "stage", "block": "block", "layer": "name"}[depth]] in ("head", "fc")


def test_what_a_stage_sees_is_shown_only_where_nothing_wraps_for_it() -> None:
    answer = ri.summary("resnet50")
    assert [" RF " in answer.render("table", width) for width in (80, 100, 126, 127, 160)] == [False] * 3 + [True] * 2
    for width in (80, 100, 127):
        assert max(map(len, answer.render("table", width).splitlines())) <= width


@pytest.mark.parametrize(
    ("size", "stages"),
    [
        (1, "stem, layer1, layer2, layer3, layer4: "),
        (2, "layer1, layer2, layer3, layer4: "),
        (8, "layer3, layer4: "),
        (16, "layer4: "),
        (32, None),
        (224, None),
    ],
)
def test_stages_whose_maps_are_too_small_for_their_kernels_are_named(size: int, stages: str | None) -> None:
    notes = [note for note in ri.summary(input=(1, 3, size, size)).notes if "the maps are 1×1" in note]
    assert [note.startswith(str(stages)) for note in notes] == ([] if stages is None else [True])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["groups=7"], True),
        (["groups=32"], True),
        (["groups=32", "base_width=4"], False),
        (["groups=1"], False),
        (["base_width=128"], False),
        ([], False),
    ],
)
def test_groups_that_widen_a_net_by_accident_are_told(settings: list[str], said: bool) -> None:
    for ask in ri.summary, ri.flops, ri.memory:
        notes = [note for note in ask(settings=settings).notes if "base_width=4" in note]
        assert len(notes) == said
    assert not [note for note in ri.summary("resnext50_32x4d", settings=["groups=64"]).notes if "base_width" in note]


def test_the_papers_resnext_is_what_the_note_on_groups_says() -> None:
    assert ri.spec(settings=["groups=32", "base_width=4"]) == ri.spec("resnext50_32x4d")


@pytest.mark.parametrize("stages", [3, 4, 6])
def test_a_stage_has_a_name_of_the_papers_table_only_if_that_table_has_it(stages: int) -> None:
    settings = [f"depths={','.join('1' * stages)}", f"widths={','.join(['16'] * stages)}"]
    names = [
        row["alias"] for row in json.loads(ri.summary("resnet50", settings=settings).to_json())["tables"]["stages"]
    ]
    table_1 = ["conv1", *(f"conv{i}_x" for i in range(2, stages + 2)), "fc"]
    assert names == (table_1 if stages <= 4 else [None] * (stages + 2))
