"""A benchmark from request to Record, with workers that are fakes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from raw_results import CEILINGS, FINISHED, GPU, MEMORY, PREPARED, WARMED_UP, failed, raw, result

import resnet_inspect as api
from resnet_inspect import sources
from resnet_inspect.benchmark import result as results
from resnet_inspect.benchmark import run as benchmark
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import Request, RoundSamples, Unwatched
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import Record, Result, Roof
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.benchmark.request import measured_graph
from resnet_inspect.benchmark.run import under_one_roof
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.errors import RequestError
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.devices import device_from_ceilings
from resnet_inspect.hardware.floor import floors, total_of
from resnet_inspect.hardware.gpu import Gpu, Probe
from resnet_inspect.hardware.machine import Grade, Machine
from resnet_inspect.records.bench import bench

A = TypeVar("A")


def test_a_result_holds_the_measured_memory_next_to_the_predicted(record_json: str) -> None:
    (result,) = from_json(record_json).results
    assert (result.status, result.valid) == ("ok", True)
    assert result.memory.measured is not None
    assert result.memory.predicted is not None
    assert result.memory.measured.requested_bytes == pytest.approx(result.memory.predicted.peak_bytes, rel=0.02)
    assert result.cost.params == 11_689_512
    assert result.metrics.latency is not None
    assert result.reference_ms is not None
    assert len(result.reference_ms) == len(result.metrics.latency.round_lengths), "a reference time before every round"
    assert result.metrics.device_time is None
    assert "device_time" in result.unknown


class Fake:
    """A worker that nothing goes wrong with."""

    def ask(self, request: Request[A]) -> A:
        samples = RoundSamples(latency_ms=(1.0,) * 10, block_calls=10, block_ms=10.0, state=Unwatched())
        answers = {
            "prepare": PREPARED,
            "warm-up": WARMED_UP,
            "memory": MEMORY,
            "round": samples,
            "finish": FINISHED,
        }
        answer = answers[request.name]
        assert isinstance(answer, request.answer)
        return answer

    def close(self) -> None:
        pass


def grade(machine: Machine, gpu: Gpu | None = None) -> Grade:
    reasons = ["governor powersave, not performance"]
    if gpu is not None and gpu.other_processes:
        reasons.append(f"{gpu.other_processes} other processes on the GPU")
    return Grade("B", tuple(reasons))


def play(monkeypatch: pytest.MonkeyPatch, probe: Probe) -> None:
    monkeypatch.setattr(benchmark, "probe", lambda device: probe)
    monkeypatch.setattr(benchmark, "ProcessWorker", lambda job: Fake())
    monkeypatch.setattr(benchmark.machines, "grade", grade)


@pytest.fixture
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, Probe("cpu", "fp32", {"torch": "2.15.0"}, None))


def measured(**options: Any) -> Record:
    return api.bench(**({"models": "resnet18", "device": "cpu", "input": (1, 3, 32, 32), "max_time_s": 0.1} | options))


def test_the_environment_is_whole_before_the_first_case_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    crowded = replace(GPU, other_processes=2)
    play(monkeypatch, Probe("cuda:0", "tf32", {"torch": "2.15.0"}, crowded))
    saved: list[Record] = []
    record = measured(device="cuda", batch_size=(1, 2), save=saved.append)
    assert (record.environment.gpu, record.environment.versions) == (crowded, {"torch": "2.15.0"})
    assert record.environment.grade.reasons[-1] == "2 other processes on the GPU"
    assert record.environment.machine.variables["CUDA_SCALE_LAUNCH_QUEUES"] == "4x"
    assert [growing.environment for growing in saved] == [record.environment] * 2
    assert {result.case.device for result in record.results} == {"cuda:0"}
    assert {result.case.precision for result in record.results} == {"tf32"}


@pytest.mark.usefixtures("on_cpu")
def test_a_record_is_saved_each_time_a_case_has_ended_with_its_results_as_they_were_asked_for() -> None:
    saved: list[Record] = []
    record = measured(batch_size=(4, 1, 2), save=saved.append)
    assert [len(growing.results) for growing in saved] == [1, 2, 3]
    assert saved[-1] == record
    assert [result.case.batch_size for result in record.results] == [4, 1, 2]
    assert [growing.planned for growing in saved] == [3, 3, 3]


@pytest.mark.usefixtures("on_cpu")
def test_cases_that_are_given_are_measured_in_place_of_a_grid() -> None:
    cases = (
        Case("resnet18", "cpu", 2, (2, 3, 64, 64), "infer", "fp32", "contiguous", "eager", 1),
        Case("resnet50", "cpu", 1, (1, 3, 32, 32), "infer", "fp32", "contiguous", "eager", 2),
    )
    nets = tuple(map(sources.find, ("resnet50", "resnet18")))
    request = benchmark.Request(nets=nets, device="cpu", max_time_s=0.1, cases=(*cases, cases[0]))
    record = benchmark.run(request, lambda record: None, lambda line: None, lambda ended, planned: None)
    assert [result.case for result in record.results] == list(cases), "each once, in their order"


@pytest.mark.usefixtures("on_cpu")
def test_a_record_in_memory_and_its_file_are_of_one_net(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(to_json(measured()), encoding="utf-8")
    assert api.verdict(tmp_path / "old.json", measured()).ok


@pytest.mark.usefixtures("on_cpu")
def test_ctrl_c_while_samples_are_looked_at_loses_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def result_of(raw: RawResult, *rest: Any) -> Result:
        looked.append(raw.case.model)
        if len(looked) == 1:
            raise KeyboardInterrupt
        return results.result_of(raw, *rest)

    monkeypatch.setattr(benchmark, "result_of", result_of)
    assert [result.status for result in measured().results] == ["ok"]
    assert looked == ["resnet18"] * 2


TWICE = """
from torch import nn
class Sly(nn.Linear):  # it passes for torch's own
    def forward(self, x):
        return super().forward(x) + super().forward(x)
