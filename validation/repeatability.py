"""Does bench give one network the same time twice, and does verdict know that nothing has changed?

    python validation/honesty.py --only repeatability [--device cpu] [--processes 10] [--threads 2]

honesty.py prints these rows. The spread of some medians is the greatest minus the least, over their median. On a CPU
the rows also say how much of a spread is the machine's: how far apart a bare loop is, and the reference workload.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations, product
from random import Random
from statistics import geometric_mean, median

from demand import Row, count_outcomes, demand, is_decided

import resnet_inspect as ri
from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compare import Comparison, compare_results
from resnet_inspect.benchmark.messages import CpuRound, Job
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.process import ProcessWorker
from resnet_inspect.benchmark.record import Result
from resnet_inspect.benchmark.schedule import conduct
from resnet_inspect.benchmark.statistics import median_of, pooled

TURNS, TURN_S = 40, 0.1
PLANTED = (0.1, 0.2)
BARE_LOOP = """
import time, torch, resnet_inspect as ri
from statistics import median
torch.set_num_threads({threads})
net, x = ri.build("resnet18").eval(), torch.randn(1, 3, 224, 224)
def loop(seconds):
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        net(x)
        times.append(1e3 * (time.perf_counter() - start))
    return median(times)
with torch.inference_mode():
    loop(1.5)
    print(loop(3))
"""


def repeatability(device: str, processes: int, threads: int) -> Iterator[Row]:
    if device == "cpu":
        medians = take_turns(processes, threads)
        what = f"spread of the latency of resnet18, batch 1, over {processes} processes that take turns"
        reached = f"{spread(medians):.1%} of {median(medians):.2f} ms"
        yield demand(f"{what}, {TURNS} of {TURN_S:g} s", "≤ 3 %", reached, spread(medians) <= 0.03)
    cases = [(1, "latency", 0.03)] + ([(32, "device_time", 0.01)] if device != "cpu" else [])
    for (batch, quantity, bound), fresh in product(cases, (False, True)):
        results, bare_ms = [], []
        for _ in range(max(2, processes // 2) if fresh else processes):
            (result,) = ri.bench("resnet18", device=device, batch_size=batch, threads=threads, fresh=fresh).results
            if getattr(result.metrics, quantity) is None:
                raise SystemExit(f"bench gave no {quantity}: {result.status} {result.findings}")
            results.append(result)
            bare_ms += [time_bare_loop(threads)] if device == "cpu" else []
        what = f"{quantity} of resnet18, batch {batch}, over {len(results)} runs" + ", a process a round" * fresh
        yield from spreads(results, quantity, what, bound)
        if bare_ms:
            reached = f"{spread(bare_ms):.1%} of {median(bare_ms):.2f} ms"
            yield "spread of a bare loop, in a process after each of those runs", "the machine's", reached, ""
        yield from verdicts(results, what)


def take_turns(processes: int, threads: int) -> list[float]:
    """Medians of workers that live at one time and work in turn, so that the machine's pace is the same for all.

    No Record does this: bench plays four cases at a time, and lets each end on its own.
    """
    plan = replace(plan_for("cpu"), rounds=TURNS, min_round_s=TURN_S, rewarm_s=TURN_S / 2, precise_within=1.0)
    case = Case("resnet18", "cpu", 1, (1, 3, 224, 224), "infer", "fp32", "contiguous", "eager", threads)
    job = Job(case, plan, sources.find("resnet18").job)
    raw_results = conduct([case] * processes, lambda _: ProcessWorker(job), plan, Random(0), lambda _: None)
    return [median_of(pooled(raw.latency_ms)) for raw in raw_results]


def time_bare_loop(threads: int) -> float:
    """The median of a bare loop around resnet18 in a process of its own: what the machine itself repeats."""
    argv = [sys.executable, "-c", BARE_LOOP.format(threads=threads)]
    return float(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)


def spreads(results: Sequence[Result], quantity: str, what: str, bound: float) -> Iterator[Row]:
    """The bound is for an idle machine; the reference workload says whether this one was."""
    medians = [getattr(result.metrics, quantity).median_ms for result in results]
    states = [state for result in results if result.clocks for state in result.clocks.rounds]
    shares = [state.cpu_share for state in states if isinstance(state, CpuRound)]
    given = f", {min(shares):.2f} to {max(shares):.2f} of a CPU given" if shares else ""
    reached = f"{spread(medians):.1%} of {median(medians):.2f} ms{given}"
    yield demand(f"spread of the {what}, idle machine", f"≤ {100 * bound:g} %", reached, spread(medians) <= bound)
    paces = [geometric_mean(result.reference_ms) for result in results if result.reference_ms]
    if len(paces) == len(medians):
        steadied = [ms / pace for ms, pace in zip(medians, paces, strict=True)]
        yield "the same, each divided by its reference workload", "", f"{spread(steadied):.1%}", ""
        yield "spread of that reference workload", "the machine's", f"{spread(paces):.1%}", ""


def verdicts(results: Sequence[Result], what: str) -> Iterator[Row]:
    """Verdicts between all pairs of runs, with the reference workload as `verdict` uses it, and without."""
    crowded = sum(result.has("crowded") for result in results)

    def compare_all(use_reference: bool, longer: float = 0.0) -> list[Comparison]:
        """Unchanged runs in one order, as the other mirrors it; slowed ones in both."""
        pairs = permutations(results, 2) if longer else combinations(results, 2)
        compared = (compare_results(old, new, 0, use_reference, 1 + longer) for old, new in pairs)
        return [pair.comparison for pair in compared if pair is not None]

    for use_reference in (True, False):
        how = "" if use_reference else ", without the reference workload"
        comparisons = compare_all(use_reference)
        wrong = sum(map(is_decided, comparisons))
        reached = f"{wrong} of {len(comparisons)} ({count_outcomes(comparisons)}; {crowded} runs crowded)"
        if use_reference:
            yield demand(f"wrong verdicts between the {what}", "≤ 2 of 100", reached, wrong <= 0.02 * len(comparisons))
        else:
            yield f"wrong verdicts between them{how}", "", reached, ""
        for longer in PLANTED:
            comparisons = compare_all(use_reference, longer)
            slower = sum(comparison.outcome == "SLOWER" for comparison in comparisons)
            yield f"{100 * longer:g} % more time found{how}", "", f"{slower} of {len(comparisons)}", ""


def spread(values: Sequence[float]) -> float:
    return (max(values) - min(values)) / median(values)
