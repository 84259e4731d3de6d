"""A copy of a module on the meta device: whatever the module holds, the copy runs, and the module stays as it is."""

import functools
import random
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import models

import resnet_inspect as ri
from resnet_inspect.errors import TraceError
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.runtime.twin import twin


class Kind(Enum):
    PLAIN = 1


class Holder:
    """An object that is no module and holds one."""

    def __init__(self, conv: nn.Module) -> None:
        self.conv, self.lock = conv, threading.Lock()

    def run(self, x: torch.Tensor) -> torch.Tensor:
        with self.lock:
            return self.conv(x)


class Slotted:
    __slots__ = ("conv",)

    def __init__(self, conv: nn.Module) -> None:
        self.conv = conv


class Drawing(Holder):
    """Draws from random generators of its own, and remembers what it drew."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__(conv)
        self.generators = [random.Random(0), torch.Generator(), np.random.default_rng(0)]
        self.drawn = np.zeros(1)

    def run(self, x: torch.Tensor) -> torch.Tensor:
        python, torchs, numpys = self.generators
        self.drawn += python.random() + numpys.random()
        return self.conv(x) * float(torch.rand(1, generator=torchs, device="cpu"))

    def __repr__(self) -> str:
        python, torchs, numpys = self.generators
        return f"{python.getstate()}{torchs.get_state().tolist()}{numpys.bit_generator.state}{self.drawn}"


class Net(nn.Module):
    """A convolution, and ``run``, which reaches it by the way that ``hold`` makes."""

    def __init__(self, hold: Callable[["Net"], Any]) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.run = hold(self)
        self.seen: list[Any] = []
        self.count, self.cached = 0, None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count += 1
        self.seen.append(x.shape)
        y = self.run(x)
        self.cached = y
        return F.relu(self.norm(y))


def closure(net: Net) -> Any:
    return lambda x: net.conv(x)


def in_a_decorator(net: Net) -> Any:
    @functools.wraps(net.forward)
    def run(x: torch.Tensor, conv: Any = net.conv) -> torch.Tensor:
        return conv(x)

    return run


def weak(net: Net) -> Any:
    held = weakref.ref(net)
    return lambda x: held().conv(x)


def own_forward(net: Net) -> Any:
    net.conv.forward = lambda x: F.conv2d(x, net.conv.weight, net.conv.bias, padding=1)
    return weak(net)


def cyclic(net: Net) -> Any:
    ring: list[Any] = [net.conv, Kind.PLAIN]
    ring.append(ring)
    return lambda x: ring[2][2][0](x) if ring[1] is Kind.PLAIN else x


def by_key(net: Net) -> Any:
    names = {net.conv: "conv"}
    return lambda x: next(iter(names))(x) if net.conv in names else x


def chained(net: Net) -> Any:
    chain: Any = net.conv
    for _ in range(5000):
        chain = [chain]

    def run(x: torch.Tensor) -> torch.Tensor:
        link = chain
        while isinstance(link, list):
            link = link[0]
        return link(x)

    return run


HOLDS: dict[str, Callable[[Net], Any]] = {
    "a closure": closure,
    "a decorated function": in_a_decorator,
    "a weak reference": weak,
    "a bound method": lambda net: net.conv.__call__,
    "an object with a lock": lambda net: Holder(net.conv).run,
    "an object with slots": lambda net: functools.partial(lambda held, x: held.conv(x), Slotted(net.conv)),
    "a list": lambda net: functools.partial(lambda convs, x: convs[0](x), [net.conv]),
    "a deque in a tuple": lambda net: lambda x, held=(deque([net.conv]),): held[0][0](x),
    "an ordered dict": lambda net: lambda x, held=OrderedDict(conv=net.conv): held["conv"](x),
    "a cycle": cyclic,
    "a key": by_key,
    "a replaced forward": own_forward,
    "a chain of 5000 lists": chained,
    "a generator of random numbers": lambda net: Drawing(net.conv).run,
}


def fingerprint(net: nn.Module) -> list[Any]:
    """All that a run may change in a module."""
    tensors = [*net.named_parameters(), *net.named_buffers()]
    state: list[Any] = [(k, t.data_ptr(), t._version, t.device, t.tolist(), t.requires_grad) for k, t in tensors]
    state += [None if t.grad is None else t.grad.tolist() for _, t in tensors]
    for module in net.modules():
        hooks = [*map(list, (module._forward_hooks, module._forward_pre_hooks))]
        attributes = {k: (repr(v), repr(getattr(v, "__self__", None))) for k, v in vars(module).items() if k[0] != "_"}
        state += [module.training, hooks, attributes]
    return state


@pytest.mark.parametrize("how", HOLDS)
def test_a_module_is_traced_by_whatever_it_holds_its_parts(how: str) -> None:
    net = Net(HOLDS[how]).train()
    net(torch.randn(2, 3, 8, 8)).sum().backward()
    net.norm.eval()
    before = fingerprint(net)
    work = work_of(ri.lower(net, input=(1, 3, 8, 8)))
    assert (work.params, work.macs) == (sum(p.numel() for p in net.parameters()), 4 * 3 * 9 * 64)
    assert fingerprint(net) == before


def test_a_copy_shares_no_tensor_and_keeps_every_attribute() -> None:
    net = models.resnet18()
    net.norm_of = torch.randn(3)
    copied = twin(net)
    assert type(copied) is type(net)
    assert {k: (v.shape, v.dtype) for k, v in copied.state_dict().items()} == {
        k: (v.shape, v.dtype) for k, v in net.state_dict().items()
    }
    assert all(p.is_meta for p in copied.parameters())
    assert copied.norm_of.is_meta
    assert not {*map(id, copied.modules())} & {*map(id, net.modules())}
    assert vars(copied).keys() == vars(net).keys()


def test_weights_that_two_modules_share_are_shared_in_the_copy() -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    net[1].weight = net[0].weight
    copied = twin(net)
    assert copied[1].weight is copied[0].weight


def test_a_pass_that_fails_leaves_the_module_as_it_is() -> None:
    def fail(net: Net) -> Any:
        return lambda x: net.norm(net.conv(x)).item()

    net = Net(fail)
    before = fingerprint(net)
    with pytest.raises(TraceError):
        ri.lower(net, input=(1, 3, 8, 8))
    assert fingerprint(net) == before


def test_a_module_runs_in_one_thread_while_another_traces_it() -> None:
    net, x = models.resnet18(num_classes=10).eval(), torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        expected = net(x)
    traced, wrong = threading.Event(), []

    def run() -> None:
        while not traced.is_set():
            try:
                with torch.no_grad():
                    if not torch.equal(net(x), expected):
                        wrong.append("another output")
            except Exception as error:
                wrong.append(error)

    runner = threading.Thread(target=run)
    runner.start()
    try:
        for _ in range(3):
            assert work_of(ri.lower(net, input=(1, 3, 32, 32))).params == sum(p.numel() for p in net.parameters())
    finally:
        traced.set()
        runner.join()
    assert wrong == []


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning", "ignore:.torch.jit:DeprecationWarning")
def test_a_copy_with_data_gives_what_the_module_gives() -> None:
    image = torch.rand(1, 3, 8, 8)
    scripted = torch.jit.script(nn.Conv2d(3, 3, 1))
    net = nn.Sequential(nn.Conv2d(3, 3, 1), scripted, torch.jit.trace(nn.Conv2d(3, 3, 1), image))
    with torch.no_grad():
        assert torch.equal(twin(net, keeps_data=True)(image), net(image))