Sly.__module__ = nn.Linear.__module__
class Twice(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 8, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), Sly(8, 16))
"""


@pytest.mark.usefixtures("on_cpu")
def test_a_record_of_code_says_which_work_its_counts_leave_out(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(TWICE, encoding="utf-8")
    record = from_json(to_json(measured(models=(f"{tmp_path}/net.py:Twice", "resnet18"), batch_size=(1, 2))))
    assert [result.cost.unseen for result in record.results] == [{"3": 256}, {"3": 512}] + [None] * 2
    told = [note for note in bench(record).notes if "torch counts" in note]
    assert told == [f"{record.results[0].case.label}: in the same pass, torch counts 256 FLOPs more in 3"]


@pytest.mark.usefixtures("on_cpu")
def test_energy_is_refused_where_no_counter_is_read() -> None:
    with pytest.raises(RequestError, match="--energy needs a CUDA device"):
        measured(energy=True)


def under(roofs: list[Result], floor_ms: float = 5.0, arithmetic_ms: float = 1.0) -> Iterator[Result]:
    return under_one_roof(roofs, Plan(), lambda case, ceilings: (floor_ms, arithmetic_ms))


def roofed(flop_per_s: float, bytes_per_s: float, **changes: Any) -> Result:
    """A result whose ceilings were measured as so much."""
    found = replace(CEILINGS, flop_per_s=flop_per_s, bytes_per_s=bytes_per_s)
    played = raw("cuda:0", precision="bf16", ceilings_after=found)
    return result(replace(played, case=replace(played.case, **changes)))


def test_results_of_one_device_stand_under_its_highest_ceilings() -> None:
    first, second = roofed(2e14, 3e12), roofed(1e14, 4e12, layout="channels_last")
    more_threads, lost = roofed(9e14, 9e12, threads=2), result(raw("cuda:0", status="oom"))
    one, other, more, none = under([first, second, more_threads, lost])
    assert one.ceilings is not None
    assert other.ceilings is not None
    assert more.ceilings is not None
    assert (one.ceilings.flop_per_s, one.ceilings.bytes_per_s) == (2e14, 4e12)
    assert (other.ceilings.flop_per_s, other.ceilings.bytes_per_s) == (2e14, 4e12)
    assert (one.ceilings.each, other.ceilings.each) == ((Roof(2e14, 3e12),), (Roof(1e14, 4e12),)), "each as measured"
    assert (more.ceilings.flop_per_s, none.ceilings) == (9e14, None)


def test_an_inference_is_held_to_the_floor_and_a_training_step_has_none() -> None:
    inference, step = under([roofed(2e14, 3e12), roofed(2e14, 3e12, task="train")], floor_ms=11.0, arithmetic_ms=11.0)
    assert inference.ceilings is not None
    assert step.ceilings is not None
    assert (inference.ceilings.floor_ms, step.ceilings.floor_ms) == (11.0, None)
    assert (failed(inference), failed(step)) == (["device-time-above-floor"], [])


def test_the_floor_is_asked_for_at_the_ceilings_that_count() -> None:
    asked: list[tuple[int, float, float]] = []

    def least_time(case: Case, ceilings: Ceilings) -> tuple[float, float]:
        asked.append((case.batch_size, ceilings.flop_per_s, ceilings.bytes_per_s))
        return 5.0, 1.0

    [*under_one_roof([roofed(2e14, 3e12), roofed(1e14, 4e12, batch_size=1)], Plan(), least_time)]
    assert asked == [(8, 2e14, 4e12), (1, 2e14, 4e12)]


def test_the_floor_of_a_run_is_the_least_time_at_its_ceilings(laid_out_json: str) -> None:
    (result,) = from_json(laid_out_json).results
    assert result.ceilings is not None

    def least_ms(ceilings: Ceilings) -> float:
        device = device_from_ceilings(ceilings)
        return 1e3 * total_of(floors(measured_graph(result), device, device.precision).values()).floor_s

    assert result.ceilings.floor_ms == pytest.approx(least_ms(result.ceilings))
    twice = replace(
        result.ceilings, flop_per_s=2 * result.ceilings.flop_per_s, bytes_per_s=2 * result.ceilings.bytes_per_s
    )
    assert least_ms(twice) == pytest.approx(result.ceilings.floor_ms / 2)
