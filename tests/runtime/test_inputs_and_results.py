"""What goes into a net and comes out: tensors in any form; parameters that are shared, frozen or unread."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import resnet_inspect as ri
from resnet_inspect.errors import TraceError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.graph.facts.receptive_field import views
from resnet_inspect.graph.facts.work import work_of

SHAPE = (2, 3, 16, 16)


def facts(answer: Any) -> dict[str, Any]:
    return {fact.key: fact.value for fact in answer.facts}


def traced(net: nn.Module) -> Graph:
    return ri.lower(net, input=SHAPE)


@dataclass
class Result:
    features: list[Tensor]
    name: str = "net"


RESULTS: dict[str, Callable[[Tensor], Any]] = {
    "a dictionary": lambda x: {"out": x, "aux": x.relu()},
    "a tuple": lambda x: (x, x.relu()),
    "a list": lambda x: [x, x.relu()],
    "a dataclass": lambda x: Result([x, x.relu()]),
}


class Returning(nn.Module):
    def __init__(self, result: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.conv, self.result = nn.Conv2d(3, 4, 1), result

    def forward(self, x: Tensor) -> Any:
        return self.result(self.conv(x))


@pytest.mark.parametrize("form", RESULTS)
def test_a_net_returns_several_tensors_in_any_form(form: str) -> None:
    graph = traced(Returning(RESULTS[form]))
    assert graph.returned == (1, 2)
    assert graph.output.shape == (2, 4, 16, 16)
    notes = ri.summary(Returning(RESULTS[form]), input=SHAPE).notes
    assert "it returns 2 tensors: conv 2×4×16×16, relu 2×4×16×16" in notes


def test_a_summary_shows_all_inputs_where_a_net_takes_several() -> None:
    notes = ri.summary(TwoInputs(), input="2,3,16,16;2,10:int64").notes
    assert "it takes 2 tensors: input_0 2×3×16×16, input_1 2×10" in notes
    assert not any("it takes" in note or "it returns" in note for note in ri.summary("resnet18").notes)


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.words, self.head = nn.Conv2d(3, 8, 3), nn.Embedding(100, 8), nn.Linear(8, 4)

    def forward(self, image: Tensor, words: Tensor, scale: Tensor | None = None) -> Tensor:
        y = self.conv(image).mean((2, 3)) * self.words(words).mean(1)
        return self.head(y if scale is None else y * scale)


@pytest.mark.parametrize(
    "inputs",
    [
        "2,3,16,16;2,10:int64",
        ["2,3,16,16", "2,10:int64"],
        [(2, 3, 16, 16), torch.zeros(2, 10, dtype=torch.int64)],
        {0: (2, 3, 16, 16), "words": "2,10:int64", "scale": (2, 8)},
    ],
)
def test_a_net_takes_several_inputs(inputs: Any) -> None:
    graph = ri.lower(TwoInputs(), input=inputs)
    types = [str(graph.nodes[i].out) for i in graph.inputs]
    assert types[:2] == ["2×3×16×16", "2×10"]
    assert [graph.nodes[i].out.dtype for i in graph.inputs][:2] == ["float32", "int64"]
    assert work_of(graph).params == sum(p.numel() for p in TwoInputs().parameters())


class ByKeyword(nn.Linear):
    def forward(self, x: Tensor, *, scale: Tensor) -> Tensor:
        return super().forward(x) * scale


@pytest.mark.parametrize(
    ("net", "remedy"),
    [
        (TwoInputs(), "forward takes image, words: give an --input for each, in this order"),
        (ByKeyword(8, 4), "forward takes x, scale: in Python, give inputs by keyword"),
        pytest.param(
            nn.Sequential(nn.Embedding(9, 8)),
            "0 takes --input 1,10:int64",
            marks=pytest.mark.skipif(torch.__version__ < "2.12", reason="torch 2.11 embeds floats on meta"),
        ),
        (nn.Sequential(nn.ReLU(), nn.Linear(8, 4)), "1 takes 8 values: give the --input that the net is made for"),
        (nn.Sequential(nn.Linear(8, 4)), "0 takes --input 1,8"),
        (nn.Sequential(nn.Conv1d(4, 4, 3)), "0 takes --input 1,4,1000"),
        (nn.Sequential(nn.Conv2d(5, 4, 3)), "0 takes --input 1,5,224,224"),
        (nn.Sequential(nn.Conv2d(3, 4, 3)).half(), "0 takes --input 1,3,224,224:float16"),
        (nn.Conv3d(4, 4, 3), "Conv3d takes --input 1,4,16,112,112"),
    ],
)
def test_an_input_that_does_not_fit_gets_a_remedy_that_fits(net: nn.Module, remedy: str) -> None:
    with pytest.raises(TraceError) as raised:
        ri.lower(net, input=(1, 3, 32, 32))
    assert raised.value.hint == remedy
    if "takes --input" in remedy:
        assert ri.lower(net, input=remedy.partition("--input ")[2])


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning", "ignore:.torch.jit:DeprecationWarning")
def test_a_scripted_net_that_fails_has_no_signature_to_tell_of() -> None:
    with pytest.raises(TraceError, match="fails on 1×3×32×32"):
        ri.lower(torch.jit.script(nn.Linear(8, 4)), input=(1, 3, 32, 32))


def test_parameters_that_no_call_reads_are_counted_and_named() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 1))
    net.register_parameter("gamma", nn.Parameter(torch.ones(4)))
    answer = ri.summary(net, input=SHAPE)
    assert facts(answer)["params"] == 20
    assert any("4 parameters that no call reads are counted: gamma" in note for note in answer.notes)


def test_a_weight_that_two_modules_share_counts_once() -> None:
    net = nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.Conv2d(3, 3, 1, bias=False))
    net[1].weight = net[0].weight
    work = work_of(traced(net))
    assert (work.params, work.macs) == (9, 2 * 2 * 9 * 256)


def test_a_half_precision_net_has_its_own_bytes() -> None:
    net, plain = nn.Sequential(nn.Conv2d(3, 8, 3)).half(), nn.Sequential(nn.Conv2d(3, 8, 3))
    half = peak_bytes(ri.lower(net, input="2,3,16,16:float16"))
    assert 2 * half == peak_bytes(traced(plain))


def test_frozen_parameters_are_counted_apart() -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1))
    net[0].requires_grad_(False)
    answer = ri.summary(net, input=SHAPE)
    assert (facts(answer)["params"], facts(answer)["trainable_params"]) == (3 * 8 * 9 + 8 + 72, 72)


class ByValue(nn.Module):
    """Its control flow reads data."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.more = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return self.more(x[x.mean((1, 2, 3)) > -100])


