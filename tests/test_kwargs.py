"""What makes a net of code is called with the user's arguments, in every command, and says which it takes."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import resnet_inspect as ri
from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import PREPARE, Job
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.worker.serve import serve
from resnet_inspect.errors import RequestError
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.kwargs import read_kwargs, write_kwargs

LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = st.from_regex("[a-z_]{1,9}", fullmatch=True)
FILE = """
from torch import nn
class Net(nn.Sequential):
    def __init__(self, width=8, bias=True):
        super().__init__(nn.Conv2d(3, width, 1, bias=bias))
def make(width=8, **kwargs): return Net(width, **kwargs)
def needs(width): return Net(width)
def faulty(width=8): return Net(depth=width)
net = Net()
"""
IMAGE = (1, 3, 8, 8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.py"
    path.write_text(FILE)
    return path


@given(st.dictionaries(NAMES, LITERALS))
def test_arguments_read_back_from_their_texts(values: dict[str, object]) -> None:
    texts = write_kwargs(values)
    assert texts is not None
    assert read_kwargs(texts) == values


@given(st.text())
def test_any_text_is_a_value(text: str) -> None:
    assert [*read_kwargs([f"name={text}"])] == ["name"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("10", 10), ("None", None), ("'10'", "10"), ("silu", "silu"), ("(1, 2)", (1, 2)), ("a=b", "a=b")],
)
def test_a_value_is_a_literal_or_text(text: str, value: object) -> None:
    assert read_kwargs([f"name={text}"]) == {"name": value}


@pytest.mark.parametrize("value", [nn.GroupNorm, math.nan, math.inf, object()])
def test_what_no_text_says_has_none(value: object) -> None:
    assert write_kwargs({"name": value}) is None


@pytest.mark.parametrize("texts", [["width"], ["=3"], ["a b=3"], ["width=3", "width=4"], "width=3"])
def test_what_is_no_argument_is_refused(texts: Any) -> None:
    with pytest.raises(RequestError, match="kwargs"):
        read_kwargs(texts)


@pytest.mark.parametrize(("name", "kwargs", "params"), [("make", ["width=4"], 16), ("Net", {"bias": False}, 24)])
def test_a_factory_gets_its_arguments(file: Path, name: str, kwargs: Any, params: int) -> None:
    graph = ri.lower(f"{file}:{name}", IMAGE, kwargs=kwargs)
    assert work_of(graph).params == params
    assert graph.name.startswith(f"{file}:{name} ")


@pytest.mark.parametrize("source", ["torchvision:resnet18", "timm:resnet18"])
def test_a_library_gets_its_arguments(source: str) -> None:
    assert work_of(ri.lower(source, (1, 3, 32, 32), kwargs=["num_classes=10"])).params == 11_181_642


@pytest.mark.parametrize(
    ("source", "kwargs", "taken"),
    [
        ("{}:make", ["depth=3"], {"width", "bias"}),
        ("{}:needs", ["depth=3"], {"width"}),
        ("{}:Net", ["depth=3"], {"width", "bias"}),
        ("torchvision:resnet18", ["depth=3"], {"weights", "num_classes", "norm_layer"}),
        ("torchvision:resnet18", ["block=3"], {"weights"}),
        ("timm:resnet18", ["depth=3"], {"pretrained", "num_classes", "drop_path_rate"}),
    ],
)
def test_an_argument_that_a_factory_does_not_take_is_named_with_those_it_takes(
    file: Path, source: str, kwargs: list[str], taken: set[str]
) -> None:
    wrong = kwargs[0].partition("=")[0]
    with pytest.raises(RequestError, match=f"takes no '{wrong}'") as refused:
        ri.lower(source.format(file), IMAGE, kwargs=kwargs)
    words = refused.value.hint.removeprefix("it takes ").split(", ")
    assert taken <= {*words}
    assert wrong not in words
    assert "\n" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize(
    ("source", "kwargs", "message"),
    [
        ("{}:net", ["width=3"], "is a net, which takes no --kwargs"),
        ("{}:faulty", ["width=3"], "TypeError: Net.__init__"),
        ("{}:needs", [], "missing 1 required positional argument"),
        ("torchvision:resnet18", ["num_classes=a"], "torchvision:resnet18: .*Error"),
        ("timm:resnet18", ["num_classes=a"], "timm:resnet18: .*Error"),
        ("resnet18", ["num_classes=10"], "what makes a net in code, not for resnet18"),
    ],
)
def test_arguments_that_make_nothing_are_one_line(file: Path, source: str, kwargs: list[str], message: str) -> None:
    with pytest.raises(RequestError, match=message) as refused:
        ri.lower(source.format(file), IMAGE, kwargs=kwargs)
    assert "\n" not in refused.value.message


def test_in_python_what_makes_a_net_takes_any_value() -> None:
    def make(norm: type[nn.Module], width: int = 4) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, width, 1, bias=False), norm(2, width))

    graph = ri.lower(make, IMAGE, kwargs={"norm": nn.GroupNorm})
    assert [node.kind for node in graph.nodes] == ["Input", "Conv2d", "GroupNorm"]
    with pytest.raises(RequestError, match="make takes no 'depth'"):
        ri.lower(make, kwargs={"depth": 3})
    with pytest.raises(RequestError, match="is made already"):
        ri.lower(nn.ReLU(), kwargs={"inplace": True})


def test_settings_change_specs_and_arguments_code_where_both_are_compared(file: Path) -> None:
    named = ["resnet18", f"{file}:make"]
    small, code = sources.find_all(named, ["num_classes=10"], ["width=4"])
    assert (small.name, code.name) == ("resnet18 num_classes=10", f"{file}:make width=4")
    with pytest.raises(RequestError):
        sources.find_all(["resnet18"], (), ["width=4"])
    with pytest.raises(RequestError):
        sources.find_all([f"{file}:make"], ["num_classes=10"])


def test_a_worker_makes_the_net_with_the_arguments(file: Path) -> None:
    source = sources.find(f"{file}:make", (), ["width=4"])
    case = Case(source.name, "cpu", 1, IMAGE, "infer", "fp32", "contiguous", "eager", 1)
    lines: list[dict[str, object]] = []
    job = Job(case, plan_for("cpu", quick=True, seed=0), json.loads(json.dumps(source.job)))
    serve(job, iter([(0, PREPARE.name)]), lines.append)
    assert lines[0]["to"] == 0
    assert "answer" in lines[0]


def test_a_record_keeps_the_arguments(file: Path, run: Run) -> None:
    source = f"{file}:make"
    bench = ("bench", source, "--kwargs", "width=4", "--device", "cpu", "--input", "1,3,8,8", "--quick")
    done = run(*bench, "--max-time", "0.1", "-o", "run.json")
    assert done.returncode == 0, done.stderr
    roofline = ("roofline", source, "--record", "run.json", "--machine", "--format", "json")
    assert f"{source} width=4" in run("show", "run.json", "--format", "json").stdout
    assert json.loads(run(*roofline, "--kwargs", "width=4").stdout)["model"] == f"{source} width=4"
    assert run(*roofline).returncode == 2
