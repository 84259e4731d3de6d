"""One arm of a benchmark in a process of its own: a job and requests are JSON lines on stdin, answers go to a pipe."""

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.worker import energy, gpu, marks, memory, sampling, stream
from resnet_inspect.benchmark.worker import page_faults as pages
from resnet_inspect.benchmark.worker import reference_workload as yardstick
from resnet_inspect.benchmark.worker.prepare import Ready, agreement, prepare
from resnet_inspect.errors import InspectError
from resnet_inspect.graph import Graph
from resnet_inspect.resnet.fields import from_mapping
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.runtime import code as sources
from resnet_inspect.runtime.ceilings import ceilings
from resnet_inspect.runtime.environment import flags
from resnet_inspect.runtime.trace import trace

PHASE_CALLS, LEAST_PHASE_CALLS = 10, 2
MOST_DEVICE_CALLS = 300  # of a round: each waits a millisecond or more behind the sleep that fills the queue
CALLS_AHEAD = 10  # of what waits to be asked for: a replay takes microseconds to enqueue and milliseconds to run
CLOCK = time.perf_counter_ns
# Where every algorithm that cuDNN tries, or a graph being captured, found no memory, torch says this instead.
NO_ROOM = ("unable to find an engine", "previous error during capture")


def main(answers: int) -> None:
    """Answer until stdin ends. Out of memory is an answer; any other failure is left to end the process."""
    lines = iter(sys.stdin.readline, "")
    job = json.loads(next(lines))
    with os.fdopen(answers, "w", encoding="utf-8") as out:
        serve(job, map(json.loads, lines), lambda answer: print(json.dumps(answer), file=out, flush=True))


def serve(job: dict[str, Any], requests: Iterator[dict[str, Any]], answer: Callable[[dict[str, Any]], None]) -> None:
    case = Case(**{**job["config"], "input": tuple(job["config"]["input"])})
    plan = Plan(**job["protocol"])
    net, graph = _net(job, case, plan.seed)
    inference = torch.inference_mode(case.task == "infer")
    ready: Ready | None = None
    for request in requests:
        try:
            if ready is None:
                known = {"gpu": gpu.describe(_index(case))} if case.device.startswith("cuda") else {}
                ready = prepare(case, graph, plan.seed, net)
                answer({"captured_ms": ready.captured_ms, "flags": flags(), **known})
                continue
            with inference:
                answer(ANSWERS[request["do"]](ready, case, plan, request))
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error):
                raise
            answer({"lost": "oom", "detail": str(error).splitlines()[0][:200]})
    gc.unfreeze()


def _net(job: dict[str, Any], case: Case, seed: int) -> tuple[nn.Module | None, Graph]:
    """The graph of what is measured, and the module itself where that is code."""
    n, c, h, w = case.input
    if "spec" in job:
        return None, lower(from_mapping(ResNetSpec(), job["spec"]), case.model, (n, c, h, w))
    torch.manual_seed(seed)
    net = sources.make(job["code"])
    return net, trace(net, (n, c, h, w), case.model)


def warm(ready: Ready, case: Case, plan: Plan, request: dict[str, Any]) -> dict[str, Any]:
    cuda, captured = case.device.startswith("cuda"), "graph" in case.mode
    if cuda:
        torch.cuda.reset_peak_memory_stats(case.device)
    result = sampling.warm_up(_waiting(ready), CLOCK, plan)
    # A captured graph made its first call before; on a CPU nothing keeps a peak.
    peak = torch.cuda.memory_stats(case.device)["requested_bytes.all.peak"] if cuda and not captured else None
    gc.collect()
    gc.freeze()
    ready.graphs = _compiled_graphs(case)
    return {**asdict(result), "graphs_before": ready.graphs, "first_peak_bytes": peak}


