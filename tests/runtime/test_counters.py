"""fvcore, thop and FlopCounterMode, really run on built modules: our rules are theirs."""

import pytest
import torch
from torchvision import models

import resnet_inspect as ri
from resnet_inspect import load
from resnet_inspect.analyze.check import KNOWN, check
from resnet_inspect.errors import MachineError
from resnet_inspect.resnet import zoo
from resnet_inspect.runtime import counters
from resnet_inspect.runtime.build import build

TORCHVISION = [name for name in models.list_models(module=models) if name.removeprefix("wide_").startswith("resne")]
VERSIONS = {"torch": "", "fvcore": "", "thop": "", "torchvision": ""}


@pytest.mark.parametrize("name", TORCHVISION)
def test_all_of_torchvisions_nets_agree(name: str) -> None:
    answer = ri.check(name)
    rows = answer.tables[0].rows
    assert answer.ok
    assert [row[4] for row in rows[:6]] == [True] * 6
    assert sum(str(row[3]).startswith("torchvision, ") for row in rows) >= 2


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("resnet18d", ()),
        ("seresnet18", ()),
        ("resnetblur18", ()),
        ("resnetaa34d", ()),
        ("cbam_resnet18", ()),
        ("resnetv2_18", ()),
        ("resnet18", ("norm=gn", "attention=eca", "shortcut=D")),
        ("resnet18", ("conv_bias=all", "norm=none", "head=conv")),
        ("resnet20_cifar", ()),
        ("tutorial_resnet18_cifar10", ()),
    ],
)
def test_the_rules_hold_for_every_kind_of_operation(model: str, settings: tuple[str, ...]) -> None:
    answer = ri.check(model, batch_size=2, settings=settings)
    assert answer.ok, answer


def test_a_tool_leaves_the_net_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    nets = []
    monkeypatch.setattr(counters, "build", lambda graph: nets.append(build(graph)) or nets[0])
    counters.measure(load.graph(load.variant("resnet18"), "1,3,64,64"))
    (net,) = nets
    torch.manual_seed(0)
    assert net.training
    assert list(net.state_dict()) == list(build(load.graph(load.variant("resnet18"))).state_dict())
    assert net.bn1.num_batches_tracked == 0


def test_a_net_too_large_for_the_machine_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(graph: object) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    monkeypatch.setattr(counters, "build", fail)
    with pytest.raises(MachineError, match="not enough memory to run resnet18"):
        ri.check("resnet18")


def test_the_papers_3_8_is_a_known_difference_and_says_why() -> None:
    answer = ri.check("resnet50")
    (paper,) = (row for row in answer.tables[0].rows if str(row[3]).startswith("He et al. 2015"))
    assert paper[4] == KNOWN
    (finding,) = (f for f in answer.findings if f.where.startswith("He et al. 2015"))
    assert "3,857,973,248" in finding.message
    assert "truncated" in finding.message


def test_a_tool_that_disagrees_makes_the_check_fail() -> None:
    found = zoo.find("resnet18")
    graph = load.graph(found)
    keys = ("torch_params", "thop_params", "torch", "fvcore", "fvcore_activations", "thop")
    report = check(found, graph, dict.fromkeys(keys, 1), {"V1": (11_689_512, 1.9)}, VERSIONS)
    verdicts = [row[4] for row in report.tables[0].rows]
    assert not report.ok
    assert verdicts[:8] == [False] * 6 + [True, False]


def test_published_metadata_is_torchvisions_own() -> None:
    assert counters.published("resnet50")["IMAGENET1K_V2"] == (25_557_032, 4.089)
    assert counters.published("resnet50d") == {}
    assert counters.published("alexnet_of_mine") == {}
