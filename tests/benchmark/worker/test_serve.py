"""The worker's protocol, spoken in this process: numbered requests in, JSON answers out."""

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from resnet_inspect import sources
from resnet_inspect.benchmark import messages
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import CALL, FINISH, MEMORY, PREPARE, ROUND, WARM_UP, CallTime, Job, Request
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.worker import scaling
from resnet_inspect.benchmark.worker.measure import ANSWERS
from resnet_inspect.benchmark.worker.serve import NO_ROOM, is_out_of_memory, serve
from resnet_inspect.typed_json import decode
from resnet_inspect.vocabulary import MODES, Layout, Mode, RunPrecision, Task

CASE = Case("resnet18", "cpu", 2, (2, 3, 32, 32), "infer", "fp32", "contiguous", "eager", 1)


def written(case: Case, *requests: Request[Any]) -> list[dict[str, Any]]:
    """What a worker writes: the answer to ``prepare``, then one to each request."""
    plan = replace(
        plan_for(case.device, quick=True), max_warmup_s=0.2, block_s=0.01, min_round_s=0.0, rewarm_s=0.0, min_samples=4
    )
    lines: list[str] = []
    numbered = enumerate([request.name for request in (PREPARE, *requests)], 1)
    job = Job(case, plan, sources.find(case.model).job)
    serve(job, iter(numbered), lambda answer: lines.append(json.dumps(answer)))
    return [json.loads(line) for line in lines]


def answers(case: Case, *requests: Request[Any]) -> list[Any]:
    """The answers as the other side of the pipe reads them."""
    pairs = zip((PREPARE, *requests), written(case, *requests), strict=True)
    return [decode(request.answer, line["answer"], request.name) for request, line in pairs]


def test_every_request_has_its_answer() -> None:
    names = {message.name for message in vars(messages).values() if isinstance(message, Request)}
    assert {*ANSWERS, *scaling.ANSWERS, PREPARE.name} == names


@pytest.mark.parametrize("task", ["infer", "train"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "amp-bf16"])
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_a_case_is_measured_from_the_warm_up_to_the_last_look(
    task: Task, precision: RunPrecision, layout: Layout
) -> None:
    case = replace(CASE, task=task, precision=precision, layout=layout, batch_size=4, input=(4, 3, 64, 64))
    _, warmed_up, memory, played, finished = answers(case, WARM_UP, MEMORY, ROUND, FINISH)
    assert warmed_up.first_ms > 0
    assert memory.requested_bytes > 4e6
    assert len(played.latency_ms) >= 2
    assert finished.finite
    assert finished.relative_error is None or finished.relative_error < 2e-2


def test_the_first_answer_has_the_flags_that_torch_was_set_to() -> None:
    (prepared,) = answers(CASE)
    assert prepared.gpu is None
    assert prepared.captured_ms is None
    assert prepared.flags["threads"] == 1
    assert prepared.flags["cudnn_benchmark"] is True
    assert prepared.flags["matmul_allow_tf32"] is prepared.flags["cudnn_allow_tf32"] is False


def test_what_cannot_be_measured_is_an_answer_with_its_reason() -> None:
    _, answer = written(CASE, messages.ENERGY)
    assert answer == {"to": 2, "unavailable": "cpu has no counter of energy that NVML reads"}


@pytest.mark.parametrize("task", ["infer", "train"])
def test_inference_is_measured_without_autograd(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    modes: list[bool] = []
    monkeypatch.setitem(
        ANSWERS, CALL.name, lambda *_: modes.append(torch.is_inference_mode_enabled()) or CallTime(ms=1.0)
    )
    assert answers(replace(CASE, task=task, input=(2, 3, 64, 64)), CALL)[1:] == [CallTime(1.0)]
    assert modes == [task == "infer"]


def test_out_of_memory_is_an_answer_and_any_other_error_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(message: str) -> None:
        monkeypatch.setitem(ANSWERS, CALL.name, lambda *_: (_ for _ in ()).throw(RuntimeError(message)))

    fail("CUDA error: out of memory\nadvice on how to debug")
    assert written(CASE, CALL)[1] == {"to": 2, "lost": "oom", "detail": "CUDA error: out of memory"}
    fail("something else")
    with pytest.raises(RuntimeError, match="something else"):
        written(CASE, CALL)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"), True),
        *[(RuntimeError(f"cuDNN: {sign}"), True) for sign in NO_ROOM],
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
    ],
)
def test_out_of_memory_has_many_names(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


@pytest.mark.cuda
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("precision", ["fp32", "bf16", "amp-fp16"])
def test_a_cuda_case_has_all_four_quantities(mode: Mode, precision: RunPrecision) -> None:
    case = replace(CASE, device="cuda:0", mode=mode, precision=precision, batch_size=8, input=(8, 3, 224, 224))
    prepared, *_, played, finished = answers(case, WARM_UP, MEMORY, ROUND, FINISH)
    assert prepared.gpu.name == torch.cuda.get_device_name(0)
    assert finished.finite
    assert finished.relative_error < 2e-2
    assert min(played.enqueue_ms) > 0
    assert played.device_time_ms is None or min(played.device_time_ms) > 0
    assert min(played.latency_ms) >= 0.98 * min(played.device_time_ms or [0])
