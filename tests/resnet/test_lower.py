"""What lowering writes, where the papers and the libraries are particular."""

import pytest

from resnet_inspect import sources
from resnet_inspect.errors import RequestError, ShapeError
from resnet_inspect.graph import Graph


def graph(model: str, *settings: str, input: str | None = None) -> Graph:
    return sources.graph_of(sources.find(model, settings), input)


def strides(g: Graph, name: str) -> list[int]:
    return [node.op.stride for node in g.nodes if node.name.startswith("layer2.0.") and node.name.endswith(name)]


def test_v1_strides_in_the_first_1x1_and_v15_in_the_3x3() -> None:
    assert (strides(graph("resnet50_v1"), "conv1"), strides(graph("resnet50_v1"), "conv2")) == ([2], [1])
    assert (strides(graph("resnet50"), "conv1"), strides(graph("resnet50"), "conv2")) == ([1], [2])


def test_a_dilated_stages_first_block_keeps_the_dilation_before_it() -> None:
    g = graph("resnet50", "output_stride=8")
    dilation = {n.name: n.op.dilation for n in g.nodes if n.name.endswith("conv2")}
    assert [dilation[f"layer{s}.{b}.conv2"] for s in (2, 3, 4) for b in (0, 1)] == [1, 1, 1, 2, 2, 4]


def test_shortcut_a_has_no_weights_and_splits_new_channels_around() -> None:
    g = graph("resnet20_cifar")
    assert not any("downsample" in node.name for node in g.nodes)
    assert [n.op.channels for n in g.nodes if n.kind == "Pad"] == [(8, 8), (16, 16)]


def test_a_preactivation_shortcut_is_x_itself_or_made_from_the_activated_x() -> None:
    g = graph("resnetv2_50")
    by_name = {node.name: node for node in g.nodes}
    assert g.nodes[by_name["layer1.0.downsample.0"].inputs[0]].name == "layer1.0.relu"
    assert g.nodes[by_name["layer1.1.add"].inputs[1]].name == "layer1.0.add"


def test_a_backbone_ends_in_the_pooled_features() -> None:
    g = graph("resnet50", "num_classes=0")
    assert g.output.shape == (1, 2048)
    assert not any(node.kind == "Linear" for node in g.nodes)


def test_channels_that_do_not_fit_are_refused_with_both_remedies() -> None:
    with pytest.raises(ShapeError, match="the input has 4 channels, resnet50 takes 3") as error:
        graph("resnet50", input="1,4,224,224")
    assert "--set in_channels=4" in error.value.hint
    assert graph("resnet50", "in_channels=4", input="1,4,224,224").nodes[1].op.in_channels == 4


@pytest.mark.parametrize(
    "text",
    [
        "1,3,224",
        "1,3,224,224,1",
        "",
        "1,3,a,224",
        "0,3,224,224",
        "1,3,-224,224",
        "1,3,2.5,224",
        "1;3;224;224",
        "1,3,,224",
    ],
)
def test_sizes_that_are_no_batch_of_images_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match=r"--input"):
        graph("resnet50", input=text)


@pytest.mark.parametrize(
    "text", ["1,3,99999999999999,99999999999999", "9223372036854775807,3,224,224", "1,3,4000000000,4000000000"]
)
def test_sizes_beyond_an_int64_are_refused(text: str) -> None:
    with pytest.raises(ShapeError, match="int64"):
        graph("resnet50", input=text)


def test_an_input_too_small_is_refused_by_the_name_of_the_node() -> None:
    with pytest.raises(ShapeError, match=r"^maxpool: window 2 does not fit an input of extent 1"):
        graph("resnetaa50", input="1,3,2,2")


def test_an_input_at_which_the_branches_differ_is_refused_by_the_name_of_the_sum() -> None:
    with pytest.raises(ShapeError, match=r"^layer2\.0\.add: the two branches differ"):
        graph("resnetaa50d", input="1,3,203,203")


def test_a_batch_said_twice_must_be_the_same() -> None:
    variant = sources.find_variant("resnet18")
    assert sources.graph_of(variant, "4,3,64,64", 4).input.shape == (4, 3, 64, 64)
    assert sources.graph_of(variant, None, 8).input.shape == (8, 3, 224, 224)
    assert sources.graph_of(variant, (2, 3, 64, 96)).input.shape == (2, 3, 64, 96)
    for size in (8, 0, -1):
        with pytest.raises(RequestError, match="batch"):
            sources.graph_of(variant, "4,3,64,64", size)
