"""Work that goes past the functions that Python calls: counted all the same, or named with its amount."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

import resnet_inspect as ri
from resnet_inspect.counting.conventions import TORCH
from resnet_inspect.counting.count import count
from resnet_inspect.counting.writing import as_written
from resnet_inspect.graph.facts.work import work_of

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning", "ignore:.torch.jit:DeprecationWarning")


class Net(nn.Module):
    """A stem, what ``run`` makes of it, a block that ``run`` may use too, and a head."""

    def __init__(self, run: Callable[["Net", Tensor], Tensor]) -> None:
        super().__init__()
        self.stem, self.conv = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.norm, self.relu, self.fc = nn.BatchNorm2d(8), nn.ReLU(), nn.Linear(8, 10)
        self.run = run

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(plain(self, self.run(self, self.stem(x))).mean((2, 3)))


def plain(net: Net, x: Tensor) -> Tensor:
    return net.relu(net.norm(net.conv(x)))


def with_a_hook(net: Net) -> None:
    net.relu.register_forward_hook(lambda module, args, out: net.conv(out) + out)


def with_a_hook_before(net: Net) -> None:
    net.norm.register_forward_pre_hook(lambda module, args: (net.conv(args[0]),))


def with_its_own_forward(net: Net) -> None:
    net.relu.forward = lambda x: F.relu(F.conv2d(x, net.conv.weight, net.conv.bias, padding=1))


def with_a_scripted_module(net: Net) -> None:
    net.conv = torch.jit.script(nn.Sequential(net.conv, nn.BatchNorm2d(8), nn.ReLU()).eval())


def with_a_traced_module(net: Net) -> None:
    net.conv = torch.jit.trace(net.conv.eval(), torch.zeros(1, 8, 8, 8))


def to_script(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    y = torch.relu(torch.conv2d(x, weight, bias, [1, 1], [1, 1]))
    return torch.max_pool2d(y.sigmoid() * x, [2, 2])


def scripted(net: Net, x: Tensor) -> Tensor:
    return torch.jit.script(to_script)(x, net.conv.weight, net.conv.bias)


def without_functions(net: Net, x: Tensor) -> Tensor:
    with torch._C.DisableTorchFunction():
        return torch.relu(net.norm(net.conv(x))) + x


def in_inference_mode(net: Net, x: Tensor) -> Tensor:
    with torch.inference_mode():
        return plain(net, x)


def gated(net: Net, x: Tensor) -> Tensor:
    return F.relu(x) * F.linear(x.mean((2, 3)), net.fc.weight).reshape(2, 10, 1, 1)[:, :8]


def by_operations(net: Net, x: Tensor) -> Tensor:
    aten, ones = torch.ops.aten, [1, 1]
    return aten.relu(aten.convolution(x, net.conv.weight, None, ones, ones, ones, False, [0, 0], 1))


# A habit of code, and what prepares the net for it.
def by_halves(net: Net, x: Tensor) -> Tensor:
    angles = torch.arange(16.0)[:, None] @ torch.arange(16.0)[None]
    return x * angles.cos().tile(1, 2).chunk(2, 1)[1]


HABITS: dict[str, tuple[Callable[[Net, Tensor], Tensor], Callable[[Net], Any] | None]] = {
    "none": (lambda net, x: x, None),
    "a hook on a leaf": (plain, with_a_hook),
    "a hook before a leaf": (plain, with_a_hook_before),
    "a leaf with its own forward": (plain, with_its_own_forward),
    "a scripted function": (scripted, None),
    "a scripted module": (plain, with_a_scripted_module),
    "a traced module": (plain, with_a_traced_module),
    "functions disabled": (without_functions, None),
    "inference mode": (in_inference_mode, None),
    "a module called by keyword": (lambda net, x: net.relu(input=net.conv(input=x)), None),
    "add by keyword": (lambda net, x: torch.add(x, other=net.conv(x)), None),
    "add by two keywords": (lambda net, x: torch.add(input=x, other=net.conv(x)), None),
    "multiply by keyword": (lambda net, x: torch.mul(x, other=torch.sigmoid(input=net.conv(x))), None),
    "a convolution by keyword": (lambda net, x: F.conv2d(input=x, weight=net.conv.weight, bias=None, padding=1), None),
    "a forward called directly": (lambda net, x: net.conv.forward(x), None),
    "another module's weight": (lambda net, x: F.conv2d(x, net.conv.weight, stride=2), None),
    "a linear layer by function": (gated, None),
    "torch.ops": (by_operations, None),
    "halves of a product of constants": (by_halves, None),
}


def by_torch(net: nn.Module, shape: tuple[int, ...]) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net.eval()(torch.zeros(shape))
    return counter.get_total_flops()


@pytest.mark.parametrize("habit", HABITS)
def test_whatever_the_habit_of_code_its_work_is_torchs(habit: str) -> None:
    run, prepare = HABITS[habit]
    net = Net(run)
    if prepare:
        prepare(net)
    graph = ri.lower(net, input=(2, 3, 16, 16))
    assert graph.unseen == {}
    assert work_of(graph).params == sum(p.numel() for p in net.parameters())
    assert count(TORCH, as_written(graph)).total == by_torch(net, (2, 3, 16, 16))


def attending(net: Net, x: Tensor) -> Tensor:
    heads = x.flatten(2)[:, None]
    return F.scaled_dot_product_attention(heads, heads, heads).reshape(x.shape)


NEEDING_DATA: dict[str, Callable[[Net, Tensor], Tensor]] = {
    "attention": attending,
    "a scripted module": lambda net, x: net.conv(x),
    "a traced module": lambda net, x: net.norm(x),
}


@pytest.mark.parametrize("habit", NEEDING_DATA)
def test_whatever_a_pass_on_the_cpu_runs_both_counts_agree(habit: str) -> None:
    def run(net: Net, x: Tensor) -> Tensor:
        y = NEEDING_DATA[habit](net, x)
        return y if y.abs().sum() > 0 else x

    net = Net(run)
    net.conv = torch.jit.script(net.conv)
    net.norm = torch.jit.trace(nn.Conv2d(8, 8, 1).eval(), torch.zeros(1, 8, 8, 8))
    graph = ri.lower(net, input=(2, 3, 16, 16))
    assert "needs data" in graph.notes[0]
    assert graph.unseen == {}
    assert work_of(graph).params == sum(p.numel() for p in net.parameters())


class Sly(nn.Linear):
    """It passes for torch's linear layer, and computes its product twice."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + super().forward(x)


