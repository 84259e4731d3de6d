"""Every installed counter, run on built modules and on timm's, gives what our rules give."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch
from torchvision import models

import resnet_inspect as ri
from resnet_inspect import sources
from resnet_inspect.counting import run as running
from resnet_inspect.counting.conventions import FLOPTH
from resnet_inspect.counting.count import count
from resnet_inspect.counting.packages import PACKAGES, Package
from resnet_inspect.counting.writing import as_written
from resnet_inspect.errors import MachineError
from resnet_inspect.questions.check import KNOWN, Measured, check
from resnet_inspect.questions.reconcile import TOOLS
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
    counters.measure(sources.graph_of(sources.find("resnet18"), "1,3,64,64"))
    (net,) = nets
    torch.manual_seed(0)
    assert net.training
    assert list(net.state_dict()) == list(build(sources.graph_of(sources.find("resnet18"))).state_dict())
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
    graph = ri.lower("resnet18")
    keys = ("torch_params", "thop_params", "torch", "fvcore", "fvcore_activations", "thop")
    measured = Measured(dict.fromkeys(keys, 1), {})
    report = check(graph, as_written(graph), "resnet18", measured, {"V1": (11_689_512, 1.9)}, VERSIONS)
    verdicts = [row[4] for row in report.tables[0].rows]
    assert not report.ok
    assert verdicts[:8] == [False] * 6 + [True, False]


OURS = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnext50_32x4d",
    "wide_resnet50_2",
    "resnet50_v1",
    "resnet26d",
    "resnet50c",
    "resnet10t",
    "resnet50_gn",
    "seresnet18",
    "legacy_seresnet18",
    "ecaresnet26t",
    "cbam_resnet18",
    "resnetblur18",
    "resnetaa34d",
    "resnetrs50",
    "resnetv2_18",
    "resnetv2_50x1_bit",
    "nf_resnet26",
    "resnet20_cifar",
    "preresnet110_cifar",
    "resnet18_kuangliu",
    "tutorial_resnet18_biased",
    "resnet50_clip_gap",
)
TIMM = (
    "resnet10t",
    "resnet26d",
    "resnet50_gn",
    "seresnet18",
    "legacy_seresnet18",
    "legacy_seresnet50",
    "ecaresnet26t",
    "resnetblur18",
    "resnetaa34d",
    "resnetrs50",
    "resnetv2_18",
    "resnetv2_50d_gn",
    "resnetv2_50x1_bit",
    "nf_resnet26",
    "resnet50_clip_gap",
)
IMAGE = (2, 3, 96, 64)
# Some tools patch torch for good: each counts in a child of a process that has loaded none, and flopth, which cannot
# count a second net, in a child for each net. A process that forks has one thread.
# Counts need shapes alone, so weights are zeros: drawing them would take longer than counting.
COUNT = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
import torch
from resnet_inspect import sources
from resnet_inspect.runtime import counters
from resnet_inspect.runtime.build import build
torch.set_num_threads(1)
library, image, packages, names = json.loads(sys.argv[1])
if library == "timm":
    import timm

def net_of(name):
    if library == "timm":
        with torch.device("meta"):
            net = timm.create_model(name)
    else:
        net = build(sources.graph_of(sources.find(name), image), device="meta")
    net.to_empty(device="cpu")
    for tensor in net.state_dict().values():
        tensor.zero_()
    return net

def count(package, some):
    if os.fork() == 0:
        try:
            for name in some:
                totals = counters.run(package, nets[name], torch.zeros(image))
                print("total", json.dumps([package, name, totals]), flush=True)
        finally:
            os._exit(0)
    os.wait()

nets = {name: net_of(name) for name in names}
for package in packages:
    for some in [[name] for name in names] if package == "flopth" else [names]:
        count(package, some)
"""
INSTALLED = [package for package in PACKAGES if find_spec(package)]
Totals = tuple[str, list[tuple[str, str, dict[str, int]]]]


@pytest.fixture(scope="module")
def totals(request: pytest.FixtureRequest) -> Totals:
    """A library, and what every tool counts in its nets: package, name and totals."""
    names = OURS if request.param == "ours" else TIMM
    job = json.dumps([request.param, IMAGE, INSTALLED, names])
    done = subprocess.run([sys.executable, "-c", COUNT, job], capture_output=True, text=True, timeout=900)
    lines = [line.removeprefix("total ") for line in done.stdout.splitlines() if line.startswith("total ")]
    assert len(lines) == len(names) * len(INSTALLED), done.stderr
    return request.param, [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    "totals",
    [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("ours", "timm")],
    indirect=True,
    scope="module",
)
@pytest.mark.parametrize("package", PACKAGES)
def test_a_tool_really_run_counts_what_its_rules_count(package: str, totals: Totals) -> None:
    pytest.importorskip(package)
    library, counted = totals
    for counter, name, counts in counted:
        if counter == package:
            source = sources.find_variant(name)
            writing = source.variant.writing if library == "timm" else "torchvision"
            calls = as_written(sources.graph_of(source, IMAGE), writing)
            theirs = {tool: total for tool, total in counts.items() if tool in TOOLS}
            assert theirs == {tool: count(TOOLS[tool], calls).total for tool in theirs}, name


def test_every_convention_of_a_tool_has_a_package_and_every_package_a_runner() -> None:
    conventions = [convention.name for package in PACKAGES.values() for convention in package.conventions]
    assert sorted(conventions) == sorted(set(TOOLS) - {"conv_fc"})
    for package in PACKAGES.values():
        assert callable(getattr(counters, package.runner))


def test_a_runner_gives_a_total_for_each_convention_of_its_package() -> None:
    net, x = build(sources.graph_of(sources.find("resnet20_cifar"))), torch.randn(1, 3, 32, 32)
    for package in ("torch", "fvcore"):
        totals = counters.run(package, net, x)
        assert set(totals) == {convention.name for convention in PACKAGES[package].conventions}


def test_reconcile_runs_what_is_installed_and_marks_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    some = {name: PACKAGES[name] for name in ("torch", "fvcore")}
    monkeypatch.setattr(running, "PACKAGES", {**some, "no-such-package": Package((FLOPTH,), "")})
    answer = ri.reconcile("resnet20_cifar", measure=True)
    verdicts = {row["tool"]: row["verdict"] for row in json.loads(answer.to_json())["tables"]["counters"]}
    assert verdicts["torch"] == verdicts["fvcore"] == verdicts["fvcore_activations"] == "equal"
    assert verdicts["flopth"] == "not installed"
    assert answer.ok
    monkeypatch.setattr(running, "run_all", lambda spec, image: {"torch": running.Measured("9", 1)})
    answer = ri.reconcile("resnet20_cifar", measure=True)
    assert not answer.ok
    assert "torch 9 gives 1" in answer.findings[0].message


def test_a_counter_that_fails_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PACKAGES", {"torch": PACKAGES["torch"]})
    (measured,) = running.run_all({"depths": "nonsense"}, (1, 3, 32, 32)).values()
    assert measured.total is None
    assert measured.why.startswith("failed: ")


def test_published_metadata_is_torchvisions_own() -> None:
    assert counters.published("resnet50", 224)["IMAGENET1K_V2"] == (25_557_032, 4.089)
    assert counters.published("resnet50d", 224) == {}
    assert counters.published("alexnet_of_mine", 224) == {}
