"""The worker's answers, asked in this process on a CPU; what needs events on a stream needs a CUDA device."""

from collections.abc import Callable
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.worker import serve as worker
from resnet_inspect.benchmark.worker.prepare import agreement, prepare
from resnet_inspect.resnet.fields import to_mapping
from resnet_inspect.sources import load

CONFIG = Case("resnet18", "cpu", 2, (2, 3, 32, 32), "infer", "fp32", "contiguous", "eager", 1)
ROUND = {"do": "round", "seconds": 0.0, "at_least": 2, "rewarm": 0.0}


def answers(case: Case, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    plan = replace(plan_for(case.device, quick=True), max_warmup_s=0.2, block_s=0.01)
    spec = {k: v for k, v in to_mapping(load.variant("resnet18").spec).items() if v is not None}
    said: list[dict[str, Any]] = []
    job = {"config": asdict(case), "protocol": asdict(plan), "spec": spec}
    worker.serve(job, iter([{"do": "prepare"}, *requests]), said.append)
    return said


@pytest.mark.parametrize("task", ["infer", "train"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "amp-bf16"])
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_an_arm_answers_every_request(task: str, precision: str, layout: str) -> None:
    case = replace(CONFIG, task=task, precision=precision, layout=layout)
    case = replace(case, batch_size=4, input=(4, 3, 64, 64))
    _, warm, memory, played, after = answers(case, {"do": "warm"}, {"do": "memory"}, ROUND, {"do": "after"})
    assert warm["first_ms"] > 0
    assert memory["requested_bytes"] > 4e6
    assert len(played["latency"]) >= 2
    assert after["finite"]
    assert after["error"] is None or after["error"] < 2e-2


def test_a_call_alone_has_its_time() -> None:
    _, *calls = answers(CONFIG, {"do": "call"}, {"do": "call"})
    assert min(call["ms"] for call in calls) > 0


def test_a_cpu_arm_says_what_it_was_given_and_what_torch_was_set_to() -> None:
    prepared, warm, played = answers(CONFIG, {"do": "warm"}, ROUND)
    clocks = played["clocks"]
    assert 0 < clocks["cpu_share"] < 1.1
    assert clocks["faults_per_call"] >= 0
    assert len(clocks["yardstick_ms"]) == 3
    assert min(clocks["yardstick_ms"]) > 0
    assert warm["first_peak_bytes"] is None
    assert prepared["flags"]["threads"] == 1
    assert prepared["flags"]["cudnn_benchmark"] is True
    assert prepared["flags"]["matmul_allow_tf32"] is prepared["flags"]["cudnn_allow_tf32"] is False


def test_a_worker_measures_the_ceilings_of_its_own_device() -> None:
    _, known = answers(CONFIG, {"do": "ceilings"})
    assert known["device"] == "cpu"
    assert known["precision"] == "fp32"
    assert known["flop_per_s"] > 1e9
    assert known["bytes_per_s"] > 1e8


def test_an_arm_is_laid_out_on_request_and_a_cpu_counts_no_energy() -> None:
    _, stage, layer, energy = answers(CONFIG, {"do": "stage"}, {"do": "layer"}, {"do": "energy"})
    assert (len(stage["forward"][0]), len(layer["forward"][0])) == (6 + 1, 68 + 1 + 1)
    assert energy == {"reason": "cpu has no counter of energy that NVML reads"}


@pytest.mark.parametrize(("step_s", "steps"), [(0.01, 10), (60.0, 2)])
def test_each_phase_has_the_time_of_its_own_part(monkeypatch: pytest.MonkeyPatch, step_s: float, steps: int) -> None:
    """Ten steps, or as many as fit into the time, and two at least: a worker may not be silent for ten minutes."""
    now, taken = 0, []

    def raw_results(share: float) -> Callable[..., None]:
        def part(*_: object) -> None:
            nonlocal now
            now += int(share * step_s * 1e9)
            taken.append(share)

        return part

    monkeypatch.setattr(worker, "CLOCK", lambda: now)
    ready: Any = SimpleNamespace(step=(raw_results(0.3), raw_results(0.5), raw_results(0.2)), sync=lambda: None)
    assert worker.phases(ready, CONFIG, plan_for("cpu"), {}) == pytest.approx(
        {
            "forward_ms": 300 * step_s,
            "backward_ms": 500 * step_s,
            "optimizer_ms": 200 * step_s,
            "step_ms": 1000 * step_s,
        }
    )
    assert taken == [0.3, 0.5, 0.2] * steps


FP32, BF16 = torch.float32, torch.bfloat16


@pytest.mark.parametrize(
    ("precision", "weight", "out"), [("fp32", FP32, FP32), ("bf16", BF16, BF16), ("amp-bf16", FP32, BF16)]
)
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_an_arm_runs_in_what_it_is_named_after(
    precision: str, weight: torch.dtype, out: torch.dtype, layout: str
) -> None:
    case = replace(CONFIG, precision=precision, layout=layout)
    one = prepare(case, load.graph(load.variant("resnet18"), case.input), 0)
    order = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}[layout]
    seen: list[object] = []

    def look(module: Any, _: object, y: torch.Tensor) -> None:
        seen.append((module.weight.dtype, y.dtype, y.is_contiguous(memory_format=order)))

    one.net.conv1.register_forward_hook(look)
    with torch.inference_mode():
        one.run()
    assert seen == [(weight, out, True)]


