"""Heads against the modules of timm that do the same."""

import pytest
import timm.layers
import torch

from resnet_inspect import sources
from resnet_inspect.errors import ShapeError, SpecError
from resnet_inspect.runtime.build import build
from resnet_inspect.runtime.trace import trace

ATTENTION = ["head=attention", "input_size=64", "num_classes=10", "depths=1,1,1,1"]
OURS = {"pos_embed": "positions.pos_embed", "proj": "c_proj", "q": "q_proj", "k": "k_proj", "v": "v_proj"}


def test_the_attention_head_is_timms() -> None:
    theirs = timm.layers.AttentionPool2d(2048, 2, out_features=10, qkv_separate=True).eval()
    ours = build(sources.graph_of(sources.find("resnet50", ATTENTION))).attnpool.eval()
    state = {
        OURS[name := key.partition(".")[0]] + key[len(name) :]: value for key, value in theirs.state_dict().items()
    }
    ours.load_state_dict(state)
    x = torch.randn(3, 2048, 2, 2)
    torch.testing.assert_close(ours(x)[:, 0], theirs(x))


@pytest.mark.parametrize("head", ["attention", "mlp"])
def test_a_built_head_is_traced_back(head: str) -> None:
    graph = sources.graph_of(sources.find("resnet50", ["input_size=64", f"head={head}"]))
    traced = trace(build(graph, device="meta"), graph.input.shape, "built")
    seen, lowered = (
        [
            (n.inputs, n.out, n.op.params(), n.macs, n.macs_without_weights)
            for n in each.nodes
            if n.op.params() or n.macs
        ]
        for each in (traced, graph)
    )
    assert [each[1:] for each in seen] == [each[1:] for each in lowered]


def test_an_image_of_another_size_is_refused_with_the_field_to_set() -> None:
    with pytest.raises(ShapeError) as error:
        sources.graph_of(sources.find("resnet50", ATTENTION), (1, 3, 96, 96))
    assert "input_size" in error.value.hint


def test_heads_of_attention_divide_the_features() -> None:
    with pytest.raises(SpecError, match="heads of 64"):
        sources.find_variant("resnet18", ["head=attention", "widths=8,16,24,40"])
