"""Which gradients a training step of code computes, held against torch's own backward."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import timm
import torch
from allocator import measured
from hypothesis import given
from hypothesis import strategies as st
from strategies import law
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

import resnet_inspect as ri
from resnet_inspect.counting.conventions import TORCH
from resnet_inspect.counting.training import training_flops
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.gradients import trained_parameters
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.runtime.trace import trace

LAYERS: dict[str, Callable[[], nn.Module]] = {
    "conv": lambda: nn.Conv2d(8, 8, 3, padding=1),
    "grouped": lambda: nn.Conv2d(8, 8, 3, padding=1, groups=4),
    "norm": lambda: nn.BatchNorm2d(8),
    "group norm": lambda: nn.GroupNorm(4, 8),
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "max pool": lambda: nn.MaxPool2d(3, 1, 1),
}
JOINS: dict[str, Callable[[Tensor, Tensor, list[Tensor]], Tensor]] = {
    "follow": lambda x, y, kept: y,
    "scale": lambda x, y, kept: y * 0.5,
    "sum": lambda x, y, kept: x + y,
    "gate": lambda x, y, kept: x * torch.sigmoid(y.mean((2, 3), keepdim=True)),
    "concatenate": lambda x, y, kept: torch.cat([x[:, :4], F.relu(y)[:, 4:]], 1),
    "drop": lambda x, y, kept: x,
    "keep": lambda x, y, kept: (kept.append(y), x)[1],
}
CUTS: dict[str, Callable[[nn.Module, Tensor], Tensor]] = {
    "nowhere": lambda layer, x: layer(x),
    "before": lambda layer, x: layer(x.detach()),
    "after": lambda layer, x: layer(x).detach(),
    "inside": torch.no_grad()(lambda layer, x: layer(x)),
}


class Step(NamedTuple):
    """A layer, how its output joins the step's input, and where its gradient is cut."""

    layer: str
    join: str
    cut: str
    frozen: tuple[bool, bool]


steps = st.lists(
    st.builds(
        Step,
        st.sampled_from([*LAYERS]),
        st.sampled_from([*JOINS]),
        st.sampled_from(["nowhere", "nowhere", *CUTS]),
        st.tuples(st.booleans(), st.booleans()) | st.just((False, False)),
    ),
    max_size=6,
)


class Net(nn.Module):
    """``steps`` on 8 channels, then a head."""

    def __init__(self, steps: list[Step], frozen_head: bool) -> None:
        super().__init__()
        self.steps = steps
        self.layers = nn.ModuleList(LAYERS[step.layer]() for step in steps)
        for step, layer in zip(steps, self.layers, strict=True):
            for parameter, frozen in zip(layer.parameters(), step.frozen, strict=False):
                parameter.requires_grad_(not frozen)
        self.head = nn.Linear(8, 5).requires_grad_(not frozen_head)

    def forward(self, x: Tensor) -> Tensor:
        kept: list[Tensor] = []
        for step, layer in zip(self.steps, self.layers, strict=True):
            x = JOINS[step.join](x, CUTS[step.cut](layer, x), kept)
        return self.head(x.mean((2, 3)))


def graph_of(net: nn.Module, *image: int) -> Graph:
    return trace(net, image, type(net).__name__)


def stepped(net: nn.Module, *image: int) -> tuple[int, set[str]]:
    """FlopCounterMode's FLOPs of a training step on the meta device, and the parameters that get a gradient."""
    net = net.to("meta").train()
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(image, device="meta")).sum().backward()
    return counter.get_total_flops(), {name for name, p in net.named_parameters() if p.grad is not None}


def predicted(graph: Graph) -> tuple[int, set[str]]:
    return sum(training_flops(graph, TORCH).values()), {*trained_parameters(graph)}


def with_sgd(net: nn.Module, *image: int) -> int:
    """Peak bytes of a training step that torch's allocator is asked for."""
    return measured(net, torch.randn(image), torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9))


@law(100)
@given(steps, st.booleans())
def test_a_random_nets_step_computes_the_gradients_that_torch_computes(steps: list[Step], frozen_head: bool) -> None:
    net = Net(steps, frozen_head)
    graph = graph_of(net, 2, 8, 6, 6)
    if graph.untrainable:
        with pytest.raises(RuntimeError, match="does not require grad"):
            stepped(net, 2, 8, 6, 6)
    else:
        assert predicted(graph) == stepped(net, 2, 8, 6, 6)


@law(30)
@given(steps)
def test_a_random_nets_step_asks_for_the_memory_that_was_predicted(steps: list[Step]) -> None:
    net = Net(steps, frozen_head=False)
    assert peak_bytes(graph_of(net, 8, 8, 32, 32), "train") == pytest.approx(with_sgd(net, 8, 8, 32, 32), rel=0.01)


