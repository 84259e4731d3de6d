"""Every variant under a name of timm's, against timm's own net on the meta device."""

import pytest
import their_nets
import timm
import torch
from torch import nn

import resnet_inspect as ri
from resnet_inspect import sources
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph.ops.base import ONE_PIXEL
from resnet_inspect.resnet import zoo
from resnet_inspect.runtime.trace import trace

THEIRS = set(timm.list_models())
NAMES = [variant.name for variant in zoo.variants() if variant.name in THEIRS]


def stage_modules(net: nn.Module) -> dict[str, nn.Module]:
    """layer1..layer4 of timm's resnet, its regnet, its resnetv2 and its byobnet."""
    if hasattr(net, "layer1"):
        return {f"layer{i}": getattr(net, f"layer{i}") for i in range(1, 5)}
    if hasattr(net, "s1"):
        return {f"layer{i}": getattr(net, f"s{i}") for i in range(1, 5)}
    return {f"layer{i}": stage for i, stage in enumerate(net.stages, start=1)}


def observe(net: nn.Module, shape: tuple[int, ...]) -> their_nets.Run:
    return their_nets.run(net, stage_modules(net), shape)


def test_timms_names_are_covered() -> None:
    assert len(NAMES) >= 145


@pytest.mark.parametrize("name", NAMES)
def test_a_variant_is_timms_net(name: str) -> None:
    with torch.device("meta"):
        net = timm.create_model(name).eval()
    variant = sources.find_variant(name)
    graph = sources.graph_of(variant)
    assert their_nets.tensors_of_graph(graph) == their_nets.tensors(net)
    assert timm.get_pretrained_cfg(name).input_size == graph.input.shape[1:]
    assert observe(net, graph.input.shape) == their_nets.of_graph(graph)
    odd = (2, 3, 203, 171)
    try:
        seen = observe(net, odd)
    except RuntimeError:
        with pytest.raises(ShapeError):
            sources.graph_of(variant, odd)
    else:
        assert seen == their_nets.of_graph(sources.graph_of(variant, odd))


@pytest.mark.parametrize("output_stride", [8, 16])
@pytest.mark.parametrize("name", ["resnetblur18", "resnetblur50", "resnetaa50"])
def test_a_dilated_antialiased_net_is_timms(name: str, output_stride: int) -> None:
    with torch.device("meta"):
        net = timm.create_model(name, output_stride=output_stride).eval()
    graph = ri.lower(name, settings=[f"output_stride={output_stride}"])
    assert observe(net, graph.input.shape) == their_nets.of_graph(graph)
    theirs = trace(net, graph.input.shape, name)
    layers = [[node.op for node in each.nodes if node.op.window != ONE_PIXEL] for each in (graph, theirs)]
    assert layers[0] == layers[1]


@pytest.mark.parametrize(
    "name", ["resnet50d", "resnet26t", "seresnext50_32x4d", "resnetrs50", "ecaresnet50t", "resnetblur50"]
)
def test_timms_weights_load_and_outputs_agree(name: str) -> None:
    theirs = timm.create_model(name).eval()
    ours = sources.graph_of(sources.find(name))
    from resnet_inspect.runtime.build import build

    net = build(ours).eval()
    net.load_state_dict(theirs.state_dict())
    x = torch.randn(1, 3, 96, 96)
    torch.testing.assert_close(net(x), theirs(x), rtol=1e-5, atol=1e-5)
