"""The worker's answers, asked in this process on a CPU; what needs events on a stream needs a CUDA device."""

from dataclasses import asdict, replace
from typing import Any

import pytest
import torch

from resnet_inspect import load
from resnet_inspect.measure.config import Config
from resnet_inspect.measure.protocol import protocol_for
from resnet_inspect.resnet.fields import to_mapping
from resnet_inspect.runtime import worker
from resnet_inspect.runtime.arm import agreement, prepare

CONFIG = Config("resnet18", "cpu", 2, (2, 3, 32, 32), "infer", "fp32", "contiguous", "eager", 1)
CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
ROUND = {"do": "round", "seconds": 0.0, "at_least": 2, "rewarm": 0.0}


def answers(config: Config, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    plan = replace(protocol_for(config.device, quick=True), max_warmup_s=0.2, block_s=0.01)
    spec = {k: v for k, v in to_mapping(load.variant("resnet18").spec).items() if v is not None}
    said: list[dict[str, Any]] = []
    job = {"config": asdict(config), "protocol": asdict(plan), "spec": spec}
    worker.serve(job, iter([{"do": "prepare"}, *requests]), said.append)
    return said


@pytest.mark.parametrize("task", ["infer", "train"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "amp-bf16"])
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_an_arm_answers_every_request(task: str, precision: str, layout: str) -> None:
    config = replace(CONFIG, task=task, precision=precision, layout=layout)
    config = replace(config, batch_size=4, input=(4, 3, 64, 64))
    _, warm, memory, played, after = answers(config, {"do": "warm"}, {"do": "memory"}, ROUND, {"do": "after"})
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


def test_phases_add_up_to_the_step() -> None:
    config = replace(CONFIG, task="train", batch_size=4, input=(4, 3, 64, 64))
    _, phases = answers(config, {"do": "phases"})
    assert phases["forward_ms"] + phases["backward_ms"] + phases["optimizer_ms"] == pytest.approx(phases["step_ms"])


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


@CUDA
@pytest.mark.parametrize("mode", ["eager", "graph", "compile", "compile+graph"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "amp-fp16"])
def test_a_cuda_arm_knows_all_four_quantities(mode: str, precision: str) -> None:
    config = replace(CONFIG, device="cuda:0", mode=mode, precision=precision, batch_size=8, input=(8, 3, 224, 224))
    *_, played, after = answers(config, {"do": "warm"}, {"do": "memory"}, ROUND, {"do": "after"})
    assert after["finite"]
    assert after["error"] < 2e-2
    assert min(played["enqueue"]) > 0
    assert played["device_time"] is None or min(played["device_time"]) > 0
    assert min(played["latency"]) >= 0.98 * min(played["device_time"] or [0])
