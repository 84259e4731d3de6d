"""Timing on a CUDA stream: what the host needs to enqueue a call, and what the device needs to carry it out."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from resnet_inspect.benchmark.statistics import quantile

SLEEP_CYCLES = 10_000_000
MOST_MS = 1000.0  # a GPU that draws a screen ends a kernel after some two seconds
DRY_CALLS = 3
CLOCK = time.perf_counter_ns

Call = Callable[[], object]


def enqueue(run: Call, sync: Call, calls: int) -> list[float]:
    """Host milliseconds until each call returns, from an empty queue: a full one makes the host wait for the chip."""
    samples = []
    for _ in range(calls):
        sync()
        start = CLOCK()
        run()
        samples.append((CLOCK() - start) / 1e6)
    sync()
    return samples


def device_time(run: Call, sync: Call, calls: int, enqueue_ms: Sequence[float]) -> list[float] | None:
    """Milliseconds of each call on the device, where ``enqueue`` gave ``enqueue_ms``; None if the queue keeps running
    dry. Where it does so now and then, that call is made again."""
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
    """How many clock cycles a kernel must sleep for so many milliseconds, of which there are MOST_MS."""
    cuda: Any = torch.cuda  # whose events have no types
    cuda._sleep(1)  # the first one loads the kernel
    start, end = (cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    cuda._sleep(SLEEP_CYCLES)
    end.record()
    sync()
    return int(SLEEP_CYCLES / start.elapsed_time(end) * min(ms, MOST_MS))


def between_events(run: Call, sync: Call, cycles: int) -> float | None:
    """Milliseconds between events round a call, behind a kernel that sleeps until the host has enqueued it all.

    None if the first event passed before the host was done: the queue ran dry, and the events are as far apart as the
    host is slow, or it has room for fewer launches than the call makes.
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
