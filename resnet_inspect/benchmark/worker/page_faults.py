"""Page faults: memory that the allocator returned to the system after one call is fetched again in the next."""

import mmap
import resource
import time
from statistics import median

TOUCHED = 2**22  # bytes
REPEATS = 5


def faults() -> int:
    """Page faults of this process so far that needed no disk."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def cost_us() -> float | None:
    """Microseconds a page fault, the median of REPEATS; None where fresh pages fault not at all."""
    costs = [cost for _ in range(REPEATS) if (cost := _first_write_us()) is not None]
    return median(costs) if costs else None


def _first_write_us() -> float | None:
    """Microseconds a fault: how much longer the first write to fresh pages takes than the second."""
    with mmap.mmap(-1, TOUCHED) as memory:
        before = faults()
        first = _write(memory)
        count = faults() - before
        return max(0.0, first - _write(memory)) / count / 1e3 if count else None


def _write(memory: mmap.mmap) -> int:
    start = time.perf_counter_ns()
    for at in range(0, TOUCHED, mmap.PAGESIZE):
        memory[at] = 1
    return time.perf_counter_ns() - start
