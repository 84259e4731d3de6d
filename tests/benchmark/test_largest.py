"""The largest batch that fits, with workers that are fakes."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.largest import WORKER_BYTES, find_largest
from resnet_inspect.benchmark.messages import CallTime, FreeMemory, Request, WorkerLost
from resnet_inspect.benchmark.request import predict_memory
from resnet_inspect.errors import MachineError
from resnet_inspect.vocabulary import Mode

A = TypeVar("A")

CASE = Case("resnet18", "cpu", 1, (1, 3, 64, 64), "infer", "fp32", "contiguous", "eager", 1)
NET = sources.find("resnet18")
MIB = 2**20


class Fake:
    """A worker that runs out of memory beyond ``limit`` images; a call takes ``ms`` for each, the first one 50 more."""

    prepared: list[int] = []  # noqa: RUF012  # the batch sizes of all fakes; reset by each test
    free_bytes = 0

    def __init__(self, case: Case, limit: int, ms: Callable[[int], float]) -> None:
        self.case, self.limit, self.ms, self.calls = case, limit, ms, 0

    def ask(self, request: Request[A]) -> A:
        assert request.name in ("prepare", "call", "free-memory")
        if request.name == "prepare":
            Fake.prepared.append(self.case.batch_size)
        if self.case.batch_size > self.limit:
            raise WorkerLost("oom")
        self.calls += request.name == "call"
        answers = {
            "call": CallTime(self.ms(self.case.batch_size) + 50 * (self.calls == 1)),
            "free-memory": FreeMemory(Fake.free_bytes),
        }
        return answers.get(request.name)  # type: ignore[return-value]  # nobody reads what a fake was prepared with

    def close(self) -> None:
        pass


def largest(
    limit: int,
    available: int,
    ms: Callable[[int], float] = lambda n: 0.1 * n,
    device: str = "cpu",
    mode: Mode = "eager",
    free_bytes: int = 500 * MIB,
) -> int:
    """``available`` is a CPU's memory besides torch, ``free_bytes`` a GPU's."""
    Fake.prepared, Fake.free_bytes = [], free_bytes
    case = replace(CASE, device=device, mode=mode)
    found = find_largest(case, NET, lambda c: Fake(c, limit, ms), WORKER_BYTES + available, lambda line: None)
    return found.batch_size


def predicted_bytes(n: int) -> int:
    predicted = predict_memory(CASE, sources.graph_of(NET, (n, 3, 64, 64)))
    assert predicted is not None
    return predicted.peak_bytes


def test_the_largest_batch_is_the_one_that_is_predicted_to_fit() -> None:
    n = largest(10**9, 500 * MIB)
    assert Fake.prepared == [2, n]
    assert predicted_bytes(n) <= 500 * MIB < predicted_bytes(n + 1)


def test_a_prediction_that_does_not_hold_is_tried_smaller() -> None:
    n = largest(100, 500 * MIB)
    assert 90 <= n <= 100
    assert Fake.prepared[0] == 2
    assert Fake.prepared[1:] == sorted(Fake.prepared[1:], reverse=True)


@pytest.mark.parametrize(
    ("ms", "prepared"),
    [
        (lambda n: 40.0 * n, [2, 25]),
        (lambda n: 400.0 * n, [2]),
        (lambda n: 3000.0 * n, [2, 1]),  # not even one does: it is the least there is
        (lambda n: 40.0 * n if n < 20 else 80.0 * n, [2, 25, 12]),  # what leaves the caches is slower
        (lambda n: 20.0 + 5.0 * n, [2, 66, 188]),  # a call costs something whatever its batch
    ],
)
def test_on_a_cpu_the_largest_batch_is_one_of_a_second(ms: Callable[[int], float], prepared: list[int]) -> None:
    assert largest(10**9, 500 * MIB, ms) == prepared[-1]
    assert Fake.prepared == prepared


def test_a_gpu_is_filled_however_long_its_call() -> None:
    n = largest(10**9, 0, lambda n: 3000.0 * n, "cuda:0")
    assert Fake.prepared == [1, n], "the free memory was asked for first"
    assert n > 100


def test_on_a_gpu_a_case_without_a_prediction_is_tried_until_it_no_longer_fits() -> None:
    predicted = largest(10**9, 0, device="cuda:0")
    n = largest(int(1.3 * predicted), 0, device="cuda:0", mode="compile")
    assert Fake.prepared == [1, predicted, n, 6 * n // 5 + 1]
    assert predicted < n <= 1.3 * predicted


def test_no_tensor_has_more_elements_than_kernels_can_index() -> None:
    n = largest(10**9, 0, device="cuda:0", free_bytes=2**50)
    graph = sources.graph_of(NET, (n, 3, 64, 64))
    assert 0.99 * 2**31 < max(node.out.numel for node in graph.nodes) < 2**31


class Broken(Fake):
    """A worker that is lost, but not for want of memory."""

    def ask(self, request: Request[A]) -> A:
        raise WorkerLost("crashed", "exit code 1: no such kernel")


@pytest.mark.parametrize(
    ("device", "message", "hint"),
    [
        ("cpu", "crashed, exit code 1", "give a --batch-size"),
        ("cuda:0", "crashed: exit code 1", "give a smaller --input"),
    ],
)
def test_a_worker_that_crashes_says_nothing_of_memory(device: str, message: str, hint: str) -> None:
    case = replace(CASE, device=device)
    with pytest.raises(MachineError, match=message) as refused:
        find_largest(case, NET, lambda c: Broken(c, 10**9, float), 2 * WORKER_BYTES, lambda line: None)
    assert refused.value.hint == hint


def test_a_machine_on_which_no_image_fits_is_said_to_be() -> None:
    with pytest.raises(MachineError, match="not even one image"):
        largest(0, 500 * MIB)
