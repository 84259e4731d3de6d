"""Every question, rule and page takes calls that it knows by shape alone: it names them or passes them over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from resnet_inspect.counting.writing import Layout, as_traced
from resnet_inspect.documents import subject as documents
from resnet_inspect.documents.one_net import describe_net
from resnet_inspect.documents.several_nets import describe_nets
from resnet_inspect.explainer.code_lesson import write_code_lesson
from resnet_inspect.graph import Builder, Graph, Node, TensorType
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.graph.ops.base import OwnPass, Shape, Types, no_extra_bytes
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import Add, Input, ReLU
from resnet_inspect.hardware.devices import find_device
from resnet_inspect.linter import Subject, lint
from resnet_inspect.questions.budget import Limits, budget
from resnet_inspect.questions.check import Measured, check
from resnet_inspect.questions.compare import compare
from resnet_inspect.questions.diff import Side, diff
from resnet_inspect.questions.flops import flops
from resnet_inspect.questions.memory import memory
from resnet_inspect.questions.reconcile import TOOLS, flops_as, reconcile
from resnet_inspect.questions.roofline import roofline
from resnet_inspect.questions.summary import summary
from resnet_inspect.render import FORMATS, render
from resnet_inspect.report import Report
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.zoo import find

DEVICE = find_device("a100")
VARIANT = find("resnet20_cifar")
RESNET = lower(VARIANT.spec, "resnet20_cifar", (1, 3, 32, 32))


@dataclass(frozen=True, slots=True)
class cumsum(OwnPass):  # noqa: N801  # torch's name of a function, which the kind of a call is
    """A call that no rule knows, of any number of inputs, with an output of any shape, weights and MACs."""

    saves_input, saves_output = True, True
    extra_bytes = no_extra_bytes

    shape: Shape
    weights: tuple[tuple[str, Shape], ...] = ()
    work: int = 0

    def infer(self, *ins: TensorType) -> TensorType:
        return TensorType(self.shape)

    def params(self) -> Mapping[str, Shape]:
        return dict(self.weights)

    def macs(self, ins: Types, out: TensorType) -> int:
        return self.work

    @property
    def window(self) -> None:
        return None


def tokens() -> Graph:
    """A 3-D input and no map at all: products of positions, a scalar in between, weights of an unknown operation."""
    net = Builder()
    x = net.input(TensorType((2, 7, 16)))
    net.stage = "encoder.0"
    y = net.module("encoder.0.proj", Linear(16, 16))
    y = net.call("encoder.0.scores", cumsum((2, 7, 7), work=2 * 7 * 7 * 16), y, x)
    scalar = net.call("encoder.0.norm", cumsum(()), y)
    y = net.module("encoder.0.mix", cumsum((2, 7, 16), (("gain", ()), ("weight", (16, 16))), 99), y, x, scalar)
    net.call("encoder.0.add", Add(), y, x)
    net.containers |= {"": "Net", "encoder": "Sequential", "encoder.0": "Layer"}
    return Graph("tokens", tuple(net.nodes), net.containers)


def maps() -> Graph:
    """Maps that become tokens and maps again, under stages of any name."""
    net = Builder()
    net.input(TensorType((1, 3, 30, 17)))
    net.stage = "stem"
    net.module("patch", Conv2d(3, 8, 4, 4))
    net.stage = "res2"
    x = net.call("res2.flat", cumsum((1, 28, 8)))
    y = net.module("res2.mix", cumsum((1, 28, 8), (("weight", (8, 8)),)), x)
    net.call("res2.add", Add(), y, x)
    net.stage = "conv3_x"
    x = net.call("conv3_x.0.maps", cumsum((1, 8, 7, 4)))
    y = net.module("conv3_x.0.conv", Conv2d(8, 8, 3, 1, 1, bias=True))
    y = net.call("conv3_x.0.sum", Add(), y, x)
    net.stage = ""
    net.call("relu", ReLU())
    net.stage = "head"
    net.call("gather", cumsum((1, 5)), y, x)
    net.containers |= {"": "Net", "res2": "Stage", "conv3_x": "Sequential", "conv3_x.0": "Block"}
    return Graph("maps", tuple(net.nodes), net.containers)


def weightless() -> Graph:
    """One call without weights, in no stage."""
    net = Builder()
    net.input(TensorType((4,)))
    net.call("cumsum", cumsum((4,)))
    return Graph("weightless", tuple(net.nodes), {})


def constants() -> Graph:
    """A second input, and a tensor that no call computes: nodes without inputs."""
    graph = tokens()
    given = TensorType((2, 7, 16), "int64")
    mask = Node("mask", Input(given), (), (), given, "", "")
    zeros = Node("zeros", cumsum((2, 7, 16)), (), (), given, "stem", "")
    last = graph.nodes[-1]
    n = len(graph.nodes)
    sums = [replace(last, name=f"sum_{i}", inputs=(n - 1, n + i), ins=(last.out, given)) for i in range(2)]
    return replace(graph, name="constants", nodes=(*graph.nodes, mask, zeros, *sums))


def described(graph: Graph) -> documents.Subject:
    return documents.Subject(graph=graph, spec=None, spec_fields={}, layout=Layout("its own", as_traced(graph)))


PLACE = documents.Place(DEVICE, "bf16")
GRAPHS = {graph.name: graph for graph in (tokens(), maps(), weightless(), constants())}
LAYOUTS = {name: Layout("its own", as_traced(graph)) for name, graph in GRAPHS.items()}
QUESTIONS: dict[str, Callable[[Graph], Report]] = {
    "summary": summary,
    "summary by block": lambda graph: summary(graph, "block"),
    "summary by layer": lambda graph: summary(graph, "layer"),
    "flops": flops,
    "a training step": lambda graph: flops(graph, "train"),
    "memory": memory,
    "memory of a step": lambda graph: memory(graph, "train"),
    "roofline": lambda graph: roofline(graph, DEVICE, "bf16", "layer"),
    "compare": lambda graph: compare([RESNET, graph]),
    "compare to it": lambda graph: compare([graph, RESNET]),
    "diff from a spec": lambda graph: diff(Side(VARIANT.spec, RESNET), Side(None, graph), DEVICE, "bf16"),
    "diff to a spec": lambda graph: diff(Side(None, graph), Side(VARIANT.spec, RESNET), DEVICE, "bf16"),
    "diff of code": lambda graph: diff(Side(None, graph), Side(None, maps()), DEVICE, "bf16", "train"),
    "reconcile": lambda graph: reconcile(graph, LAYOUTS[graph.name]),
    "check": lambda graph: check(graph, LAYOUTS[graph.name].calls, "", Measured({"torch": 1}, {"thop": "no"}), {}, {}),
    "budget": lambda graph: budget(graph, {}, Limits(macs=1e9, memory=1e9), None, ""),
    "lint": lambda graph: lint(Subject(None, graph, "fp16")),
    "explain": lambda graph: write_code_lesson(graph, "en"),
    "report": lambda graph: describe_net(described(graph), PLACE, ()),
    "report after a spec": lambda graph: describe_nets([described(RESNET), described(graph)], PLACE, ()),
    "report before a spec": lambda graph: describe_nets([described(graph), described(RESNET)], PLACE, ()),
    **{f"as {tool}": lambda graph, tool=tool: flops_as(graph, tool, LAYOUTS[graph.name]) for tool in TOOLS},  # type: ignore[misc]  # a default
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("name", GRAPHS)
def test_a_question_takes_any_graph(name: str, question: str) -> None:
    report = QUESTIONS[question](GRAPHS[name])
    formats = [format for format in FORMATS if report.tables or not report.sections or format != "csv"]
    assert all(render(report, format) for format in formats)


@pytest.mark.parametrize("name", ["tokens", "maps", "weightless"])
def test_every_question_gives_the_same_work(name: str) -> None:
    graph = GRAPHS[name]
    macs = work_of(graph).macs
    reports = (summary(graph), flops(graph), reconcile(graph, LAYOUTS[name]))
    assert [{fact.key: fact.value for fact in report.facts}["macs"] for report in reports] == [macs] * 3
    explained = write_code_lesson(graph, "en").tables[0]
    assert explained.total is not None
    assert explained.total[-1] == macs


def test_a_call_without_a_rule_is_named() -> None:
    report = flops_as(GRAPHS["tokens"], "fvcore", LAYOUTS["tokens"])
    assert "cumsum" in report.notes[0].partition("not counted")[2]
    (row,) = (row for row in check_rows("tokens") if row[3] == "torch FlopCounterMode, run here")
    assert row[4] == "no rule known", "a rule that is not known proves nothing"


def check_rows(name: str) -> tuple[tuple[object, ...], ...]:
    return QUESTIONS["check"](GRAPHS[name]).tables[0].rows


def test_the_stages_of_two_nets_are_rows_in_the_order_in_which_they_run() -> None:
    report = diff(Side(None, GRAPHS["maps"]), Side(None, GRAPHS["tokens"]), DEVICE, "bf16")
    assert [row[0] for row in report.tables[0].rows] == ["encoder.0", "stem", "res2", "conv3_x", "head"]


def test_stages_of_other_names_are_compared_by_the_longest_path_that_both_have() -> None:
    def net(stages: tuple[str, ...], blocks: int) -> Graph:
        builder = Builder()
        builder.input(TensorType((1, 8, 8, 8)))
        for block in range(blocks):
            builder.stage = stages[block * len(stages) // blocks]
            builder.module(f"trunk.features.{block}.conv", Conv2d(8, 8, 1))
            builder.containers[f"trunk.features.{block}"] = "Block"
        builder.containers |= {"": "Net", "trunk": "Trunk", "trunk.features": "Sequential"}
        return Graph("net", tuple(builder.nodes), builder.containers)

    report = diff(Side(None, net(("a", "b"), 2)), Side(None, net(("c",), 3)), DEVICE, "bf16")
    rows = {row[0]: row[1] for row in report.tables[0].rows}
    both = ["trunk.features.0", "trunk.features.1"]
    assert rows == {**dict.fromkeys(both), "trunk.features": "only in net"}
