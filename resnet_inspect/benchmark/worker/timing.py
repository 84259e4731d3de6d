"""Timing a callable: warm-up to a steady state, single calls, blocks of calls. The caller gives the clock."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.stopping import settled

Clock = Callable[[], int]  # nanoseconds, as time.perf_counter_ns
Call = Callable[[], object]


@dataclass(frozen=True, slots=True)
class WarmUp:
    """``first_ms`` is the first call, which finds kernels and memory; ``settled``: the rest reached a steady state."""

    first_ms: float
    calls: int
    seconds: float
    settled: bool


def warm_up(call: Call, clock: Clock, plan: Plan) -> WarmUp:
    """Call until the settling rule holds or the plan's time is over; the first call does not count towards it."""
    first = _timed(call, clock)
    calls: list[float] = []
    spent, steady = 0.0, False
    while not steady and spent < 1e3 * plan.max_warmup_s:
        calls.append(_timed(call, clock))
        spent += calls[-1]
        steady = spent >= 1e3 * plan.warmup_s and settled(calls, plan)
    return WarmUp(first, len(calls) + 1, (first + spent) / 1e3, steady)


def sample(call: Call, clock: Clock, seconds: float, at_least: int) -> list[float]:
    """Milliseconds of single calls, for ``seconds`` and no fewer than ``at_least``."""
    samples: list[float] = []
    with without_gc():
        spent = 0.0
        while len(samples) < at_least or spent < seconds * 1e3:
            samples.append(_timed(call, clock))
            spent += samples[-1]
    return samples


def watched(
    call: Call, clock: Clock, seconds: float, at_least: int, own_clock: Clock = time.thread_time_ns
) -> tuple[list[float], float]:
    """As ``sample``, and the share of a CPU that the calling thread got meanwhile, by the thread's own clock."""
    began, worked = clock(), own_clock()
    samples = sample(call, clock, seconds, at_least)
    passed, work = clock() - began, own_clock() - worked
    return samples, work / passed if passed else 0.0


def block(call: Call, finish: Call, clock: Clock, seconds: float, expected_ms: float) -> tuple[int, float]:
    """Calls back to back and one ``finish``: how many calls, and the milliseconds they took together."""
    count = max(2, round(seconds * 1e3 / max(expected_ms, 1e-6)) + 1)
    with without_gc():
        while True:
            start = clock()
            for _ in range(count):
                call()
            finish()
            spent = (clock() - start) / 1e6
            if spent >= seconds * 1e3 or spent <= 0:
                return count, spent
            count *= 2  # back to back is faster than one at a time


def rewarm(call: Call, clock: Clock, seconds: float) -> None:
    """Calls for ``seconds``, at least one, which bring back what another case evicted."""
    end = clock() + int(seconds * 1e9)
    call()
    while clock() < end:
        call()


@contextmanager
def without_gc() -> Iterator[None]:
    """No garbage collection inside, as it is the harness's, not the network's.

    Nor before: with torch loaded, a collection takes 80 ms and evicts what the warm-up has fetched.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _timed(call: Call, clock: Clock) -> float:
    start = clock()
    call()
    return (clock() - start) / 1e6
