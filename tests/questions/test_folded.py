"""A net with its norms folded beside the net as it was."""

import json

import pytest

import resnet_inspect as ri


@pytest.mark.parametrize("verb", [ri.summary, ri.flops, ri.memory])
def test_both_nets_stand_side_by_side_and_differ_by_the_difference(verb) -> None:
    document = json.loads(verb("resnet50", folded=True).to_json())
    unfolded, folded, difference = document["tables"]["folded"]
    for key in set(unfolded) - {"net"}:
        assert folded[key] - unfolded[key] == difference[key]
    assert (unfolded["params"], folded["params"], folded["buffers"]) == (25_557_032, 25_530_472, 0)
    assert difference["macs"] == 0
    assert difference["calls"] == -53 == -document["facts"]["folded_norms"]


def test_the_totals_are_those_of_the_folded_net() -> None:
    facts, plain = (json.loads(ri.summary("resnet50", folded=f).to_json())["facts"] for f in (True, False))
    assert facts["params"] == plain["params"] - 26_560
    assert facts["macs"] == plain["macs"]
    assert set(plain) <= set(facts)


def test_a_folded_peak_is_that_of_memory_at_the_same_precision() -> None:
    document = json.loads(ri.memory("resnet18", batch_size=4, precision="bf16", folded=True).to_json())
    plain = json.loads(ri.memory("resnet18", batch_size=4, precision="bf16").to_json())
    unfolded, folded, _ = document["tables"]["folded"]
    assert unfolded["peak_bytes"] == plain["facts"]["peak_bytes"]
    assert folded["peak_bytes"] == document["facts"]["peak_bytes"] < plain["facts"]["peak_bytes"]


@pytest.mark.parametrize(
    ("name", "gone", "left"), [("resnet50", 53, 0), ("resnetv2_50", 32, 17), ("resnet50_gn", 0, 0)]
)
def test_the_answer_says_how_many_norms_stay(name: str, gone: int, left: int) -> None:
    facts = json.loads(ri.summary(name, folded=True).to_json())["facts"]
    assert (facts["folded_norms"], facts["left_norms"]) == (gone, left)


@pytest.mark.parametrize("verb", [ri.flops, ri.memory])
def test_a_folded_net_is_not_trained(verb) -> None:
    with pytest.raises(ri.InspectError, match="--folded is for inference"):
        verb("resnet18", task="train", folded=True)
