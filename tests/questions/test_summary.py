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