def one_call(ready: Ready, case: Case, plan: Plan, request: dict[str, Any]) -> dict[str, Any]:
    start = CLOCK()
    _waiting(ready)()
    return {"ms": (CLOCK() - start) / 1e6}


def measured_memory(ready: Ready, case: Case, plan: Plan, request: dict[str, Any]) -> dict[str, Any]:
    """What the pass asks of the allocator, weights, buffers, input and optimizer state included."""
    resident = sum(t.numel() * t.element_size() for t in [*ready.net.parameters(), *ready.net.buffers()])
    element = next(ready.net.parameters()).element_size()
    resident += element * torch.Size(case.input).numel()
    if ready.optimizer is not None:
        ready.optimizer.zero_grad(set_to_none=True)
        states = [t for s in ready.optimizer.state.values() for t in s.values() if isinstance(t, torch.Tensor)]
        resident += sum(t.numel() * t.element_size() for t in states)
    process = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    known: dict[str, Any] = {"process_bytes": process, "allocated_bytes": None, "reserved_bytes": None}
    device = torch.device(case.device)
    if "graph" in case.mode:
        return {**known, "requested_bytes": None, "reason": "a replay asks for nothing: the graph keeps its memory"}
    if device.type == "cuda":
        torch.cuda.empty_cache()
        asked = memory.requested_on_cuda(ready.run, device)
        known["allocated_bytes"] = torch.cuda.max_memory_allocated(device)
        known["reserved_bytes"] = torch.cuda.max_memory_reserved(device)
    elif device.type == "cpu" and case.mode == "eager":
        asked = memory.requested_on_cpu(ready.run)
    else:
        return {**known, "requested_bytes": None, "reason": f"not known of {case.mode} on {device.type}"}
    return {**known, "requested_bytes": resident + asked.peak_bytes, "workspace_bytes": asked.workspace_bytes}