@pytest.mark.parametrize("task", ["infer", "train"])
def test_inference_is_measured_without_autograd(monkeypatch: pytest.MonkeyPatch, task: str) -> None:
    monkeypatch.setitem(worker.ANSWERS, "call", lambda *_: {"infers": torch.is_inference_mode_enabled()})
    case = replace(CONFIG, task=task, input=(2, 3, 64, 64))
    assert answers(case, {"do": "call"})[1] == {"infers": task == "infer"}


def test_a_compiled_arm_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(torch, "compile", lambda net: asked.append(net) or net)
    case = replace(CONFIG, mode="compile")
    one = prepare(case, load.graph(load.variant("resnet18"), case.input), 0)
    assert asked == [one.net]


def test_a_training_step_that_gives_no_numbers_is_found() -> None:
    case = replace(CONFIG, task="train", input=(2, 3, 64, 64))
    one = prepare(case, load.graph(load.variant("resnet18"), case.input), 0)
    assert agreement(one, case) == (True, None)
    with torch.no_grad():
        one.net.get_parameter("fc.bias").fill_(float("nan"))
    assert agreement(one, case) == (False, None)


def test_what_is_told_beside_a_round_is_of_that_round(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = iter((100, 400))
    monkeypatch.setattr(worker.pages, "faults", lambda: next(counted))
    monkeypatch.setattr(worker.yardstick, "milliseconds", lambda: [1.0, 2.0, 3.0])
    _, played = answers(CONFIG, ROUND)
    assert played["clocks"]["faults_per_call"] == 300 / len(played["latency"])
    assert played["clocks"]["yardstick_ms"] == [1.0, 2.0, 3.0]


def test_wrong_outputs_are_found_on_the_path_that_is_timed() -> None:
    ready = prepare(CONFIG, load.graph(load.variant("resnet18"), CONFIG.input), 0)
    finite, error = agreement(ready, CONFIG)
    assert finite
    assert error == pytest.approx(0, abs=1e-5)
    with torch.no_grad():
        ready.net.get_parameter("fc.bias").fill_(float("nan"))
    assert agreement(ready, CONFIG) == (False, None)


def test_out_of_memory_is_an_answer_and_anything_else_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(message: str) -> None:
        monkeypatch.setitem(worker.ANSWERS, "warm", lambda *_: (_ for _ in ()).throw(RuntimeError(message)))

    fail("CUDA error: out of memory")
    assert answers(CONFIG, {"do": "warm"})[1]["lost"] == "oom"
    fail("something else")
    with pytest.raises(RuntimeError, match="something else"):
        answers(CONFIG, {"do": "warm"})


@pytest.mark.cuda
@pytest.mark.parametrize("mode", ["eager", "graph", "compile", "compile+graph"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "amp-fp16"])
def test_a_cuda_arm_knows_all_four_quantities(mode: str, precision: str) -> None:
    case = replace(CONFIG, device="cuda:0", mode=mode, precision=precision, batch_size=8, input=(8, 3, 224, 224))
    *_, played, after = answers(case, {"do": "warm"}, {"do": "memory"}, ROUND, {"do": "after"})
    assert after["finite"]
    assert after["error"] < 2e-2
    assert min(played["enqueue"]) > 0
    assert played["device_time"] is None or min(played["device_time"]) > 0
    assert min(played["latency"]) >= 0.98 * min(played["device_time"] or [0])
