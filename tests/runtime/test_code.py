"""What a name of code stands for, and what is said where it stands for nothing."""

import inspect
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Run
from torch import nn
from torchvision import models

import resnet_inspect as ri
from resnet_inspect.benchmark.record import Cost
from resnet_inspect.benchmark.record_json import from_json
from resnet_inspect.benchmark.request import measured_graph
from resnet_inspect.errors import MachineError, RequestError, UnknownModelError
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.runtime import code

FILE = """
from torch import nn
import neighbour
net = nn.Conv2d(3, neighbour.CHANNELS, 1)
def make(): return nn.Sequential(net, nn.ReLU())
def nothing(): print("done")
def leaves(): raise SystemExit(5)
def broken(): raise ValueError("no weights")
def needs(argument): ...
three = 3
class Small(nn.Conv2d):
    def __init__(self): super().__init__(3, 2, 1)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "neighbour.py").write_text("CHANNELS = 5\n")
    path = tmp_path / "my_net.py"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize(("name", "params"), [("net", 20), ("make", 20), ("Small", 8)])
def test_a_file_gives_a_network_a_function_or_a_class(file: Path, name: str, params: int) -> None:
    assert work_of(ri.lower(f"{file}:{name}")).params == params


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("torchvision:resnt50", UnknownModelError, "unknown model 'torchvision:resnt50'"),
        ("timm:resnt50", UnknownModelError, "unknown model 'timm:resnt50'"),
        ("{}:mak", UnknownModelError, "has no 'mak'"),
        ("{}:broken", RequestError, "ValueError: no weights .my_net.py, line 8."),
        ("{}:needs", RequestError, "missing 1 required positional argument"),
        ("{}:nothing", RequestError, "returns NoneType"),
        ("{}:leaves", RequestError, "SystemExit: 5 .my_net.py, line 7."),
        ("{}", UnknownModelError, "a file of code"),
        (":", UnknownModelError, "unknown model ':'"),
        ("{}:three", RequestError, "'int' object is not callable"),
        ("nowhere.py:make", UnknownModelError, "there is no file nowhere.py"),
        ("no.such.module:make", UnknownModelError, "there is no module no"),
        ("os.path:sep", RequestError, "'str' object is not callable"),
    ],
)
def test_a_wrong_source_is_an_error_that_says_where(file: Path, source: str, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        ri.lower(source.format(file))


def test_a_file_that_cannot_be_imported_says_where(tmp_path: Path) -> None:
    (tmp_path / "wrong_net.py").write_text("def make(:\n")
    with pytest.raises(RequestError, match=r"SyntaxError.*wrong_net.py, line 1"):
        ri.lower(f"{tmp_path}/wrong_net.py:make")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks the network fails, and a checkpoint on this disk does not hide that."""

    def refuse(url: str, *_: Any, **__: Any) -> None:
        raise AssertionError(f"asked for {url}")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", refuse)
    monkeypatch.setattr("torchvision._internally_replaced_utils.load_state_dict_from_url", refuse)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)


@pytest.mark.parametrize("library", ["torchvision", "torchvision.models.segmentation"])
def test_no_weights_are_downloaded_unasked(library: str, offline: None) -> None:
    with torch.device("meta"):
        net = code.make(f"{library}:deeplabv3_resnet50")
    assert type(net).__name__ == "DeepLabV3"


def test_a_builder_that_is_called_downloads_nothing_either(offline: None) -> None:
    with torch.device("meta"):
        answer = ri.summary(models.segmentation.deeplabv3_resnet50)
        net = models.segmentation.deeplabv3_resnet50(weights=None, weights_backbone=None)
    assert ("params", sum(p.numel() for p in net.parameters())) in [(fact.key, fact.value) for fact in answer.facts]


def test_no_builder_of_torchvision_is_called_with_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its signature: those that default to weights are called without."""
    for name in models.list_models():
        builder = models.get_model_builder(name)
        asked = {p.name: p.default for p in inspect.signature(builder).parameters.values()}
        without = code.without_weights(builder)
        assert without.keys() == {key for key in asked if key.startswith("weights")}
        assert not any(without.values())


def test_a_function_of_the_users_own_is_called_as_it_is() -> None:
    def make(weights: str = "mine") -> nn.Module:
        return nn.Conv2d(3, 3 if weights is None else 8, 1)

    assert work_of(ri.lower(make, input=(1, 3, 8, 8))).params == 32


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("net.py", "from .other import make\n"),
        ("net.py", "from . import other\n"),
        ("net.py", "from .. import other\n"),
        ("net.py", "def make():\n    from .other import net\n    return net\n"),
        ("with.dots/net.v2.py", "from .other import make\n"),
    ],
)
def test_a_file_that_imports_relatively_is_told_to_be_named_as_a_module(tmp_path: Path, where: str, text: str) -> None:
    path = tmp_path / where
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    with pytest.raises(RequestError, match="relative import") as raised:
        ri.lower(f"{path}:make")
    assert "name it as package.module:make" in raised.value.hint


def test_timm_is_asked_for_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MachineError, match="timm is not installed"):
        code.make("timm:resnet50")


def test_what_needs_a_spec_says_so() -> None:
    for ask in ri.spec, ri.export_spec:
        with pytest.raises(RequestError, match="torchvision:resnet18 is code, which has no spec"):
            ask("torchvision:resnet18")
    with pytest.raises(RequestError, match="--writing lays out a spec"):
        ri.reconcile("torchvision:resnet18", writing="timm")
    with pytest.raises(RequestError, match="--set changes a spec"):
        ri.summary("torchvision:resnet18", settings=["groups=2"])


def test_the_command_line_reads_a_file(run: Run, file: Path) -> None:
    file.write_text(f"print('loading')\n{FILE}")
    done = run("flops", "my_net.py:make", "--input", "1,3,8,8", "--format", "json", cwd=file.parent)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["facts"]["macs"] == 960
    assert "loading" in done.stderr


def test_a_file_may_be_called_as_a_module_of_pythons(tmp_path: Path) -> None:
    import random

    for name, channels in ("a", 3), ("b", 5):
        (tmp_path / name).mkdir()
        text = f"from torch import nn\nnet = nn.Conv2d(3, {channels}, 1, bias=False)\n"
        (tmp_path / name / "random.py").write_text(text)
    counted = [work_of(ri.lower(f"{tmp_path}/{name}/random.py:net")).params for name in "ab"]
    assert counted == [9, 15]
    assert sys.modules["random"] is random


def test_a_module_that_is_missing_within_is_not_taken_for_the_one_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("import ne\n")
    with pytest.raises(RequestError, match="ModuleNotFoundError: No module named 'ne'"):
        ri.lower(f"{tmp_path}/net.py:make")


def test_a_record_alone_makes_no_code_run(file: Path, record_json: str) -> None:
    record = from_json(record_json)
    case = replace(record.results[0].case, model=f"{file}:net")
    result = replace(record.results[0], case=case, spec={}, cost=Cost(20, 15 * 32 * 32))
    with pytest.raises(RequestError, match="which is code"):
        ri.roofline(record=replace(record, results=(result,)), device="cpu")
    assert measured_graph(result).name == f"{file}:net"
    with pytest.raises(RequestError, match="is no longer what was measured"):
        measured_graph(replace(result, cost=Cost(20, 1)))
