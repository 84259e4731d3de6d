"""The lines to paste run, and run the net as the case says."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from fake_track import DEFAULT, SIXTEEN

import resnet_inspect as ri
from resnet_inspect.benchmark.case import Case
from resnet_inspect.cli import main
from resnet_inspect.tuning.paste import command_line, python_lines
from resnet_inspect.tuning.space import cases_at

CASES = [*cases_at(SIXTEEN, DEFAULT), replace(DEFAULT, precision="amp-bf16", layout="channels_last")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_the_lines_run_the_net_as_the_case_says(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []
    monkeypatch.setattr(torch, "compile", lambda net: compiled.append(net) or net)
    before = torch.get_num_threads()
    names: dict[str, Any] = {"torch": torch, "net": torch.nn.Conv2d(3, 4, 3), "x": torch.randn(2, 3, 8, 8)}
    try:
        exec("\n".join(python_lines(case)), names)
        assert torch.get_num_threads() == case.threads
    finally:
        torch.set_num_threads(before)
    out, net = names["out"], names["net"]
    assert out.dtype == (torch.float32 if case.precision == "fp32" else torch.bfloat16)
    assert net.weight.dtype == (torch.bfloat16 if case.precision == "bf16" else torch.float32)
    assert net.weight.is_contiguous(memory_format=torch.channels_last) is (case.layout == "channels_last")
    assert not net.training
    assert not out.requires_grad
    assert bool(compiled) is case.is_compiled


@pytest.mark.parametrize("mode", ["graph", "compile+graph"])
def test_the_lines_for_a_gpu_are_python_that_captures_a_graph(mode: str) -> None:
    lines = [*python_lines(replace(DEFAULT, device="cuda:0", precision="fp16", mode=mode))]  # type: ignore[arg-type]  # a mode
    compile("\n".join(lines), "lines", "exec")
    assert lines[-1] == "graph.replay()"
    assert ("net = torch.compile(net)" in lines) is (mode == "compile+graph")


@pytest.mark.usefixtures("scripted_workers")
@pytest.mark.parametrize("case", CASES[:3], ids=lambda case: case.label)
def test_the_command_line_measures_that_case(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    case = replace(case, model="resnet18", batch_size=2, input=(2, 3, 32, 32))
    done = CliRunner().invoke(main, [*shlex.split(command_line(case))[1:], "-o", "run.json"])
    assert done.exit_code == 0, done.output
    (result,) = ri.read_record("run.json").results
    assert result.case == case
