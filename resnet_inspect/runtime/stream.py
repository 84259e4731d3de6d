"""Timing on a CUDA stream: what the host needs to enqueue a call, and what the device needs to carry it out."""

import time
from collections.abc import Callable
from typing import Any

import torch

SLEEP_CYCLES = 10_000_000
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


def device_time(run: Call, sync: Call, calls: int, enqueue_ms: float) -> list[float] | None:
    """Milliseconds of each call on the device; None if the queue ran dry."""
    cycles = cycles_of(2 * enqueue_ms + 1, sync)
    samples = []
    for _ in range(calls):
        ms = between_events(run, sync, cycles)
        if ms is None:
            return None
        samples.append(ms)
    return samples


def cycles_of(ms: float, sync: Call) -> int:
    """How many clock cycles a kernel must sleep for so many milliseconds."""
    cuda: Any = torch.cuda  # whose events have no types
    start, end = (cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    cuda._sleep(SLEEP_CYCLES)
    end.record()
    sync()
    return int(SLEEP_CYCLES / start.elapsed_time(end) * ms)


def between_events(run: Call, sync: Call, cycles: int) -> float | None:
    """Milliseconds between events round a call, behind a kernel that sleeps until the host has enqueued it all.

    None if the queue still ran dry: the events would then be as far apart as the host is slow.
    """
    cuda: Any = torch.cuda
    sync()
    before, after = (cuda.Event(enable_timing=True) for _ in range(2))
    cuda._sleep(cycles)
    before.record()
    run()
    if before.query():
        return None
    after.record()
    sync()
    ms: float = before.elapsed_time(after)
    return ms
