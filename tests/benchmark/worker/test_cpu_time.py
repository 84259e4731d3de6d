"""Waiting told from being robbed: from files made up here, and by nets that really do either."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resnet_inspect.benchmark.worker import cpu_time
from resnet_inspect.benchmark.worker.cpu_time import CpuTime, Shares, read, shares

S = 10**9


def reading(
    clock_s: float, stolen_s: float = 0.0, preempted: int = 0, ended_s: float = 0.0, **threads: tuple[float, float]
) -> CpuTime:
    """Seconds that have passed, and of each thread those on a CPU and those in a run queue."""
    counts = {name: (int(ran * S), int(queued * S)) for name, (ran, queued) in threads.items()}
    process_ns = int(ended_s * S) + sum(ran for ran, _ in counts.values())
    return CpuTime(int(clock_s * S), process_ns, counts, stolen_s * S, preempted)


@pytest.mark.parametrize(
    ("after", "robbed", "waiting"),
    [
        (reading(12.0, a=(7.0, 1.0)), 0.0, 0.0),  # it ran all the time
        (reading(12.0, a=(6.0, 1.0)), 0.0, 0.5),  # it slept half of it
        (reading(12.0, a=(6.0, 2.0)), 0.5, 0.0),  # another program had the CPU for half of it
        (reading(12.0, a=(6.0, 1.5)), 0.25, 0.25),
        (reading(12.0, a=(5.0, 1.0), b=(2.0, 0.0)), 0.0, 0.0),  # the caller waits for a thread of its own, which runs
        (reading(12.0, a=(5.0, 1.0), b=(1.0, 1.0)), 0.5, 0.0),  # ... or would
        (reading(12.0, ended_s=2.0, a=(5.0, 1.0)), 0.0, 0.0),  # ... which has ended
        (reading(12.0, 1.0, a=(6.0, 1.0)), 0.5, 0.0),  # a hypervisor ran others
        (reading(12.0, 0.4, a=(6.0, 1.0)), 0.2, 0.3),
        (reading(12.0, 9.0, a=(7.0, 1.0)), 0.0, 0.0),  # ... on other CPUs
    ],
)
def test_what_a_thread_did_tells_whether_it_was_robbed_or_waited(after: CpuTime, robbed: float, waiting: float) -> None:
    seen = shares(reading(10.0, a=(5.0, 1.0)), after, cpu_share=0.0)
    assert (seen.robbed, seen.waiting) == (pytest.approx(robbed), pytest.approx(waiting))


@pytest.mark.parametrize(
    ("preempted", "expected"), [(0, Shares(0.0, 0.6)), (2, Shares(0.2, 0.4)), (90, Shares(0.6, 0.0))]
)
def test_without_a_run_queues_counts_involuntary_switches_bound_what_others_took(
    preempted: int, expected: Shares
) -> None:
    seen = shares(reading(0.0), reading(1.0, preempted=preempted), cpu_share=0.4)
    assert (seen.robbed, seen.waiting) == (pytest.approx(expected.robbed), pytest.approx(expected.waiting))


def test_every_thread_and_the_hypervisor_are_read(tmp_path: Path) -> None:
    for thread, text in (("7", "500 20 3\n"), ("8", "nonsense"), ("9", "900 10 1\n")):
        (tmp_path / "self/task" / thread).mkdir(parents=True)
        (tmp_path / "self/task" / thread / "schedstat").write_text(text)
    (tmp_path / "stat").write_text("cpu  1 2 3 4 5 6 7 50 9 10\ncpu0 1 2\n")
    seen = read(str(tmp_path))
    assert seen.threads == {"7": (500, 20), "9": (900, 10)}
    assert seen.stolen_ns == 50 * cpu_time.JIFFY_NS


@pytest.mark.parametrize("stat", ["", "cpu", "cpu a b c d e f g h"])
def test_a_system_that_tells_nothing_gives_no_thread_and_no_theft(tmp_path: Path, stat: str) -> None:
    (tmp_path / "stat").write_text(stat)
    assert (read(str(tmp_path)).threads, read(str(tmp_path)).stolen_ns) == ({}, 0.0)
    assert read(str(tmp_path / "none")).threads == {}


def watched(work: Callable[[], object]) -> Shares:
    before, began = read(), time.thread_time_ns()
    work()
    after = read()
    return shares(before, after, (time.thread_time_ns() - began) / (after.clock_ns - before.clock_ns))


def spin(seconds: float = 0.3) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_sleep_is_waiting_and_work_is_not_whoever_else_is_on_this_machine() -> None:
    assert watched(lambda: time.sleep(0.3)).waiting > 0.5
    assert watched(spin).waiting < 0.2


@pytest.mark.skipif(not os.path.exists("/proc/self/schedstat"), reason="the system does not tell of each thread")
def test_a_call_that_waits_for_its_own_thread_does_not_wait() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(spin, 0.0).result()
        assert watched(lambda: pool.submit(spin).result()).waiting < 0.2