def one_round(ready: Ready, case: Case, plan: Plan, request: dict[str, Any]) -> dict[str, Any]:
    call, kind = _waiting(ready), torch.device(case.device).type
    pieces = yardstick.milliseconds() if kind == "cpu" else None
    sampling.rewarm(call, CLOCK, request["rewarm"])
    fetched = pages.faults()
    latency, share = sampling.watched(call, CLOCK, request["seconds"], request["at_least"])
    faults = (pages.faults() - fetched) / len(latency)
    expected = sorted(latency)[len(latency) // 2]
    block = sampling.block(ready.run, ready.sync, CLOCK, plan.block_s, expected)
    result: dict[str, Any] = {"latency": latency, "block": block, "recompiled": _compiled_graphs(case) - ready.graphs}
    if kind == "cpu":  # who waits for a device needs no CPU
        result["clocks"] = {"cpu_share": share, "faults_per_call": faults, "yardstick_ms": pieces}
    if kind == "cuda":
        result["clocks"] = _clocks_under_load(ready, case)
    if kind == "cuda" and not case.waits_inside:
        calls = min(len(latency), MOST_DEVICE_CALLS)
        result["enqueue"] = stream.enqueue(ready.run, ready.sync, calls)
        result["device_time"] = stream.device_time(ready.run, ready.sync, calls, result["enqueue"])
    return result


def room(ready: Ready, case: Case, plan: Plan, request: dict[str, Any]) -> dict[str, Any]:
    """Bytes of the GPU that nothing has yet."""
    return {"bytes": torch.cuda.mem_get_info(case.device)[0]}


def phases(ready: Ready, case: Case, plan: Plan, request: dict[str, Any]) -> dict[str, Any]:
    """Mean milliseconds of forward, backward and optimizer over common steps, so that they add up to the step."""
    assert ready.step is not None
    forward, backward, step = ready.step
    sums, steps, end = [0, 0, 0, 0], 0, CLOCK() + int(plan.max_time_s * 1e9)
    while steps < PHASE_CALLS and (steps < LEAST_PHASE_CALLS or CLOCK() < end):
        times = [CLOCK()]
        loss = forward()
        ready.sync()
        times.append(CLOCK())
        backward(loss)
        ready.sync()
        times.append(CLOCK())
        step()
        ready.sync()
        times.append(CLOCK())
        sums = [known + t - times[0] for known, t in zip(sums, times, strict=True)]
        steps += 1
    ms = [known / steps / 1e6 for known in sums]
    return {"forward_ms": ms[1], "backward_ms": ms[2] - ms[1], "optimizer_ms": ms[3] - ms[2], "step_ms": ms[3]}


def stage(ready: Ready, case: Case, plan: Plan, request: dict[str, Any]) -> dict[str, Any]:
    return marks.play(ready, case, plan, "stage")


def layer(ready: Ready, case: Case, plan: Plan, request: dict[str, Any]) -> dict[str, Any]:
    return marks.play(ready, case, plan, "layer")


def joules(ready: Ready, case: Case, plan: Plan, request: dict[str, Any]) -> dict[str, Any]:
    if not case.device.startswith("cuda"):
        return {"reason": f"{case.device} has no counter of energy that NVML reads"}

    def counted() -> Any:
        return gpu.clocks(_index(case))["energy_j"]

    known = gpu.clocks(_index(case))
    if known["energy_j"] is None:
        return {"reason": known["reason"]}
    return energy.per_image(counted, ready.run, ready.sync, case.batch_size)


def measured_ceilings(ready: Ready, case: Case, plan: Plan, request: dict[str, Any]) -> dict[str, Any]:
    """What the device can do at most, measured where the rounds were."""
    try:
        return ceilings(case.device, case.precision.removeprefix("amp-"), case.threads)
    except InspectError as error:
        return {"reason": error.message}


def after(ready: Ready, case: Case, plan: Plan, request: dict[str, Any]) -> dict[str, Any]:
    """What is asked at the end: whether the timed path gives the right outputs, how many graphs torch.compile made."""
    finite, error = agreement(ready, case)
    clocks = gpu.clocks(_index(case)) if case.device.startswith("cuda") else None
    graphs = _compiled_graphs(case)
    return {"finite": finite, "error": error, "graphs": graphs, "clocks": clocks, "fault_us": pages.cost_us()}


def _index(case: Case) -> int:
    return torch.device(case.device).index or 0


def _compiled_graphs(case: Case) -> int:
    if "compile" not in case.mode:
        return 0
    from torch._dynamo.utils import counters  # a second of import, for compiled arms alone

    return int(counters["stats"]["unique_graphs"])


def _waiting(ready: Ready) -> Callable[[], object]:
    def call() -> None:
        ready.run()
        ready.sync()

    return call


def _clocks_under_load(ready: Ready, case: Case) -> dict[str, object]:
    """How the GPU does while it works, for as long as NVML takes to tell; of an idle one nothing shows."""
    with ThreadPoolExecutor(1) as asking:
        known = asking.submit(gpu.clocks, _index(case))
        while not known.done():
            for _ in range(CALLS_AHEAD):
                ready.run()
            ready.sync()
    return known.result()


def _is_out_of_memory(error: BaseException) -> bool:
    """torch's own error, or those that CUDA, cuBLAS, cuDNN and the CPU allocator give as a RuntimeError."""
    signs = ("allocate memory", "out of memory", "ALLOC_FAILED", "ALLOCATION_FAILED", *NO_ROOM)
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(sign in str(error) for sign in signs)


ANSWERS: dict[str, Callable[[Ready, Case, Plan, dict[str, Any]], dict[str, Any]]] = {
    "warm": warm,
    "call": one_call,
    "memory": measured_memory,
    "round": one_round,
    "room": room,
    "phases": phases,
    "after": after,
    "stage": stage,
    "layer": layer,
    "energy": joules,
    "ceilings": measured_ceilings,
}

if __name__ == "__main__":
    main(int(sys.argv[1]))
