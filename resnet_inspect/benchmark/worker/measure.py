"""What a worker measures: one function a request, on a case that is ready."""

import gc
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean

import torch

from resnet_inspect.benchmark import messages
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import (
    CallTime,
    CpuRound,
    Energy,
    Finished,
    FreeMemory,
    MarkedCalls,
    MeasuredMemory,
    Phases,
    RoundSamples,
    RoundState,
    Unavailable,
    Unwatched,
    WarmedUp,
)
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.worker import (
    cpu_time,
    energy,
    marked_calls,
    page_faults,
    reference_workload,
    requested_memory,
    stream,
    timing,
)
from resnet_inspect.benchmark.worker.prepare import Ready, agreement
from resnet_inspect.errors import InspectError
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.gpu import GpuState
from resnet_inspect.runtime import gpu
from resnet_inspect.runtime.ceilings import ceilings

PHASE_CALLS, LEAST_PHASE_CALLS = 10, 2
MOST_DEVICE_CALLS = 300  # of a round: each waits a millisecond or more behind the sleep that fills the queue
CALLS_AHEAD = 10  # enqueued between two looks at NVML: a replay takes microseconds to enqueue, milliseconds to run
CLOCK = time.perf_counter_ns


def warm_up(ready: Ready, case: Case, plan: Plan) -> WarmedUp:
    on_cuda = case.kind == "cuda"
    if on_cuda:
        torch.cuda.reset_peak_memory_stats(case.device)
    warmth = timing.warm_up(_waiting(ready), CLOCK, plan)
    # A captured graph made its first call before; on a CPU nothing keeps a peak.
    kept = on_cuda and not case.is_captured
    peak = torch.cuda.memory_stats(case.device)["requested_bytes.all.peak"] if kept else None
    gc.collect()
    gc.freeze()
    ready.compiled_graphs = _compiled_graphs(case)
    return WarmedUp(warmth.first_ms, warmth.calls, warmth.seconds, warmth.settled, ready.compiled_graphs, peak)


