"""Timing on a CUDA stream: what the host needs to enqueue a call, and what the device needs to carry it out."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from resnet_inspect.benchmark.statistics import quantile

SLEEP_CYCLES = 10_000_000
MOST_MS = 1000.0  # a GPU that drives a display ends a kernel after some two seconds
DRY_CALLS = 3
CLOCK = time.perf_counter_ns

Call = Callable[[], object]


def enqueue(run: Call, sync: Call, calls: int) -> list[float]:
    """Host milliseconds until each call returns. The queue starts empty: a full one makes the host wait."""
    samples = []
    for _ in range(calls):
        sync()
        start = CLOCK()
        run()
        samples.append((CLOCK() - start) / 1e6)
    sync()
    return samples


def device_time(run: Call, sync: Call, calls: int, enqueue_ms: Sequence[float]) -> list[float] | None:
    """Milliseconds of each call on the device; None if the queue keeps running dry.

    ``enqueue_ms`` is what ``enqueue`` returned. A call whose queue ran dry is made again.
    """
    cycles = cycles_of(2 * quantile(sorted(enqueue_ms), 0.9) + 1, sync)
    samples: list[float] = []
    dry = 0
    while len(samples) < calls:
        ms = between_events(run, sync, cycles)
        if ms is not None:
            samples.append(ms)
        elif (dry := dry + 1) > max(DRY_CALLS, len(samples)):
            return None
    return samples


def cycles_of(ms: float, sync: Call) -> int:
    """The clock cycles for which a kernel must sleep to last ``ms``, at most MOST_MS."""
    cuda: Any = torch.cuda  # whose events have no types
    cuda._sleep(1)  # the first one loads the kernel
    start, end = (cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    cuda._sleep(SLEEP_CYCLES)
    end.record()
    sync()
    return int(SLEEP_CYCLES / start.elapsed_time(end) * min(ms, MOST_MS))


def between_events(run: Call, sync: Call, cycles: int) -> float | None:
    """Milliseconds between events around a call, behind a kernel that sleeps until the host has enqueued all of it.

    None if the first event passed before the host was done. The queue then ran dry, because the host is slow or the
    queue holds fewer launches than the call makes, and the events measure the host.
    """
    cuda: Any = torch.cuda
    sync()
    before, after = (cuda.Event(enable_timing=True) for _ in range(2))
    cuda._sleep(cycles)
    before.record()
    run()
    dry = before.query()
    after.record()
    sync()
    return None if dry else before.elapsed_time(after)