def test_what_needs_data_runs_on_the_cpu_and_says_so() -> None:
    net = ByValue()
    answer = ri.summary(net, input=SHAPE)
    assert facts(answer)["macs"] == 2 * 14 * 14 * (8 * 27 + 64)
    assert any("its forward needs data; it ran on the CPU" in note for note in answer.notes)


@pytest.mark.parametrize(
    ("layers", "sides"),
    [
        ([nn.Conv2d(3, 3, (1, 7)), nn.Conv2d(3, 3, (7, 1))], (7, 7)),
        ([nn.Conv2d(3, 3, 3, 2), nn.Upsample(scale_factor=2)], (3, 3)),
        ([nn.MaxPool2d((2, 1)), nn.Conv2d(3, 3, (3, 1))], (2, 6)),
    ],
)
def test_rows_and_columns_have_windows_of_their_own(layers: list[nn.Module], sides: tuple[int, int]) -> None:
    seen = views(traced(nn.Sequential(*layers)))
    assert tuple(view.field for view in seen[1:] if view) == sides


def test_a_net_that_makes_no_call_costs_nothing() -> None:
    assert facts(ri.summary(nn.Sequential(), input=SHAPE))["macs"] == 0
    assert facts(ri.flops(nn.Sequential(), input=SHAPE))["flops"] == 0


@pytest.mark.parametrize("format", ["mermaid", "dot", "json"])
def test_a_net_with_two_inputs_is_drawn_with_both(format: str) -> None:
    text = str(ri.export(TwoInputs(), format, input="2,3,16,16;2,10:int64"))
    assert "input_0" in text
    assert "input_1" in text
