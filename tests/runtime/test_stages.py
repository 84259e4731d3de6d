"""Stages and blocks of code: each row against its module, and nets as several libraries lay them out."""

import re
from random import Random

import pytest
import torch
from stage_rows import LIBRARIES, disagreements, make, traced
from torch import nn
from torch.nn import functional as F

from resnet_inspect.errors import InspectError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.blocks import blocks_by_stage
from resnet_inspect.graph.facts.work import stage_of, work_by
from resnet_inspect.runtime.trace import trace

# Rows, and the blocks of each stage as the libraries' own tables have them.
KNOWN = {
    "timm:cs3darknet_m": ("stem stages.0 stages.1 stages.2 stages.3 head", [2, 4, 6, 2]),
    "timm:dla34": ("stem level2 level3 level4 level5 head", [2, 4, 4, 2]),
    "timm:dpn68": (
        "stem features.conv2_1-conv2_3 features.conv3_1-conv3_4 features.conv4_1-conv4_12 features.conv5_1-conv5_3 "
        "head",
        [3, 4, 12, 3],
    ),
    "timm:efficientnet_lite0": ("stem " + " ".join(f"blocks.{i}" for i in range(7)) + " head", [1, 2, 2, 3, 3, 4, 1]),
    "timm:ese_vovnet39b": ("stem stages.0 stages.1 stages.2 stages.3 head", [1, 1, 2, 2]),
    "timm:hgnet_tiny": ("stem stages.0 stages.1 stages.2 stages.3 head", [1, 1, 2, 1]),
    "timm:mobilenetv2_100": ("stem " + " ".join(f"blocks.{i}" for i in range(7)) + " head", [1, 2, 3, 4, 3, 3, 1]),
    "timm:regnetx_002": ("stem s1 s2 s3 s4 head", [1, 1, 4, 7]),
    "timm:resnetv2_50d_gn": ("stem stages.0 stages.1 stages.2 stages.3 norm head", [3, 4, 6, 3]),
    "timm:seresnet18": ("stem layer1 layer2 layer3 layer4 head", [2, 2, 2, 2]),
    "timm:xception41": ("stem blocks.0 blocks.1 blocks.2-10 blocks.11-12 head", [1, 1, 9, 2]),
    "torchvision:densenet121": (
        "stem features.denseblock1 features.transition1 features.denseblock2 features.transition2 "
        "features.denseblock3 features.transition3 features.denseblock4 head",
        [6, 12, 24, 16],
    ),
    "torchvision:googlenet": (
        "stem inception3a-inception3b maxpool3-inception4e maxpool4-inception5b head",
        [2, 5, 2],
    ),
    "torchvision:mnasnet0_5": ("stem " + " ".join(f"layers.{i}" for i in range(8, 14)) + " head", [3, 3, 3, 2, 4, 1]),
    "torchvision:mobilenet_v2": (
        "stem features.1 features.2-3 features.4-6 features.7-13 features.14-17 head",
        [1, 2, 3, 7, 4],
    ),
    "torchvision:regnet_y_400mf": (
        "stem " + " ".join(f"trunk_output.block{i}" for i in range(1, 5)) + " head",
        [1, 3, 6, 6],
    ),
    "torchvision:squeezenet1_1": ("stem features.3-4 features.5-7 features.8-12 head", [2, 2, 4]),
}
FAMILIES = re.compile(
    "cs3|darknet|densenet|dla|ghost|hgnet|mobile|regnet|repv|res2|resne|selecsls|vovnet|xcep|efficient"
)


@pytest.mark.parametrize("name", KNOWN)
def test_stages_and_blocks_are_the_librarys(name: str) -> None:
    net = make(*name.split(":"))
    graph = traced(net, name)
    stages, blocks = KNOWN[name]
    assert graph.stages == tuple(stages.split())
    assert [len(paths) for paths in blocks_by_stage(graph).values() if paths] == blocks
    rows, wrong = disagreements(net, graph)
    assert not wrong
    assert rows > len(blocks)


def test_a_row_with_a_modules_name_is_that_module() -> None:
    """On a sample of two libraries; ``stage_rows.py`` asks all of them."""
    nets = [(library, name) for library, names in LIBRARIES.items() for name in names if FAMILIES.search(name)]
    rows, wrong = 0, []
    for library, name in Random(11).sample(nets, 10):
        try:
            net = make(library, name)
            graph = traced(net, name)
        except (InspectError, RuntimeError):
            continue
        found = disagreements(net, graph)
        rows, wrong = rows + found[0], wrong + found[1]
    assert not wrong
    assert rows > 100


def layers(cin: int, cout: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout), nn.ReLU())


class Block(nn.Module):
    """A residual block; without a sum, it is as blocks of MobileNets at a stride."""

    def __init__(self, cin: int, cout: int, stride: int, adds: bool = True) -> None:
        super().__init__()
        self.first, self.second, self.adds = layers(cin, cout, stride), layers(cout, cout), adds
        self.shortcut = nn.Conv2d(cin, cout, 1, stride) if adds else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x)) + self.shortcut(x) if self.adds else self.second(self.first(x))


def blocks(cin: int, cout: int, stride: int, count: int = 2, adds: bool = True) -> nn.Sequential:
    return nn.Sequential(*(Block(cout if i else cin, cout, 1 if i else stride, adds) for i in range(count)))


class Parts(nn.Module):
    """Its parts one after the other, at the names they are given, then the mean of each channel."""

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for part in self.children():
            x = part(x)
        return x


