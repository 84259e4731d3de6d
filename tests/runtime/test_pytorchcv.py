"""Every net of the pytorchcv shelf against pytorchcv's own, on the meta device."""

from functools import cache
from importlib import import_module
from itertools import accumulate

import pytest
import their_nets
import torch
from torch import nn

from resnet_inspect import sources
from resnet_inspect.resnet import zoo

FILES = (
    "resnet", "preresnet", "seresnet", "sepreresnet", "resneta", "resnext", "seresnext", "resnet_cub", "seresnet_cub",
    "resnet_cifar", "preresnet_cifar", "seresnet_cifar", "sepreresnet_cifar", "resnext_cifar", "wrn_cifar",
    "pyramidnet_cifar", "senet", "diaresnet", "diapreresnet", "diaresnet_cifar", "diapreresnet_cifar", "cbamresnet",
    "resnesta", "drn", "ror_cifar",
)  # fmt: skip
# nets of these files that no spec describes, and why
OTHER_NETS = {
    "resnesta18": "a basic block whose second 3×3 is split attention",
    **dict.fromkeys(("drnc26", "drnc42", "drnc58"), "basic blocks without shortcuts after bottlenecks"),
}
LONG = 250  # layers; a deeper net only repeats more of the same blocks


@cache
def constructors() -> dict[str, str]:
    """Each net's name -> its file."""
    files = {file: import_module(f"pytorchcv.models.{file}") for file in FILES}
    return {
        name: file
        for file, module in files.items()
        for name in module.__all__
        if name[0].islower() and not name.startswith("get_") and name not in OTHER_NETS
    }


def depth_of(name: str) -> int:
    return int("".join(c if c.isdigit() else " " for c in name).split()[0])


SHORT = sorted(name for name in constructors() if depth_of(name) <= LONG and not name.endswith("svhn"))


def theirs(name: str) -> nn.Module:
    with torch.device("meta"):
        net: nn.Module = getattr(import_module(f"pytorchcv.models.{constructors()[name]}"), name)()
    return net.eval()


def stages(net: nn.Module, depths: tuple[int, ...]) -> dict[str, nn.Module]:
    if type(net).__name__ == "DRN":  # what does not stride belongs to the stage before
        units = [*net.features.stage4.children()]
        ends = accumulate(depths[1:])
        return {"layer1": net.features.stage3, **{f"layer{i}": units[end - 1] for i, end in enumerate(ends, start=2)}}
    if hasattr(net.features, "body"):
        return {f"layer{i}": stage for i, stage in enumerate(net.features.body.stages, start=1)}
    return {f"layer{i}": getattr(net.features, f"stage{i}") for i in range(1, 5) if hasattr(net.features, f"stage{i}")}


def test_the_shelf_has_every_net_of_these_families() -> None:
    for name in constructors():
        assert zoo.find(f"pytorchcv:{name}").writing == "pytorchcv"
    assert len(constructors()) >= 200


@pytest.mark.parametrize("name", SHORT)
def test_a_net_is_pytorchcvs(name: str) -> None:
    net, graph = theirs(name), sources.graph_of(sources.find(f"pytorchcv:{name}"))
    depths = sources.find_variant(f"pytorchcv:{name}").spec.depths
    assert their_nets.tensors_of_graph(graph) == their_nets.tensors(net)
    assert their_nets.of_graph(graph) == their_nets.run(net, stages(net, depths), graph.input.shape)


@pytest.mark.parametrize("name", sorted(name for name in constructors() if name.endswith("svhn")))
def test_a_net_for_svhn_is_the_one_for_cifar10(name: str) -> None:
    ours = sources.find_variant(f"pytorchcv:{name}").spec
    assert ours == sources.find_variant(f"pytorchcv:{name.replace('svhn', 'cifar10')}").spec
