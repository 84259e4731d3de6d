"""What a worker measures of a case that is ready, on a CPU."""

from collections.abc import Callable
from dataclasses import astuple, replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import CpuRound, Unavailable
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.worker import measure, page_faults, reference_workload
from resnet_inspect.benchmark.worker.prepare import Ready, prepare
from resnet_inspect.runtime import ceilings

CASE = Case("resnet18", "cpu", 2, (2, 3, 32, 32), "infer", "fp32", "contiguous", "eager", 1)
PLAN = replace(
    plan_for("cpu", quick=True), max_warmup_s=0.2, block_s=0.01, min_round_s=0.0, rewarm_s=0.0, min_samples=4
)


@pytest.fixture(autouse=True)
def _inference_mode() -> Any:
    with torch.inference_mode():
        yield


@pytest.fixture
def ready() -> Ready:
    with torch.inference_mode(False):
        return prepare(CASE, sources.graph_of(sources.find("resnet18"), CASE.input), 0)


def test_a_call_has_its_time(ready: Ready) -> None:
    assert min(measure.time_call(ready, CASE, PLAN).ms for _ in range(2)) > 0


def test_on_a_cpu_no_peak_of_the_warm_up_is_known(ready: Ready) -> None:
    warmed_up = measure.warm_up(ready, CASE, PLAN)
    assert (warmed_up.first_peak_bytes, warmed_up.compiled_graphs) == (None, 0)


def test_a_round_on_a_cpu_tells_how_the_machine_did(ready: Ready) -> None:
    played = measure.sample_round(ready, CASE, PLAN)
    assert len(played.latency_ms) == PLAN.min_samples / PLAN.rounds
    assert (played.enqueue_ms, played.device_time_ms, played.recompiled_graphs) == (None, None, 0)
    state = played.state
    assert isinstance(state, CpuRound)
    assert 0 < state.cpu_share < 1.1
    assert state.faults_per_call >= 0
    assert len(state.reference_ms) == 3
    assert min(state.reference_ms) > 0


def test_the_faults_and_the_reference_workload_of_a_round_are_its_own(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter((100, 400))
    monkeypatch.setattr(page_faults, "faults", lambda: next(counts))
    monkeypatch.setattr(reference_workload, "milliseconds", lambda: [1.0, 2.0, 3.0])
    played = measure.sample_round(ready, CASE, PLAN)
    assert isinstance(played.state, CpuRound)
    assert played.state.faults_per_call == 300 / len(played.latency_ms)
    assert played.state.reference_ms == (1.0, 2.0, 3.0)


def test_the_memory_of_a_call_holds_the_weights_and_what_the_call_asks_for(ready: Ready) -> None:
    memory = measure.measure_memory(ready, CASE, PLAN)
    weights = 4 * sum(parameter.numel() for parameter in ready.net.parameters())
    assert memory.requested_bytes is not None
    assert weights < memory.requested_bytes < memory.process_bytes
    assert memory.workspace_bytes is not None
    assert (memory.allocated_bytes, memory.reserved_bytes, memory.reason) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mode": "graph"}, "a replay asks for nothing: the graph keeps its memory"),
        ({"mode": "compile"}, "not known of compile on cpu"),
        ({"device": "mps"}, "not known of eager on mps"),
    ],
)
def test_why_the_memory_of_a_call_is_unknown_is_its_reason(ready: Ready, change: dict[str, Any], reason: str) -> None:
    memory = measure.measure_memory(ready, replace(CASE, **change), PLAN)
    assert (memory.requested_bytes, memory.reason) == (None, reason)


def test_the_ceilings_are_those_of_the_cases_own_device(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceilings, "LARGEST", 512)
    monkeypatch.setattr(ceilings, "COPY_BYTES", 2**22)
    measured = measure.measure_ceilings(ready, CASE, PLAN)
    assert (measured.device, measured.precision) == ("cpu", "fp32")
    assert measured.flop_per_s > 1e9
    assert measured.bytes_per_s > 1e8


def test_ceilings_that_the_device_has_not_are_unavailable(ready: Ready) -> None:
    with pytest.raises(Unavailable, match="tf32 does not exist on cpu"):
        measure.measure_ceilings(ready, replace(CASE, precision="tf32"), PLAN)


def test_stages_and_layers_are_marked(ready: Ready) -> None:
    stages, layers = measure.mark_stages(ready, CASE, PLAN), measure.mark_layers(ready, CASE, PLAN)
    assert (len(stages.forward_ms[0]), len(layers.forward_ms[0])) == (6 + 1, 68 + 1 + 1)


def test_a_cpu_counts_no_energy(ready: Ready) -> None:
    with pytest.raises(Unavailable, match="cpu has no counter of energy that NVML reads"):
        measure.measure_energy(ready, CASE, PLAN)


@pytest.mark.parametrize(("step_s", "steps"), [(0.01, 10), (60.0, 2)])
def test_each_phase_has_the_time_of_its_own_part(monkeypatch: pytest.MonkeyPatch, step_s: float, steps: int) -> None:
    """Ten steps, or as many as fit into the time, and two at least: a worker may not be silent for ten minutes."""
    now, taken = 0, []

    def part(share: float) -> Callable[..., None]:
        def call(*_: object) -> None:
            nonlocal now
            now += int(share * step_s * 1e9)
            taken.append(share)

        return call

    monkeypatch.setattr(measure, "CLOCK", lambda: now)
    training: Any = SimpleNamespace(step=(part(0.3), part(0.5), part(0.2)), sync=lambda: None)
    phases = measure.measure_phases(training, replace(CASE, task="train"), plan_for("cpu"))
    *means, samples = astuple(phases)
    assert means == pytest.approx([300 * step_s, 500 * step_s, 200 * step_s, 1000 * step_s])
    assert len(samples) == steps
    assert samples[-1] == pytest.approx(tuple(means[:3]))
    assert taken == [0.3, 0.5, 0.2] * steps
