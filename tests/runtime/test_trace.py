"""Code as a Graph: held against our own lowering, against torch's counters, and against nets that no spec describes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import timm
import torch
from allocator import measured
from hypothesis import given
from strategies import law, lowered, specs
from timm.layers.std_conv import ScaledStdConv2d, StdConv2d
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

import resnet_inspect as ri
from resnet_inspect.counting.conventions import TORCH
from resnet_inspect.counting.count import count
from resnet_inspect.counting.writing import as_written
from resnet_inspect.errors import RequestError, TraceError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.liveness import peak
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.graph.fold import fold
from resnet_inspect.graph.inplace import in_place
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import Add, Identity, ReLU
from resnet_inspect.graph.ops.reshape import Pad
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.runtime import code as sources
from resnet_inspect.runtime.build import build
from resnet_inspect.runtime.modules import module
from resnet_inspect.runtime.trace import trace

TORCHVISION = [name for name in models.list_models(module=models) if "resne" in name]
TIMM = (
    "resnet50", "resnet26t", "resnetrs50", "seresnet50", "ecaresnet50t", "resnext50_32x4d", "wide_resnet50_2",
    "legacy_seresnet18", "resnet50_gn", "resnetv2_50", "resnetv2_50d_gn", "resnetaa50",
    "resnetv2_50x1_bit", "res2net50_26w_4s", "cspresnet50", "regnety_008",
    "resnetblur18", "gcresnet50t", "skresnet18", "resnest14d", "convnext_tiny", "vit_tiny_patch16_224",
)  # fmt: skip


def calls(graph: Graph) -> list[Any]:
    """The nodes without the names of functions, and without the differences of in-place calls.

    An Identity returns its own input, so a trace cannot tell which of the two a later call reads: it is its input here.
    """

    def comparable(op: Any) -> Any:
        return replace(op, inplace=True) if isinstance(op, ReLU | Add) else op

    def source(index: int) -> int:
        node = graph.nodes[index]
        return source(node.inputs[0]) if isinstance(node.op, Identity) else index

    return [(comparable(n.op), tuple(map(source, n.inputs)), n.ins, n.out, n.stage, n.module) for n in graph.nodes]


def alive(graph: Graph) -> tuple[str, list[int]]:
    """When the peak is, and the tensors alive then: a spec names its functions otherwise than torch."""
    moment = peak(graph, False)
    return moment.phase, sorted(moment.alive.activations.values())


def calls_of_blocks(graph: Graph, spec: ResNetSpec) -> list[tuple[Any, ...]]:
    """Without the stage of RoR's last shortcut and sum, which a trace takes for the head's."""
    around_all = spec.levels == "stages"
    return [
        (*call[:4], "", *call[5:]) if around_all and not node.name.startswith("layer") else call
        for call, node in zip(calls(graph), graph.nodes, strict=True)
    ]


@law(60)
@given(specs())
def test_what_is_built_is_traced_back_to_what_was_lowered(spec: ResNetSpec) -> None:
    graph = lowered(spec, 2, 64, 48)
    traced = trace(build(graph, device="meta"), (2, spec.in_channels, 64, 48), "random")
    assert calls_of_blocks(traced, spec) == calls_of_blocks(graph, spec)
    assert in_place(traced) == in_place(graph)
    assert (alive(traced), peak_bytes(traced, "train")) == (alive(graph), peak_bytes(graph, "train"))
    leaves = {"", *(node.module for node in graph.nodes)}  # a class of our own for one call holds no other
    assert {k: v for k, v in graph.containers.items() if k} == {
        k: v for k, v in traced.containers.items() if k not in leaves
    }


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_own_net_is_the_variant_of_its_name(name: str) -> None:
    assert calls(ri.lower(f"torchvision:{name}")) == calls(ri.lower(name))


@pytest.mark.parametrize(
    "name", [variant.name for variant in zoo.variants() if variant.family in ("resnet-v2", "resnet-bit", "resnet-nf")]
)
def test_a_variant_standardizes_the_weights_that_timms_net_does(name: str) -> None:
    with torch.device("meta"):
        modules = timm.create_model(name).modules()
    theirs = sorted(tuple(m.weight.shape) for m in modules if isinstance(m, StdConv2d | ScaledStdConv2d))
    convs = (node.op for node in ri.lower(name).nodes if isinstance(node.op, Conv2d))
    assert sorted(conv.weight for conv in convs if conv.standardized) == theirs
    assert bool(theirs) is ("_bit" in name or name.startswith("nf_"))


@pytest.mark.parametrize("bias", [True, False])
def test_a_standardized_convolution_computes_what_bits_does(bias: bool) -> None:
    ours = module(Conv2d(8, 6, 3, 2, 1, bias=bias, standardized=True), inplace=False)
    theirs = StdConv2d(8, 6, 3, stride=2, padding=1, bias=bias, eps=1e-8)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 8, 9, 9)
    assert torch.equal(ours(x), theirs(x))


@pytest.mark.parametrize("name", TIMM)
def test_timms_own_net_is_counted_as_torch_counts_it(name: str) -> None:
    net = timm.create_model(name).to("meta").eval()
    graph = ri.lower(f"timm:{name}")
    assert graph.input.shape[1:] == timm.get_pretrained_cfg(name).input_size
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(graph.input.shape, device="meta"))
    params = sum(p.numel() for p in net.parameters())
    assert (count(TORCH, as_written(graph)).total, work_of(graph).params) == (counter.get_total_flops(), params)


class Block(nn.Module):
    """A residual block unlike any library's: functions, dropout, an explicit sum."""

    def __init__(self, cin: int, cout: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(cin, cout, 3, stride, padding=1)
        self.norm = nn.BatchNorm2d(cout)
        self.second = nn.Conv2d(cout, cout, 3, padding="same", bias=False)
        self.act = nn.SiLU(inplace=True)
        self.shortcut = nn.Identity() if cin == cout else nn.Conv2d(cin, cout, 1, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = F.dropout(self.act(self.norm(self.first(x))), 0.1, self.training)
        return F.leaky_relu(F.gelu(self.second(out) + self.shortcut(x)), 0.1, inplace=True)


class Net(nn.Module):
    """Stages in a list, a loop and a branch in forward."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 5, 2, 2)
        self.stages = nn.ModuleList(
            nn.Sequential(Block(8 * i, 8 * i + 8, 2), Block(8 * i + 8, 8 * i + 8, 1)) for i in (1, 2)
        )
        self.fc = nn.Linear(24, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        if x.shape[-1] > 1:
            x = F.avg_pool2d(x, x.shape[-1])
        return self.fc(x.view(x.size(0), -1))


class Tutorial(nn.Module):
    """A net as tutorials write it: a copy, a factor, dropout of channels, a norm in the head, log-probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.drop = nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.Dropout2d(0.1)
        self.fc, self.normed = nn.Linear(16, 10), nn.BatchNorm1d(10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        residual = x.clone()
        x = self.drop(torch.tanh(self.norm(x))) * 0.5
        x += residual
        return F.log_softmax(self.normed(self.fc(x.mean((2, 3)))), dim=1)


def test_a_net_of_ones_own_has_stages_and_blocks() -> None:
    report = ri.summary(Net(), input=(2, 1, 32, 32), depth="stage")
    rows = {row[0]: row[1:5] for row in report.tables[0].rows}
    assert rows == {
        "stem": (None, 0, "5×5 conv /2", (2, 8, 16, 16)),
        "stages.0": (None, 2, "Block ×2, first one projects", (2, 16, 8, 8)),
        "stages.1": (None, 2, "Block ×2, first one projects", (2, 24, 4, 4)),
        "head": (None, 0, "avg pool /4, fc", (2, 10)),
    }
    blocks = ri.summary(Net(), input=(2, 1, 32, 32), depth="block").tables[0].rows
    assert [row[0] for row in blocks] == ["stem", "stages.0.0", "stages.0.1", "stages.1.0", "stages.1.1", "head"]
    assert [row[2] for row in blocks] == ["", "projection", "identity", "projection", "identity", ""]


def test_a_block_projects_by_its_last_sum() -> None:
    rows = ri.summary("timm:res2net50_26w_4s", input=(1, 3, 64, 64)).tables[0].rows
    assert [row[3] for row in rows[1:-1]] == [f"Res2Net bottleneck ×{n}, first one projects" for n in (3, 4, 6, 3)]


def test_a_net_of_ones_own_costs_what_torch_counts() -> None:
    net = Net().eval()
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(3, 1, 40, 40))
    work = work_of(ri.lower(net, input=(3, 1, 40, 40)))
    assert (2 * work.macs, work.params) == (counter.get_total_flops(), sum(p.numel() for p in net.parameters()))


@pytest.mark.parametrize("task", ["infer", "train"])
@pytest.mark.parametrize("source", [Net, Tutorial, models.resnet18, lambda: timm.create_model("resnetv2_50x1_bit")])
def test_the_memory_of_code_is_what_the_allocator_is_asked_for(source: Callable[[], nn.Module], task: Any) -> None:
    net = source()
    x = torch.randn(8, *sources.image_of(net)[:1], 64, 64)
    predicted = {f.key: f.value for f in ri.memory(net, input=tuple(x.shape), task=task).facts}["peak_bytes"]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9) if task == "train" else None
    assert predicted == pytest.approx(measured(net, x, optimizer), rel=0.001)


class Overwriting(nn.Module):
    """Overwrites what a training step would still need, which only inference allows."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 32, 3, padding=1), nn.Conv2d(32, 32, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.tanh(self.first(x))
        x *= 0.5
        y = self.second(x)
        x = F.relu(x, inplace=True)
        x += y
        return x.mean((2, 3))


def test_the_memory_of_code_that_overwrites_is_what_the_allocator_is_asked_for() -> None:
    net, x = Overwriting(), torch.randn(8, 3, 64, 64)
    graph = ri.lower(net, input=tuple(x.shape))
    assert peak_bytes(graph) == pytest.approx(measured(net, x), rel=0.001)


class Named(nn.Module):
    """Keeps each result under a name of its own until it returns."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32)
        self.conv2, self.bn2 = nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32)
        self.conv3, self.bn3 = nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = F.relu(self.bn1(self.conv1(x)))
        second = F.relu(self.bn2(self.conv2(first)))
        third = F.relu(self.bn3(self.conv3(second)))
        return third.mean((2, 3))


