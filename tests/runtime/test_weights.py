"""Weights that a net computes in each pass, or reads from elsewhere: counted, as torch counts them."""

from collections.abc import Callable

import pytest
import timm
import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm
from torch.utils.flop_counter import FlopCounterMode

import resnet_inspect as ri
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.graph.fold import fold
from resnet_inspect.graph.ops.linear import Conv2d

pytestmark = pytest.mark.filterwarnings("ignore:.torch.nn.utils:FutureWarning")


class Net(nn.Module):
    def __init__(self, prepare: Callable[[nn.Module], object] = lambda layer: None) -> None:
        super().__init__()
        self.conv, self.norm, self.fc = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Linear(8, 10)
        prepare(self.conv)
        prepare(self.fc)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.norm(self.conv(x))).mean((2, 3)))


class Direct(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.fc.forward(F.relu(self.norm.forward(self.conv.forward(x))).mean((2, 3)))


class OwnWeights(nn.Module):
    """Two convolutions by function on parameters of one module, one of them called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.w1, self.w2 = nn.Parameter(torch.randn(8, 3, 3, 3)), nn.Parameter(torch.randn(8, 8, 1, 1))
        self.b1 = nn.Parameter(torch.zeros(8))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(F.conv2d(x, self.w1, self.b1))
        return F.conv2d(F.relu(F.conv2d(x, self.w2)), self.w2)


class Standardized(Net):
    """Weight standardisation with a gain, as NFNets have it."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(8, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        weight = self.conv.weight
        weight = self.gain * (weight - weight.mean((1, 2, 3), keepdim=True)) / weight.std((1, 2, 3), keepdim=True)
        return self.fc(self.norm(F.conv2d(x, weight, self.conv.bias)).mean((2, 3)))


NETS: dict[str, Callable[[], nn.Module]] = {
    "plain": Net,
    "forward called directly": Direct,
    "weight norm": lambda: Net(parametrizations.weight_norm),
    "weight norm by a hook": lambda: Net(weight_norm),
    "spectral norm": lambda: Net(parametrizations.spectral_norm),
    "spectral norm by a hook": lambda: Net(spectral_norm),
    "pruning": lambda: Net(lambda layer: prune.l1_unstructured(layer, "weight", 0.5)),
    "a parametrization by a module": lambda: Net(
        lambda layer: parametrize.register_parametrization(layer, "weight", nn.Tanh())
    ),
    "parameters of its own": OwnWeights,
    "a gain": Standardized,
    "timm's gain": lambda: timm.create_model("nf_regnet_b0", num_classes=10),
}


@pytest.mark.parametrize("how", NETS)
def test_a_weight_is_counted_wherever_it_comes_from(how: str) -> None:
    net = NETS[how]().eval()
    graph = ri.lower(net, input=(1, 3, 32, 32))
    work = work_of(graph)
    assert work.params == sum(p.numel() for p in net.parameters()) == sum(n.params for n in graph.weight_owners())
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 3, 32, 32))
    assert 2 * work.macs + sum(graph.unseen.values()) == counter.get_total_flops()
    assert graph.unseen == {}


@pytest.mark.parametrize("how", ["weight norm", "spectral norm", "a parametrization by a module"])
def test_a_norm_behind_a_computed_weight_stays_where_torch_leaves_it(how: str) -> None:
    """What computes the weight anew in each call would undo the scale that folding gives it."""
    net = NETS[how]().eval()
    graph = ri.lower(net, input=(1, 3, 8, 8))
    folded = fold(graph)
    assert [node.op.standardized for node in graph.nodes if isinstance(node.op, Conv2d)] == [True]
    assert folded.nodes == graph.nodes
    assert work_of(folded).params == sum(p.numel() for p in fuse(net).parameters())


class Kernel(nn.Module):
    """A convolution by function on a parameter with a name of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(8, 3, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel)


def test_a_folded_convolution_by_a_parameter_of_another_name_gains_a_bias() -> None:
    graph = ri.lower(nn.Sequential(Kernel(), nn.BatchNorm2d(8)), input=(1, 3, 8, 8))
    (_, conv) = fold(graph).nodes
    assert dict(conv.op.params()) == {"kernel": (8, 3, 3, 3), "bias": (8,)}
    assert (work_of(graph).params, work_of(fold(graph)).params) == (8 * 27 + 16, 8 * 27 + 8)
