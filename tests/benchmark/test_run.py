"""A benchmark from request to Record, with workers that are fakes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import resnet_inspect as api
from resnet_inspect import sources
from resnet_inspect.benchmark import assemble
from resnet_inspect.benchmark import run as benchmark
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.largest import WORKER_BYTES
from resnet_inspect.benchmark.largest import largest as largest_batch
from resnet_inspect.benchmark.record import Record, Result, from_json, to_json
from resnet_inspect.benchmark.request import predicted_of
from resnet_inspect.benchmark.schedule import RawResult, WorkerLost
from resnet_inspect.errors import MachineError
from resnet_inspect.hardware.machine import Grade

CONFIG = Case("resnet18", "cpu", 1, (1, 3, 64, 64), "infer", "fp32", "contiguous", "eager", 1)
MIB = 2**20


class Fake:
    """A worker that runs out of memory beyond ``limit`` images; a call takes ``ms`` for each, the first one 50 more."""

    asked: list[int] = []  # noqa: RUF012  # reset by each test
    room = 0

    def __init__(self, case: Case, limit: int, ms: Callable[[int], float]) -> None:
        self.case, self.limit, self.ms, self.calls = case, limit, ms, 0

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["do"] == "prepare":
            Fake.asked.append(self.case.batch_size)
        if self.case.batch_size > self.limit:
            raise WorkerLost("oom")
        self.calls += request["do"] == "call"
        assert request["do"] in ("prepare", "call", "room")
        return {"ms": self.ms(self.case.batch_size) + 50 * (self.calls == 1), "bytes": Fake.room}

    def close(self) -> None:
        pass


def largest(
    limit: int,
    room: int,
    ms: Callable[[int], float] = lambda n: 0.1 * n,
    device: str = "cpu",
    mode: str = "eager",
    room_bytes: int = 500 * MIB,
) -> int:
    Fake.asked, Fake.room = [], room_bytes
    found, case = sources.find_variant("resnet18"), replace(CONFIG, device=device, mode=mode)
    available = WORKER_BYTES + room
    return largest_batch(case, found, lambda c: Fake(c, limit, ms), available, lambda line: None).batch_size


def test_the_largest_batch_is_the_one_that_is_predicted_to_fit() -> None:
    n = largest(10**9, 500 * MIB)
    assert Fake.asked == [2, n]
    peak = [predicted_of(CONFIG, sources.graph_of(sources.find("resnet18"), (m, 3, 64, 64))) for m in (n, n + 1)]
    assert peak[0]["peak_bytes"] <= 500 * MIB < peak[1]["peak_bytes"]


def test_a_prediction_that_does_not_hold_is_tried_smaller() -> None:
    n = largest(100, 500 * MIB)
    assert 90 <= n <= 100
    assert Fake.asked[0] == 2
    assert Fake.asked[1:] == sorted(Fake.asked[1:], reverse=True)


@pytest.mark.parametrize(
    ("ms", "asked"),
    [
        (lambda n: 40.0 * n, [2, 25]),
        (lambda n: 400.0 * n, [2]),
        (lambda n: 3000.0 * n, [2, 1]),  # not even one does: it is the least there is
        (lambda n: 40.0 * n if n < 20 else 80.0 * n, [2, 25, 12]),  # what leaves the caches is slower
        (lambda n: 20.0 + 5.0 * n, [2, 66, 188]),  # what a call costs whatever its batch
    ],
)
def test_on_a_cpu_the_largest_batch_is_one_of_a_second(ms: Callable[[int], float], asked: list[int]) -> None:
    assert largest(10**9, 500 * MIB, ms) == asked[-1]
    assert Fake.asked == asked


def test_a_gpu_is_filled_however_long_its_call() -> None:
    n = largest(10**9, 0, lambda n: 3000.0 * n, "cuda:0")
    assert Fake.asked == [1, n], "how much room there is was asked first"
    assert n > 100


def test_on_a_gpu_what_no_prediction_is_of_is_tried_until_it_no_longer_fits() -> None:
    predicted = largest(10**9, 0, device="cuda:0")
    n = largest(int(1.3 * predicted), 0, device="cuda:0", mode="compile")
    assert Fake.asked == [1, predicted, n, 6 * n // 5 + 1]
    assert predicted < n <= 1.3 * predicted


def test_no_tensor_has_more_elements_than_kernels_can_index() -> None:
    n = largest(10**9, 0, device="cuda:0", room_bytes=2**50)
    graph = sources.graph_of(sources.find("resnet18"), (n, 3, 64, 64))
    assert 0.99 * 2**31 < max(node.out.numel for node in graph.nodes) < 2**31


def test_a_worker_that_ends_otherwise_is_no_question_of_memory() -> None:
    def start(case: Case) -> Fake:
        fake = Fake(case, 10**9, float)
        fake.ask = lost  # the fake of a fake
        return fake

    def lost(request: Mapping[str, Any]) -> dict[str, Any]:
        raise WorkerLost("crashed", "exit code 1: no such kernel")

    with pytest.raises(MachineError, match="crashed, exit code 1") as refused:
        largest_batch(CONFIG, sources.find_variant("resnet18"), start, 2 * WORKER_BYTES, lambda line: None)
    assert refused.value.hint == "give a --batch-size"


def test_a_machine_on_which_no_image_fits_is_said_to_be() -> None:
    with pytest.raises(MachineError, match="not even one image"):
        largest(0, 500 * MIB)


def test_an_arm_holds_what_was_measured_beside_what_was_predicted(record_json: str) -> None:
    (result,) = from_json(record_json).results
    assert (result.status, result.valid) == ("ok", True)
    assert result.memory["measured"]["requested_bytes"] == pytest.approx(
        result.memory["predicted"]["peak_bytes"], rel=0.02
    )
    assert result.cost["params"] == 11_689_512
    assert len(result.paces_ms) == len(result.metrics["latency"].round_lengths), "a yardstick beside every round"
    assert result.metrics["device_time"] is None
    assert "device_time" in result.unknown


CLEAN = {"letter": "B", "reasons": ["governor powersave, not performance"]}


class Played:
    """A worker with nothing to say but that all is well, of a GPU with two other processes on it."""

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "prepare": {"captured_ms": None, "gpu": {"name": "a", "processes": 3}},
            "warm": {"first_ms": 1.0, "calls": 20, "seconds": 0.5, "settled": True, "graphs_before": 0},
            "memory": {"requested_bytes": 1},
            "round": {"latency": [1.0] * 10, "block": [10, 10.0]},
            "after": {"finite": True, "error": 0.0, "graphs": 0, "clocks": None},
        }[request["do"]]

    def close(self) -> None:
        pass


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"device": "cpu", "precision": "fp32", "versions": {"torch": "2.15.0"}}
    monkeypatch.setattr(benchmark, "probe", lambda device: known)
    monkeypatch.setattr(benchmark, "ProcessWorker", lambda job: Played())
    grades = {True: CLEAN, False: {"letter": "B", "reasons": [*CLEAN["reasons"], "2 other processes on the GPU"]}}
    monkeypatch.setattr(benchmark.machines, "grade", lambda machine, gpu=None: Grade(**grades[gpu is None]))


@pytest.mark.usefixtures("played")
def test_of_two_grades_of_one_letter_the_one_with_more_reasons_is_kept() -> None:
    record = api.bench("resnet18", device="cpu", input=(1, 3, 32, 32), quick=True)
    assert record.environment["grade"]["reasons"][-1] == "2 other processes on the GPU"


@pytest.mark.usefixtures("played")
def test_a_record_in_memory_and_its_file_are_of_one_net(tmp_path: Path) -> None:
    def measured() -> Record:
        return api.bench("resnet18", device="cpu", input=(1, 3, 32, 32), max_time_s=0.1)

    (tmp_path / "old.json").write_text(to_json(measured()), encoding="utf-8")
    assert api.verdict(tmp_path / "old.json", measured()).ok


@pytest.mark.usefixtures("played")
def test_ctrl_c_while_samples_are_looked_at_loses_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def result(raw: RawResult, *rest: Any) -> Result:
        looked.append(raw.case.model)
        if len(looked) == 1:
            raise KeyboardInterrupt
        return assemble.result_of(raw, *rest)

    monkeypatch.setattr(benchmark, "result_of", result)
    record = api.bench("resnet18", device="cpu", input=(1, 3, 32, 32), max_time_s=0.1)
    assert [one.status for one in record.results] == ["ok"]
    assert looked == ["resnet18"] * 2


def test_arms_of_one_device_have_one_roof() -> None:
    """Ceilings that were measured beside each arm, of which the highest can be reached by all."""

    def result(batch_size: int, flop_per_s: float, bytes_per_s: float, **changes: Any) -> Result:
        ceilings = {"device": "cpu", "title": "a", "precision": "fp32", "flop_per_s": flop_per_s, "source": "",
                    "bytes_per_s": bytes_per_s, "flop_spread": 0.0, "bytes_spread": 0.0}  # fmt: skip
        case = replace(CONFIG, batch_size=batch_size, input=(batch_size, 3, 64, 64), **changes)
        return Result(case, "ok", True, ceilings=ceilings)

    results = [result(1, 2e11, 3e10), result(1, 1e11, 4e10, layout="channels_last"), result(1, 9e11, 9e10, threads=2)]
    results.append(Result(replace(CONFIG, mode="compile"), "oom", False))
    graphs = {one.case: sources.graph_of(sources.find("resnet18"), one.case.input) for one in results}
    one, other, more, lost = benchmark._roofed(results, graphs)
    assert one.ceilings == other.ceilings
    assert (one.ceilings["flop_per_s"], one.ceilings["bytes_per_s"]) == (2e11, 4e10)
    assert more.ceilings["floor_ms"] < one.ceilings["floor_ms"]
    assert lost.ceilings is None