Sly.__module__ = nn.Linear.__module__


def sly_net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 8), nn.Flatten(), Sly(8, 16))


def patched_relu(module: nn.Module, x: Tensor) -> Tensor:
    return F.relu(torch.matmul(x, x))


ASKED = {
    "summary": lambda net: ri.summary(net, input=(1, 3, 8, 8)),
    "flops": lambda net: ri.flops(net, input=(1, 3, 8, 8)),
    "roofline": lambda net: ri.roofline(net, input=(1, 3, 8, 8), device="a100"),
    "budget": lambda net: ri.budget(net, input=(1, 3, 8, 8), max_macs=1_000_000),
    "compare": lambda net: ri.compare([net, "resnet18"], input=(1, 3, 8, 8)),
}


@pytest.mark.parametrize("question", ASKED)
def test_every_report_of_work_names_what_no_call_shows(question: str) -> None:
    graph = ri.lower(sly_net(), input=(1, 3, 8, 8))
    assert graph.unseen == {"2": 2 * 16 * 8}
    assert any("256 FLOPs more in 2" in note for note in ASKED[question](sly_net()).notes)


def test_a_class_of_torchs_that_is_patched_does_more_than_its_call_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.ReLU, "forward", patched_relu)
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())
    assert ri.lower(net, input=(1, 3, 8, 8)).unseen == {"1": 2 * 4 * 8 * 8 * 8}
    assert by_torch(net, (1, 3, 8, 8)) == 2 * (4 * 3 + 4 * 8) * 64


def test_a_patched_class_may_do_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.Conv2d, "forward", lambda self, x: x)
    net = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU())
    assert any("1.15 k FLOPs fewer in 0" in note for note in ri.flops(net, input=(1, 3, 8, 8)).notes)
