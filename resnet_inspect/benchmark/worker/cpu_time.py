"""Who had the CPU: whether a thread of this process ran, was kept from running, or had nothing to run.

Linux counts for each thread the nanoseconds on a CPU and those ready in a run queue (Documentation/scheduler/
sched-stats.rst), and how long a hypervisor ran other machines (proc(5), /proc/stat). Elsewhere the involuntary context
switches tell at least that nobody took a CPU.
"""

import os
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

JIFFY_NS = 1e9 / os.sysconf("SC_CLK_TCK")
HELD_NS = 100e6  # no scheduler keeps a ready thread from its CPU so long for another's turn; an estimate


@dataclass(frozen=True, slots=True)
class CpuTime:
    """Counts so far, in nanoseconds; ``threads`` has those on a CPU and in a run queue, by thread.

    ``threads`` is empty where the system does not tell. ``process_ns`` is that of all threads on a CPU, ended ones too.
    ``preempted`` counts involuntary context switches.
    """

    clock_ns: int
    process_ns: int
    threads: Mapping[str, tuple[int, int]]
    stolen_ns: float
    preempted: int


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the time that passed: ``robbed``, a thread was ready and others had its CPU; ``waiting``, not even the
    busiest thread was ready."""

    robbed: float
    waiting: float


def read(proc: str = "/proc") -> CpuTime:
    threads = {}
    for path in Path(proc, "self/task").glob("*/schedstat"):
        try:
            ran, queued, _ = map(int, path.read_text().split())
        except (OSError, ValueError):  # the thread has ended, or the kernel counts nothing
            continue
        threads[path.parent.name] = ran, queued
    preempted = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
    return CpuTime(time.perf_counter_ns(), time.process_time_ns(), threads, _stolen_ns(Path(proc, "stat")), preempted)


def shares(before: CpuTime, after: CpuTime, cpu_share: float) -> Shares:
    """What came between two readings; ``cpu_share`` is what the calling thread got of one CPU meanwhile."""
    passed = max(1, after.clock_ns - before.clock_ns)
    spent = []
    for thread, (ran, queued) in after.threads.items():
        ran_before, queued_before = before.threads.get(thread, (0, 0))
        spent.append((ran - ran_before, queued - queued_before))
    if spent:
        alive = sum(ran for ran, _ in spent)
        spent.append((max(0, after.process_ns - before.process_ns - alive), 0))  # threads that have ended
        idle = max(0.0, 1 - max(map(sum, spent)) / passed)
        queued_share = max(queued for _, queued in spent) / passed
        taken = (after.stolen_ns - before.stolen_ns) / passed
    else:
        idle, queued_share = max(0.0, 1 - cpu_share), 0.0
        taken = (after.preempted - before.preempted) * HELD_NS / passed
    # Neither a hypervisor nor a scheduler tells which thread it held up: it explains idle time, and adds none.
    taken = min(taken, idle)
    return Shares(robbed=min(1.0, queued_share + taken), waiting=idle - taken)


def _stolen_ns(path: Path) -> float:
    try:
        fields = path.read_text().partition("\n")[0].split()
        return int(fields[8]) * JIFFY_NS  # cpu user nice system idle iowait irq softirq steal
    except (OSError, ValueError, IndexError):
        return 0.0