class Stages(nn.Module):
    """Stages in a list that is not called itself, each with its blocks a level deeper, as Hugging Face writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(Parts(layers=blocks(8, 8, stride)) for stride in (1, 2, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for stage in self.stages:
            x = F.relu(stage(x))
        return x


class Downsampling(nn.Module):
    """Two lists whose members run in turn, as the authors of ConvNeXt write them."""

    def __init__(self) -> None:
        super().__init__()
        self.downsample_layers = nn.ModuleList(nn.Conv2d(8 if i else 3, 8, 2, 2) for i in range(3))
        self.stages = nn.ModuleList(blocks(8, 8, 1) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for downsample, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(downsample(x))
        return x


def pooled(**parts: nn.Module) -> nn.Module:
    return Parts(**parts, pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), fc=nn.Linear(8, 5))


LAYOUTS = {
    "torchvision": (
        pooled(conv1=layers(3, 8, 2), layer1=blocks(8, 8, 1), layer2=blocks(8, 8, 2), layer3=blocks(8, 8, 2)),
        "stem layer1 layer2 layer3 head",
    ),
    "a layer0 of layers": (
        pooled(layer0=layers(3, 8, 2), layer1=blocks(8, 8, 1), layer2=blocks(8, 8, 2)),
        "stem layer1 layer2 head",
    ),
    "detectron2": (
        Parts(backbone=Parts(stem=layers(3, 8, 2), res2=blocks(8, 8, 1), res3=blocks(8, 8, 2), res4=blocks(8, 8, 2))),
        "stem backbone.res2 backbone.res3 backbone.res4",
    ),
    "Hugging Face": (
        pooled(embedder=layers(3, 8, 2), encoder=Stages()),
        "stem encoder.stages.0 encoder.relu encoder.stages.1 encoder.relu_1 encoder.stages.2 head",
    ),
    "two lists in turn": (
        Downsampling(),
        "stem stages.0 downsample_layers.1 stages.1 downsample_layers.2 stages.2",
    ),
    "names of the paper": (
        pooled(conv1=layers(3, 8), conv2_x=blocks(8, 8, 1), conv3_x=blocks(8, 8, 2), conv4_x=blocks(8, 8, 2)),
        "stem conv2_x conv3_x conv4_x head",
    ),
    "one block a stage": (
        pooled(conv1=layers(3, 8, 2), a1=blocks(8, 8, 1, 1), a2=blocks(8, 8, 2, 1), a3=blocks(8, 8, 2, 1)),
        "stem a1 a2 a3 head",
    ),
    "blocks without sums": (
        pooled(conv1=layers(3, 8, 2), up=blocks(8, 8, 1, adds=False), down=blocks(8, 8, 2, 3, adds=False)),
        "stem up down head",
    ),
    "a flat list": (
        pooled(conv1=layers(3, 8, 2), body=nn.Sequential(*blocks(8, 8, 1, 3), *blocks(8, 8, 2, 2), Block(8, 8, 2))),
        "stem body.0-2 body.3-4 body.5 head",
    ),
    "blocks of the net itself": (
        pooled(conv1=layers(3, 8, 2), b1=Block(8, 8, 1), b2=Block(8, 8, 2), b3=Block(8, 8, 1), b4=Block(8, 8, 2)),
        "stem b1 b2-b3 b4 head",
    ),
    "plain layers": (
        Parts(features=nn.Sequential(*layers(3, 8), nn.MaxPool2d(2), *layers(8, 8), nn.MaxPool2d(2), *layers(8, 8))),
        "features.0-2 features.3-6 features.7-10",
    ),
    "a call between": (
        pooled(conv1=layers(3, 8, 2), layer1=blocks(8, 8, 1), down=nn.Conv2d(8, 8, 2, 2), layer2=blocks(8, 8, 1)),
        "stem layer1 down layer2 head",
    ),
    "a deep stem": (
        pooled(stem=nn.Sequential(*(nn.Sequential(layers(8 if i else 3, 8, 2), layers(8, 8)) for i in range(3))),
               layer1=blocks(8, 8, 1), layer2=blocks(8, 8, 2)),
        "stem layer1 layer2 head",
    ),
    "a module called head": (
        Parts(stem=layers(3, 8, 2), layer1=blocks(8, 8, 1), layer2=blocks(8, 8, 2), norm=nn.BatchNorm2d(8),
              drop=nn.Identity(), head=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))),
        "stem layer1 layer2 norm head",
    ),
}  # fmt: skip


def layout(name: str) -> tuple[nn.Module, Graph]:
    net, _ = LAYOUTS[name]
    return net.to("meta").eval(), trace(net, (1, 3, 64, 64), name)


@pytest.mark.parametrize("name", LAYOUTS)
def test_stages_are_found_however_they_are_named(name: str) -> None:
    net, graph = layout(name)
    assert " ".join(graph.stages) == LAYOUTS[name][1]
    _, wrong = disagreements(net, graph)
    assert not wrong


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_block_is_in_a_stage(name: str) -> None:
    net, graph = layout(name)
    found = [path for paths in blocks_by_stage(graph).values() for path in paths]
    assert found == [path for path, module in net.named_modules() if isinstance(module, Block)]


def test_the_work_of_a_stage_is_the_work_of_its_module_though_more_runs_behind_it() -> None:
    _, graph = layout("a call between")
    rows = work_by(graph, stage_of)
    assert rows["down"].params == 8 * 8 * 2 * 2 + 8
    assert rows["layer1"].output.shape == (1, 8, 32, 32)


def test_a_net_that_calls_nothing_has_no_stages() -> None:
    assert trace(Parts(), (1, 3, 8, 8), "nothing").stages == ()