class Probe(nn.Module):
    """A linear classifier on the features of a ResNet."""

    def __init__(self, features: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.features, self.body, self.head = features, models.resnet18(), nn.Linear(512, 10)
        self.body.fc = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(self.body, x))


class Unread(nn.Module):
    """A branch that nobody reads, as timm's DLA has."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.unread = nn.Conv2d(3, 16, 3, 2, 1), nn.Conv2d(16, 64, 3, padding=1)
        self.body, self.head = nn.Conv2d(16, 16, 3, padding=1), nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(F.pad(x * 2, (0, 1, 0, 1)))
        skipped = self.unread(x)
        x = F.relu(self.body(x))
        del skipped
        return self.head(x.mean((2, 3)))


def frozen(trained: str) -> nn.Module:
    """A ResNet that trains only the parameters whose names end in ``trained``."""
    net = models.resnet18()
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(name.endswith(trained))
    return net


NETS: dict[str, Callable[[], nn.Module]] = {
    "probe by no_grad": lambda: Probe(torch.no_grad()(lambda body, x: body(x))),
    "probe by detach": lambda: Probe(lambda body, x: body(x).detach()),
    "probe by frozen parameters": lambda: frozen("fc.weight"),
    "biases alone": lambda: frozen("bias"),
    "first stages frozen": lambda: frozen(("fc.weight", "fc.bias", "4.1.conv2.weight", "4.1.bn2.bias")),
    "a branch that nobody reads": Unread,
    **{
        name: lambda name=name: timm.create_model(name)
        for name in ("dla34", "dla60_res2net", "tf_efficientnet_b0", "resnext26ts", "resnetblur18")
    },
}


@pytest.mark.parametrize("name", NETS)
def test_a_nets_step_computes_what_flopcountermode_counts(name: str) -> None:
    net = NETS[name]()
    graph = graph_of(net, 2, 3, 64, 64)
    assert predicted(graph) == stepped(net, 2, 3, 64, 64)


@pytest.mark.parametrize("name", NETS)
def test_a_nets_step_asks_for_the_memory_that_was_predicted(name: str) -> None:
    net = NETS[name]()
    asked = with_sgd(net, 8, 3, 64, 64)
    assert peak_bytes(graph_of(net, 8, 3, 64, 64), "train") == pytest.approx(asked, rel=0.003)


def test_adam_keeps_state_of_what_it_trains_alone() -> None:
    net, x = frozen("fc.weight"), torch.randn(2, 3, 32, 32)
    facts = {
        fact.key: fact.value for fact in ri.memory(net, input=(2, 3, 32, 32), task="train", optimizer="adam").facts
    }
    assert facts["optimizer_bytes"] == 2 * 4 * net.fc.weight.numel()
    assert facts["peak_bytes"] == pytest.approx(measured(net, x, torch.optim.Adam(net.parameters())), rel=0.001)


def test_an_answer_says_how_many_parameters_get_a_gradient() -> None:
    for ask in ri.flops, ri.memory:
        assert "5,130 of 11,181,642 parameters get a gradient" in ask(NETS["probe by detach"](), task="train").notes
        assert not any("get a gradient" in note for note in ask(models.resnet18(), task="train").notes)


class Doubled(torch.autograd.Function):
    """Twice its input, with a backward of its own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient * 2


class Features(nn.Module):
    """``call`` on a convolution and its input, then a head."""

    def __init__(self, call: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.call, self.head = nn.Conv2d(3, 8, 3), call, nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.call(self.conv, x).mean((2, 3)))


UNTRAINABLE: dict[str, Callable[[], nn.Module]] = {
    "nothing in it needs a gradient": lambda: frozen("nothing"),
    "a backward of its own, DoubledBackward": lambda: Features(lambda conv, x: Doubled.apply(conv(x))),
    "as checkpoints do": lambda: Features(lambda conv, x: checkpoint(conv, x, use_reentrant=False)),
    "its code makes other calls": lambda: Features(lambda conv, x: conv(x) * 2 if torch.is_grad_enabled() else conv(x)),
    "with gradients it fails: RuntimeError": lambda: Features(lambda conv, x: [torch.relu_(conv.weight), conv(x)][1]),
}


@pytest.mark.parametrize("reason", UNTRAINABLE)
def test_a_step_that_the_calls_do_not_tell_is_refused_with_its_reason(reason: str) -> None:
    net = UNTRAINABLE[reason]()
    for ask in ri.flops, ri.memory:
        assert ask(net, input=(2, 3, 32, 32)).ok
        with pytest.raises(RequestError, match=reason):
            ask(net, input=(2, 3, 32, 32), task="train")


def test_what_autograd_records_does_not_depend_on_who_asks() -> None:
    with torch.inference_mode():
        assert predicted(graph_of(models.resnet18(), 2, 3, 64, 64)) == predicted(
            ri.lower("resnet18", input=(2, 3, 64, 64))
        )
