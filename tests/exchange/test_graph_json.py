"""A Graph is read back as it was written, whatever net it is; and a file that describes none is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from strategies import law, lowered, specs

import resnet_inspect as ri
from resnet_inspect.errors import RequestError
from resnet_inspect.exchange.graph_json import from_json, to_json
from resnet_inspect.graph.fold import fold
from resnet_inspect.resnet import zoo
from resnet_inspect.resnet.spec import ResNetSpec

VARIANTS = [variant.name for variant in zoo.variants()]
CODE = """\
import torch
from torch import nn


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.shared = nn.ReLU()
        self.gate = nn.Conv2d(8, 8, 1)
        self.norm = nn.GroupNorm(2, 8)
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        x = self.shared(self.conv(x))
        with torch.no_grad():
            gate = torch.sigmoid(self.gate(x.mean((2, 3), keepdim=True)))
        x = self.shared(self.norm(x * gate) + x)
        x = torch.cat([x, x.amax((2, 3), keepdim=True).expand_as(x)], 1) if x.shape[2] < 1 else torch.cat([x, x], 1)
        return self.fc(nn.functional.silu(x[:, :, ::2, ::2]).mean((2, 3)))
"""


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_comes_back_as_it_was_written(name: str) -> None:
    graph = ri.lower(name)
    assert from_json(to_json(graph)) == graph


@law(60)
@given(specs())
def test_any_spec_comes_back_as_it_was_written(spec: ResNetSpec) -> None:
    graph = lowered(spec, 2, 64, 48)
    assert from_json(to_json(graph)) == graph
    assert from_json(to_json(fold(graph))) == fold(graph)


@pytest.mark.parametrize(
    "model",
    [
        "torchvision:densenet121",
        "timm:ecaresnet50d",
        "timm:vit_tiny_patch16_224",
        "torchvision:fcn_resnet50",
        "net.py:Gate",
    ],
)
def test_traced_code_comes_back_with_what_only_a_trace_knows(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(CODE, encoding="utf-8")
    graph = ri.lower(model)
    assert graph.held
    assert graph.recorded
    assert from_json(to_json(graph)) == graph


def test_a_deep_net_takes_less_than_a_megabyte() -> None:
    assert len(to_json(ri.lower("resnet1202_cifar"))) < 1_000_000


def test_every_question_is_answered_from_a_file_as_from_the_net_itself(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(ri.export("resnet18", batch_size=2), encoding="utf-8")
    read, known = ri.summary(path), ri.summary("resnet18", batch_size=2)
    of_weights = [fact for fact in known.facts if "top" in fact.key]  # published of the variant, not of any file
    assert of_weights
    assert (read.title, read.tables, read.findings) == (known.title, known.tables, known.findings)
    assert read.notes == tuple(note for note in known.notes if not note.startswith("top-1"))
    assert read.facts == tuple(fact for fact in known.facts if fact not in of_weights)
    for ask in (ri.flops, ri.memory, ri.roofline, lambda net, **at: ri.memory(net, task="train", **at)):
        assert ask(path) == ask("resnet18", batch_size=2)
    assert ri.summary(path, input=(2, 3, 224, 224)) == ri.summary(path, batch_size=2) == ri.summary(path)
    with pytest.raises(RequestError, match="alone") as refused:
        ri.summary(path, batch_size=3)
    assert refused.value.hint == "export the net again with --input 3,3,224,224"


def document(**changes: Any) -> dict[str, Any]:
    return json.loads(to_json(ri.lower("resnet18", (1, 3, 32, 32)))) | changes


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    whole = document()
    change(whole)
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.pop("name"), "name is missing"),
        (lambda g: g.update(name=7), "name is 7, not text"),
        (lambda g: g.update(nodes={}), "nodes is not a list"),
        (lambda g: g.update(nodes=[]), r"nodes\[0\] is not the input of a call"),
        (lambda g: g.update(nodes=g["nodes"][:1]), r"nodes\[0\] is not the input of a call"),
        (lambda g: g.update(nodes=g["nodes"][1:]), r"nodes\[0\].inputs: 0 of 0"),
        (lambda g: g.update(types=[]), r"nodes\[0\].out: 0 of 0"),
        (lambda g: g["nodes"][3].update(op=10**6), r"nodes\[3\].op: 1000000 of \d+"),
        (lambda g: g["nodes"][3].update(inputs=[-1]), r"nodes\[3\].inputs: -1 of 3"),
        (lambda g: g["nodes"][3].update(inputs=[3]), r"nodes\[3\].inputs: 3 of 3"),
        (lambda g: g["nodes"][3].update(inputs=[]), r"nodes\[3\].inputs: .* read nothing"),
        (lambda g: g["nodes"][3].update(out=0), r"nodes\[3\]: its output is 1×64×16×16, not 1×3×32×32"),
        (lambda g: g["nodes"][3].pop("stage"), r"nodes\[3\].stage is missing"),
        (lambda g: g["nodes"].__setitem__(3, 3), r"nodes\[3\] is not an object"),
        (lambda g: g["operations"].__setitem__(1, {"Conv9d": {}}), r"operations\[1\]: no operation is called 'Conv9d'"),
        (lambda g: g["operations"].__setitem__(1, {"Reduction": {"dims": [2]}}), "no Reduction has these attributes"),
        (lambda g: g["operations"].__setitem__(1, {"Op": {}}), "no operation is called 'Op'"),
        (lambda g: g["operations"].__setitem__(1, []), r"operations\[1\] is not an operation"),
        (lambda g: g["operations"][1]["Conv2d"].update(stride="2"), r"operations\[1\].Conv2d.stride is '2'"),
        (lambda g: g["operations"][1]["Conv2d"].update(stride=0), r"nodes\[1\]: no Conv2d has these attributes"),
        (lambda g: g["operations"][1]["Conv2d"].update(groups=-1), r"nodes\[1\]: sizes below 0"),
        (lambda g: g["operations"][1]["Conv2d"].update(in_channels=4), r"nodes\[1\]: expects 4 channels, got 3"),
        (lambda g: g.update(held={"1e3": 1}), "held.1e3 is '1e3', not a key that is a whole number"),
        (lambda g: g.update(held={"1000": 1}), r"held: 1000 of \d+"),
        (
            lambda g: g.update(recorded={"3": [[1], [], 3, None]}),
            r"recorded.3 has a gradient of what relu does",
        ),
        (
            lambda g: g.update(recorded={"3": [[2], ["weight"], 3, None]}),
            r"recorded.3 has a gradient of what relu does",
        ),
        (lambda g: g.update(recorded={"1": [[0], ["weight"]]}), r"recorded.1 is .*, not a list of 4"),
    ],
)
def test_a_file_that_describes_no_network_says_where(change: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(RequestError, match=rf"^net\.json is not whole: .*{message}"):
        from_json(changed(change), "net.json")


def test_a_file_of_another_kind_says_what_is_read(tmp_path: Path, record_json: str) -> None:
    run, cut, later = (tmp_path / name for name in ("run.json", "cut.json", "later.json"))
    run.write_text(record_json, encoding="utf-8")
    cut.write_text(ri.export("resnet18")[:999], encoding="utf-8")
    later.write_text(json.dumps(document(schema_version=2)), encoding="utf-8")
    for path, message in ((run, "is no Graph"), (cut, "is no whole JSON"), (later, "is of schema version 2")):
        with pytest.raises(RequestError, match=rf"{path.name} {message}"):
            ri.summary(path)


def test_a_setting_is_refused_and_so_is_what_needs_a_spec(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(ri.export("resnet18"), encoding="utf-8")
    for ask in (lambda: ri.summary(path, settings=["groups=2"]), lambda: ri.spec(path), lambda: ri.bench(path)):
        with pytest.raises(RequestError):
            ask()
