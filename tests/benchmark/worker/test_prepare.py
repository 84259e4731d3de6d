"""A case made ready: it runs in the precision, layout and mode of its name, and wrong outputs are found."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.worker.prepare import Ready, agreement, prepare
from resnet_inspect.vocabulary import Layout, RunPrecision

CASE = Case("resnet18", "cpu", 2, (2, 3, 32, 32), "infer", "fp32", "contiguous", "eager", 1)
FP32, BF16 = torch.float32, torch.bfloat16


def prepared(case: Case) -> Ready:
    return prepare(case, sources.graph_of(sources.find(case.model), case.input), 0)


@pytest.mark.parametrize(
    ("precision", "weight", "out"), [("fp32", FP32, FP32), ("bf16", BF16, BF16), ("amp-bf16", FP32, BF16)]
)
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_a_case_runs_in_the_precision_and_layout_of_its_name(
    precision: RunPrecision, weight: torch.dtype, out: torch.dtype, layout: Layout
) -> None:
    ready = prepared(replace(CASE, precision=precision, layout=layout))
    order = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}[layout]
    seen: list[object] = []

    def look(module: Any, _: object, y: torch.Tensor) -> None:
        seen.append((module.weight.dtype, y.dtype, y.is_contiguous(memory_format=order)))

    ready.net.conv1.register_forward_hook(look)
    with torch.inference_mode():
        ready.run()
    assert seen == [(weight, out, True)]


def test_a_compiled_case_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(torch, "compile", lambda net: asked.append(net) or net)
    ready = prepared(replace(CASE, mode="compile"))
    assert asked == [ready.net]


def test_a_training_step_that_gives_no_numbers_is_found() -> None:
    case = replace(CASE, task="train", input=(2, 3, 64, 64))
    ready = prepared(case)
    assert agreement(ready, case) == (True, None)
    with torch.no_grad():
        ready.net.get_parameter("fc.bias").fill_(float("nan"))
    assert agreement(ready, case) == (False, None)


def test_wrong_outputs_are_found_on_the_path_that_is_timed() -> None:
    ready = prepared(CASE)
    finite, error = agreement(ready, CASE)
    assert finite
    assert error == pytest.approx(0, abs=1e-5)
    with torch.no_grad():
        ready.net.get_parameter("fc.bias").fill_(float("nan"))
    assert agreement(ready, CASE) == (False, None)
