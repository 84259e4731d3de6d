"""Nets written by hand in other people's habits go through every command."""

import json
from collections.abc import Callable
from pathlib import Path

import handwritten
import pytest
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import resnet_inspect as ri
from resnet_inspect.counting import run as running
from resnet_inspect.counting.packages import PACKAGES
from resnet_inspect.errors import RequestError
from resnet_inspect.render import FORMATS

FILE = Path(handwritten.__file__)
IMAGE = (1, 3, 32, 32)
NETS = (
    "ListOfStages", "Everything", "Functional", "StochasticDepth", "Standardized", "Checkpointed", "TwoHeads",
    "DictOutput", "Einsum", "Normalising",
)  # fmt: skip
ASKED: dict[str, Callable[[str], ri.Answer]] = {
    "summary": lambda net: ri.summary(net, IMAGE),
    "summary by block": lambda net: ri.summary(net, IMAGE, depth="block"),
    "summary by layer": lambda net: ri.summary(net, IMAGE, depth="layer"),
    "flops": lambda net: ri.flops(net, IMAGE),
    "flops as thop": lambda net: ri.flops(net, IMAGE, tool="thop"),
    "memory": lambda net: ri.memory(net, IMAGE),
    "roofline": lambda net: ri.roofline(net, IMAGE, depth="block"),
    "lint": lambda net: ri.lint(net, IMAGE, precision="fp16"),
    "explain": lambda net: ri.explain(net, IMAGE),
    "compare": lambda net: ri.compare("resnet20_cifar", net, input=IMAGE),
    "diff": lambda net: ri.diff("resnet20_cifar", net, IMAGE),
    "diff of code": lambda net: ri.diff(net, f"{FILE}:Everything", IMAGE),
    "reconcile": lambda net: ri.reconcile(net, IMAGE),
    "check": lambda net: ri.check(net, IMAGE),
    "budget": lambda net: ri.budget(net, IMAGE, max_macs="1G", max_memory="1GiB"),
}


def made(name: str) -> nn.Module:
    net: nn.Module = getattr(handwritten, name)()
    return net.eval()


@pytest.mark.parametrize("name", NETS)
def test_a_net_goes_through_every_command(name: str) -> None:
    """In every format, by its name and as a module."""
    for command, ask in ASKED.items():
        answer = ask(f"{FILE}:{name}")
        assert all(answer.render(format, width) for format in FORMATS for width in (80, 160)), command
    assert ASKED["lint"](made(name)).model == name


@pytest.mark.parametrize("name", NETS)
def test_its_parameters_and_work_are_torchs(name: str) -> None:
    import torch

    net = made(name)
    with FlopCounterMode(display=False) as counter:
        net(torch.randn(IMAGE))
    facts = {fact.key: fact.value for fact in ri.summary(f"{FILE}:{name}", IMAGE).facts}
    assert facts["params"] == sum(p.numel() for p in net.parameters())
    assert facts["flops"] + 2 * facts.get("macs_without_weights", 0) == counter.get_total_flops()
    assert ri.check(net, IMAGE).ok


def test_the_tools_are_run_on_the_very_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PACKAGES", {name: PACKAGES[name] for name in ("torch", "thop")})
    answer = ri.reconcile(f"{FILE}:ListOfStages", IMAGE, kwargs=["width=16"], measure=True)
    verdicts = {row["tool"]: row["verdict"] for row in json.loads(answer.to_json())["tables"]["counters"]}
    assert verdicts["torch"] == verdicts["thop"] == "equal"
    with pytest.raises(RequestError, match="in memory cannot be made again"):
        ri.reconcile(made("ListOfStages"), IMAGE, measure=True)


def test_the_tools_run_on_a_librarys_net_with_its_weights() -> None:
    answer = ri.check("torchvision:shufflenet_v2_x0_5")
    assert not [finding for finding in answer.findings if finding.code == "not run"]
    assert answer.ok