@pytest.mark.parametrize("source", [Named, models.resnet18, lambda: timm.create_model("resnet26t")])
def test_the_memory_of_folded_code_is_what_the_allocator_is_asked_for(source: Callable[[], nn.Module]) -> None:
    net, x = source().eval(), torch.randn(8, 3, 64, 64)
    plain = ri.lower(net, input=tuple(x.shape))
    for norm in [node for node in plain.nodes if node.kind == "BatchNorm2d"]:
        conv = plain.nodes[norm.inputs[0]].module
        net.set_submodule(conv, fuse_conv_bn_eval(net.get_submodule(conv), net.get_submodule(norm.module)))
        net.set_submodule(norm.module, nn.Identity())
    assert peak_bytes(fold(plain)) == pytest.approx(measured(net, x), rel=0.001)


def test_tracing_leaves_the_module_as_it_is() -> None:
    net = Net()
    net.stages[0].eval()
    before = [(name, p.data_ptr(), p.device) for name, p in net.named_parameters()]
    training = [module.training for module in net.modules()]
    ri.lower(net, input=(1, 1, 32, 32))
    assert [(name, p.data_ptr(), p.device) for name, p in net.named_parameters()] == before
    assert [module.training for module in net.modules()] == training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())


class ConvThen(nn.Module):
    """A convolution, then ``call``."""

    def __init__(self, call: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.call = call

    def forward(self, x: torch.Tensor) -> Any:
        return self.call(self.conv(x))


REFUSED: dict[str, Callable[[torch.Tensor], Any]] = {
    "IndexError": lambda x: x.shape[9],
    "RuntimeError": lambda x: torch.mm(x, x),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_forward_that_fails_is_refused_with_torchs_reason(what: str) -> None:
    with pytest.raises(TraceError, match=what):
        trace(ConvThen(REFUSED[what]), (1, 3, 8, 8), "net")


ZEROS: list[Callable[[torch.Tensor], torch.Tensor]] = [
    lambda x: torch.cat([x, torch.zeros_like(x)], 1),
    lambda x: torch.cat((torch.zeros(x.shape), x), dim=1),
    lambda x: torch.cat([x.new_zeros(x.shape), x, torch.zeros_like(x)], 1),
]


@pytest.mark.parametrize(("join", "channels"), [*zip(ZEROS, [(0, 4), (4, 0), (4, 4)], strict=True)])
def test_a_map_joined_to_zeros_is_padded(join: Callable[[torch.Tensor], Any], channels: tuple[int, int]) -> None:
    assert trace(ConvThen(join), (1, 3, 8, 8), "net").nodes[-1].op == Pad(channels)


@pytest.mark.parametrize("wrap", [nn.DataParallel, torch.compile])
def test_a_wrapped_net_is_the_net(wrap: Callable[[nn.Module], nn.Module]) -> None:
    assert calls(ri.lower(wrap(models.resnet18()))) == calls(ri.lower("resnet18"))


def test_what_makes_a_net_is_taken_for_it() -> None:
    assert calls(ri.lower(models.resnet18)) == calls(ri.lower("resnet18"))
    assert ri.lower(Net, input=(1, 1, 8, 8)).name == "Net"


def test_weights_without_sizes_are_refused() -> None:
    with pytest.raises(TraceError, match=r"0\.weight has no size before the first batch"):
        ri.summary(nn.Sequential(nn.LazyConv2d(8, 3)))


def test_what_makes_no_module_is_no_model() -> None:
    with pytest.raises(RequestError, match="'dict' object is no model"):
        ri.summary(dict)