def sample_round(ready: Ready, case: Case, plan: Plan) -> RoundSamples:
    call = _waiting(ready)
    reference_ms = reference_workload.milliseconds() if case.kind == "cpu" else []
    timing.rewarm(call, CLOCK, plan.rewarm_s)
    faults_before = page_faults.faults()
    at_least = -(-plan.min_samples // plan.rounds)
    before = cpu_time.read()
    latency, cpu_share = timing.watched(call, CLOCK, plan.min_round_s, at_least)
    had = cpu_time.shares(before, cpu_time.read(), cpu_share)
    faults_per_call = (page_faults.faults() - faults_before) / len(latency)
    expected_ms = sorted(latency)[len(latency) // 2]
    block_calls, block_ms = timing.block(ready.run, ready.sync, CLOCK, plan.block_s, expected_ms)
    state: RoundState = Unwatched()
    enqueue = device_time = None
    if case.kind == "cpu":  # whoever waits for a device needs no CPU
        state = CpuRound(cpu_share, faults_per_call, tuple(reference_ms), had.robbed, had.waiting)
    if case.kind == "cuda":
        state = _gpu_under_load(ready, case)
    if case.kind == "cuda" and not case.waits_inside:
        calls = min(len(latency), MOST_DEVICE_CALLS)
        enqueue = stream.enqueue(ready.run, ready.sync, calls)
        device_time = stream.device_time(ready.run, ready.sync, calls, enqueue)
    return RoundSamples(
        latency_ms=tuple(latency),
        block_calls=block_calls,
        block_ms=block_ms,
        state=state,
        recompiled_graphs=_compiled_graphs(case) - ready.compiled_graphs,
        enqueue_ms=tuple(enqueue) if enqueue else None,
        device_time_ms=tuple(device_time) if device_time else None,
    )


def measure_memory(ready: Ready, case: Case, plan: Plan) -> MeasuredMemory:
    """What the call asks of the allocator, weights, buffers, input and optimizer state included."""
    resident = _bytes([*ready.net.parameters(), *ready.net.buffers()])
    resident += next(ready.net.parameters()).element_size() * torch.Size(case.input).numel()
    if ready.optimizer is not None:
        ready.optimizer.zero_grad(set_to_none=True)
        states = [t for s in ready.optimizer.state.values() for t in s.values() if isinstance(t, torch.Tensor)]
        resident += _bytes(states)
    process_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if case.is_captured:
        reason = "a replay asks for nothing: the graph keeps its memory"
        return MeasuredMemory(requested_bytes=None, process_bytes=process_bytes, reason=reason)
    device = torch.device(case.device)
    allocated = reserved = None
    if case.kind == "cuda":
        torch.cuda.empty_cache()
        asked = requested_memory.requested_on_cuda(ready.run, device)
        allocated, reserved = torch.cuda.max_memory_allocated(device), torch.cuda.max_memory_reserved(device)
    elif case.kind == "cpu" and case.mode == "eager":
        asked = requested_memory.requested_on_cpu(ready.run)
    else:
        reason = f"not known of {case.mode} on {case.kind}"
        return MeasuredMemory(requested_bytes=None, process_bytes=process_bytes, reason=reason)
    return MeasuredMemory(
        requested_bytes=resident + asked.peak_bytes,
        process_bytes=process_bytes,
        allocated_bytes=allocated,
        reserved_bytes=reserved,
        workspace_bytes=asked.workspace_bytes,
    )


def measure_phases(ready: Ready, case: Case, plan: Plan) -> Phases:
    assert ready.step is not None
    forward, backward, step = ready.step
    steps: list[tuple[float, float, float]] = []
    end = CLOCK() + int(plan.max_time_s * 1e9)
    while len(steps) < PHASE_CALLS and (len(steps) < LEAST_PHASE_CALLS or CLOCK() < end):
        start = CLOCK()
        loss = forward()
        ready.sync()
        forwarded = CLOCK()
        backward(loss)
        ready.sync()
        backwarded = CLOCK()
        step()
        ready.sync()
        steps.append(((forwarded - start) / 1e6, (backwarded - forwarded) / 1e6, (CLOCK() - backwarded) / 1e6))
    forward_ms, backward_ms, optimizer_ms = (fmean(phase) for phase in zip(*steps, strict=True))
    return Phases(forward_ms, backward_ms, optimizer_ms, forward_ms + backward_ms + optimizer_ms, tuple(steps))


def mark_stages(ready: Ready, case: Case, plan: Plan) -> MarkedCalls:
    return marked_calls.play(ready, case, plan, "stage")


def mark_layers(ready: Ready, case: Case, plan: Plan) -> MarkedCalls:
    return marked_calls.play(ready, case, plan, "layer")


def measure_energy(ready: Ready, case: Case, plan: Plan) -> Energy:
    if case.kind != "cuda":
        raise Unavailable(f"{case.device} has no counter of energy that NVML reads")
    state = gpu.read_state(_index(case))
    if state.energy_j is None:
        raise Unavailable(state.reason or "NVML does not tell the energy")
    return energy.per_image(lambda: gpu.read_state(_index(case)).energy_j, ready.run, ready.sync, case.batch_size)


def measure_ceilings(ready: Ready, case: Case, plan: Plan) -> Ceilings:
    try:
        return ceilings(case.device, case.arithmetic, case.threads)
    except InspectError as error:
        raise Unavailable(error.message) from None


def finish(ready: Ready, case: Case, plan: Plan) -> Finished:
    finite, relative_error = agreement(ready, case)
    state = gpu.read_state(_index(case)) if case.kind == "cuda" else None
    return Finished(finite, relative_error, _compiled_graphs(case), state, page_faults.cost_us())


def time_call(ready: Ready, case: Case, plan: Plan) -> CallTime:
    start = CLOCK()
    _waiting(ready)()
    return CallTime((CLOCK() - start) / 1e6)


def read_free_memory(ready: Ready, case: Case, plan: Plan) -> FreeMemory:
    return FreeMemory(torch.cuda.mem_get_info(case.device)[0])


def _index(case: Case) -> int:
    return torch.device(case.device).index or 0


def _bytes(tensors: list[torch.Tensor]) -> int:
    return sum(t.numel() * t.element_size() for t in tensors)


def _compiled_graphs(case: Case) -> int:
    if not case.is_compiled:
        return 0
    from torch._dynamo.utils import counters  # a second of import, for compiled cases only

    return int(counters["stats"]["unique_graphs"])


def _waiting(ready: Ready) -> Callable[[], object]:
    def call() -> None:
        ready.run()
        ready.sync()

    return call


def _gpu_under_load(ready: Ready, case: Case) -> GpuState:
    """The GPU's state while it works, for as long as NVML takes to tell; an idle one shows nothing."""
    with ThreadPoolExecutor(1) as asking:
        state = asking.submit(gpu.read_state, _index(case))
        while not state.done():
            for _ in range(CALLS_AHEAD):
                ready.run()
            ready.sync()
    return state.result()


Answers = dict[str, Callable[[Ready, Case, Plan], object]]
ANSWERS: Answers = {
    messages.WARM_UP.name: warm_up,
    messages.MEMORY.name: measure_memory,
    messages.ROUND.name: sample_round,
    messages.FINISH.name: finish,
    messages.PHASES.name: measure_phases,
    messages.STAGE.name: mark_stages,
    messages.LAYER.name: mark_layers,
    messages.ENERGY.name: measure_energy,
    messages.CEILINGS.name: measure_ceilings,
    messages.CALL.name: time_call,
    messages.FREE_MEMORY.name: read_free_memory,
}
