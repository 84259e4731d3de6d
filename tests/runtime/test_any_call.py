"""Calls that no operation names: their work, parameters, shapes and memory are torch's, whatever the habit of code."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import timm
import torch
from allocator import measured
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import resnet_inspect as ri
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.graph.facts.receptive_field import views
from resnet_inspect.graph.facts.work import work_of

SHAPE = (2, 3, 16, 16)


@pytest.fixture(autouse=True)
def _without_fast_paths() -> Iterator[None]:
    """FlopCounterMode counts nothing in the kernel that takes a whole attention block at once."""
    torch.backends.mha.set_fastpath_enabled(False)
    yield
    torch.backends.mha.set_fastpath_enabled(True)


class Net(nn.Module):
    """A stem, ``call`` with the modules ``parts``, and a head."""

    def __init__(self, call: Callable[["Net", Tensor], Any], channels: int = 8, **parts: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.parts = nn.ModuleDict(parts)
        self.gamma = nn.Parameter(torch.randn(8, 1, 1))
        self.table = nn.Parameter(torch.randn(9, 8))
        self.register_buffer("filter", torch.ones(8, 1, 3, 3))
        self.register_buffer("index", torch.arange(64) % 9)
        self.head = nn.Linear(channels, 5)
        self.call = call

    def forward(self, x: Tensor) -> Tensor:
        y = self.call(self, self.conv(x))
        return self.head(y.mean((2, 3)) if y.dim() == 4 else y.mean(1) if y.dim() == 3 else y)


def tokens(x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2)


def heads(x: Tensor) -> Tensor:
    return tokens(x).reshape(len(x), -1, 2, 4).transpose(1, 2)


def multiplied(net: Net, x: Tensor) -> Tensor:
    q = k = v = heads(x)
    return (((q @ k.transpose(-2, -1)) * 0.5).softmax(-1) @ v).transpose(1, 2).flatten(2)


def shuffled(net: Net, x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def projected(net: Net, x: Tensor) -> Tensor:
    return sum(layer(tokens(x)) for layer in net.parts["layers"])


def by_lambdas(net: Net, x: Tensor) -> Tensor:
    """Two queries a pixel, each by the same matrix, as in a lambda layer."""
    y = tokens(x)
    queries, matrices = torch.stack([y, y.relu()], 1).unsqueeze(3), (y.unsqueeze(3) * y.unsqueeze(2)).unsqueeze(1)
    return (queries @ matrices).squeeze(3).relu().sum(1)


def windows(net: Net, x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    return x.view(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(-1, 16, c).view(n, -1, c)


def filled(net: Net, x: Tensor) -> Tensor:
    out = torch.zeros(x.shape)
    out[:, :4] = x[:, 4:]
    return out


def copied(net: Net, x: Tensor) -> Tensor:
    out = x.new_full((len(x), 8, 20, 20), 0.0)
    for each, image in zip(out, x, strict=True):
        each[:, :16, :16].copy_(image)
    return out


def padded(net: Net, x: Tensor) -> Tensor:
    return F.pad(x, (1, 1, 1, 1), mode="reflect")


def positions(net: Net, x: Tensor) -> Tensor:
    return tokens(x) + net.table[net.index].repeat(4, 1)


def through_state(net: Net, x: Tensor) -> Tensor:
    state = torch.zeros(len(x), 8)
    for row in x.mean(3).unbind(2):
        state = net.parts["cell"](row, state)
    return state


HABITS: dict[str, Callable[[], nn.Module]] = {
    "attention by products": lambda: Net(multiplied),
    "attention in one call": lambda: Net(
        lambda net, x: F.scaled_dot_product_attention(heads(x), heads(x), heads(x)).transpose(1, 2).flatten(2)
    ),
    "attention as a module": lambda: Net(
        lambda net, x: net.parts["mha"](*3 * [tokens(x)], need_weights=False)[0],
        mha=nn.MultiheadAttention(8, 2, batch_first=True),
    ),
    "a transformer's layer": lambda: Net(
        lambda net, x: net.parts["layer"](tokens(x)), layer=nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    ),
    "einsum": lambda: Net(lambda net, x: torch.einsum("nlc,nmc->nlm", tokens(x), tokens(x)), 256),
    "a learned gain": lambda: Net(lambda net, x: x * net.gamma + net.gamma),
    "a gain by keyword": lambda: Net(lambda net, x: torch.add(x, other=net.gamma)),
    "a fixed filter": lambda: Net(lambda net, x: F.conv2d(x, net.filter, groups=8)),
    "a matrix of its own": lambda: Net(lambda net, x: tokens(x) @ net.table.t(), 9),
    "a table by index": lambda: Net(positions),
    "a layer norm over channels": lambda: Net(
        lambda net, x: net.parts["norm"](x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), norm=nn.LayerNorm(8)
    ),
    "layer norms of a layer": lambda: Net(
        lambda net, x: net.parts["norms"](tokens(x)),
        norms=nn.Sequential(nn.Linear(8, 2), *(nn.LayerNorm(2) for _ in range(6)), nn.Linear(2, 8)),
    ),
    "layers on a transposed map": lambda: Net(projected, layers=nn.ModuleList(nn.Linear(8, 8) for _ in range(4))),
    "unit vectors": lambda: Net(lambda net, x: F.normalize(F.normalize(x).transpose(1, 2)).transpose(1, 2)),
    "a repeated matrix": lambda: Net(by_lambdas),
    "norms of other kinds": lambda: Net(
        lambda net, x: net.parts["b"](net.parts["a"](x)),
        a=nn.InstanceNorm2d(8, affine=True),
        b=nn.BatchNorm2d(8, affine=False),
    ),
    "in place of a view": lambda: Net(
        lambda net, x: net.parts["act"](net.parts["norm"](x)),
        norm=nn.InstanceNorm2d(8, affine=True),
        act=nn.LeakyReLU(0.1, inplace=True),
    ),
    "a slope a channel": lambda: Net(lambda net, x: net.parts["act"](x), act=nn.PReLU(8)),
    "a rectangular kernel": lambda: Net(
        lambda net, x: net.parts["b"](net.parts["a"](x)),
        a=nn.Conv2d(8, 8, (1, 7), padding=(0, 3)),
        b=nn.Conv2d(8, 8, (7, 1), (2, 1), (3, 0), bias=False),
    ),
    "a transposed convolution": lambda: Net(
        lambda net, x: net.parts["up"](x), up=nn.ConvTranspose2d(8, 8, 2, 2, groups=2)
    ),
    "one dimension": lambda: Net(
        lambda net, x: net.parts["conv"](x.flatten(2)).unsqueeze(2), conv=nn.Conv1d(8, 8, 5, 2, 2, groups=4)
    ),
    "three dimensions": lambda: Net(
        lambda net, x: net.parts["conv"](x.unsqueeze(2)).squeeze(2), conv=nn.Conv3d(8, 8, 3, padding=1)
    ),
    "a shuffle of channels": lambda: Net(shuffled),
    "windows": lambda: Net(windows),
    "a transpose": lambda: Net(lambda net, x: x.transpose(2, 3)),
    "a larger image": lambda: Net(lambda net, x: F.interpolate(x, scale_factor=2, mode="bilinear")),
    "a padding of mirrors": lambda: Net(padded),
    "pieces": lambda: Net(lambda net, x: torch.cat([piece.relu() for piece in x.chunk(4, 2)], 2)),
    "one of several outputs": lambda: Net(lambda net, x: x.unbind(1)[0].unsqueeze(1).expand(-1, 8, -1, -1)),
    "a sum along": lambda: Net(lambda net, x: x.cumsum(1)),
    "zeros that are filled": lambda: Net(filled),
    "zeros that a view fills": lambda: Net(copied),
    "a joined constant": lambda: Net(lambda net, x: torch.cat([x, torch.ones(x.shape)], 1), 16),
    "a mask": lambda: Net(lambda net, x: x.masked_fill(torch.ones(16, 16).tril() == 0, 0.0)),
    "a recurrent state": lambda: Net(through_state, cell=nn.RNNCell(8, 8)),
    "an earlier result": lambda: Net(lambda net, x: [x, F.relu(x)][0]),
    "into another tensor": lambda: Net(lambda net, x: torch.tanh(x, out=torch.relu(x)) if not x.requires_grad else x),
    "a stack": lambda: Net(lambda net, x: torch.stack([x, x.sigmoid()], 1).sum(1)),
    "the largest": lambda: Net(lambda net, x: tokens(x).topk(5, 1).values),
}
# Within one of their calls, torch copies or reduces a tensor: the prediction leaves such workspaces out, and says so.
COPIED_WITHIN = {
    "attention in one call",
    "a matrix of its own",
    "a larger image",
    "a layer norm over channels",
    "unit vectors",
}
REDUCED_WITHIN = {
    "attention in one call",
    "a transformer's layer",
    "a larger image",
    "in place of a view",
    "unit vectors",
    "a sum along",
}
IN_EVAL_ONLY = ("into another tensor", "zeros that are filled", "zeros that a view fills")


def facts(answer: Any) -> dict[str, Any]:
    return {fact.key: fact.value for fact in answer.facts}


def traced(net: nn.Module) -> Graph:
    return ri.lower(net, input=SHAPE)


@pytest.mark.parametrize("habit", HABITS)
def test_its_numbers_are_torchs(habit: str) -> None:
    net = HABITS[habit]().eval()
    graph, work = traced(net), work_of(traced(net))
    assert work.params == sum(p.numel() for p in net.parameters())
    assert work.buffers == sum(b.numel() for b in net.buffers())
    in_parts = sdpa_kernel(SDPBackend.MATH)  # older FlopCounterModes count nothing in the attention kernel of a CPU
    with torch.no_grad(), in_parts, FlopCounterMode(display=False) as counter:
        out = net(torch.zeros(SHAPE))
    assert graph.output.shape == out.shape
    assert graph.unseen == {}
    assert 2 * (work.macs + work.macs_without_weights) == counter.get_total_flops()


@pytest.mark.parametrize("habit", HABITS)
def test_its_memory_is_what_the_allocator_is_asked_for(habit: str) -> None:
    net = HABITS[habit]().eval()
    predicted, asked = peak_bytes(traced(net)), measured(net, torch.randn(SHAPE))
    assert predicted <= asked if habit in COPIED_WITHIN else predicted == pytest.approx(asked, rel=0.01)


@pytest.mark.parametrize("habit", [habit for habit in HABITS if habit not in IN_EVAL_ONLY])
def test_its_training_step_is_what_the_allocator_is_asked_for(habit: str) -> None:
    net = HABITS[habit]()
    graph = traced(net)
    assert graph.untrainable == ""
    asked = measured(net.train(), torch.randn(SHAPE), torch.optim.SGD(net.parameters(), 0.01, momentum=0.9))
    predicted = peak_bytes(graph, "train")
    assert predicted <= asked if habit in REDUCED_WITHIN else predicted == pytest.approx(asked, rel=0.01)


def test_a_training_step_of_attention_costs_three_times_its_products() -> None:
    net = HABITS["attention in one call"]()
    forward = {fact.key: fact.value for fact in ri.flops(net, input=SHAPE).facts}
    step = {fact.key: fact.value for fact in ri.flops(net, input=SHAPE, task="train").facts}
    of_image = 2 * SHAPE[0] * 3 * 8 * 9 * 16 * 16  # needs no gradient
    assert step["flops"] == 3 * forward["flops"] - of_image
    assert "flopcountermode_flops" not in step


def test_stages_of_tokens_are_told_by_their_number() -> None:
    with torch.device("meta"):
        net = timm.create_model("swin_tiny_patch4_window7_224")
    graph = ri.lower(net)
    assert graph.stages == ("stem", "layers.0", "layers.1", "layers.2", "layers.3", "norm", "head")
    jumps = {node.stage: view.jump for node, view in zip(graph.nodes, views(graph), strict=True) if view}
    assert [jumps[f"layers.{i}"] for i in range(4)] == [4, 8, 16, 32]
