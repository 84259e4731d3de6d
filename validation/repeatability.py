"""Whether bench says the same of one network twice: medians of fresh processes, and the verdicts between them."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import combinations, permutations, product
from random import Random
from statistics import geometric_mean, median

import torch
from demand import Row, row, told

import resnet_inspect as api
from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compare import DELTA, Comparison, compare
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.process import ProcessWorker
from resnet_inspect.benchmark.record import Result
from resnet_inspect.benchmark.schedule import conduct
from resnet_inspect.benchmark.statistics import median_of, pooled

TURNS, TURN_S = 40, 0.1
PLANTED = (0.1, 0.2)
BARE = """
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


def bare_process(threads: int) -> float:
    """The median of a bare loop round resnet18 in a process of its own: what the machine itself repeats."""
    argv = [sys.executable, "-c", BARE.format(threads=threads)]
    return float(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)


def in_turns(processes: int, threads: int) -> list[float]:
    """Medians of workers that live at one time and work in turn: what differs between them is not the machine's pace.

    No Record does this: bench plays four arms at a time, and lets each end on its own.
    """
    plan = replace(plan_for("cpu"), rounds=TURNS, min_round_s=TURN_S, rewarm_s=TURN_S / 2, precise_within=1.0)
    case = Case("resnet18", "cpu", 1, (1, 3, 224, 224), "infer", "fp32", "contiguous", "eager", threads)
    job = {"config": asdict(case), "protocol": asdict(plan), **sources.find("resnet18").job}
    raw_results = conduct([case] * processes, lambda _: ProcessWorker(job), plan, Random(0), lambda _: None)
    return [median_of(pooled(raw.latency)) for raw in raw_results]


def repeatability(device: str, processes: int, threads: int) -> Iterator[Row]:
    if device == "cpu":
        medians = in_turns(processes, threads)
        reached = f"{apart(medians):.1%} of {median(medians):.2f} ms"
        what = f"spread of the latency of resnet18, batch 1, over {len(medians)} processes that take turns"
        yield row(f"{what}, {TURNS} of {TURN_S:g} s", "≤ 3 %", reached, apart(medians) <= 0.03)
    cases = [(1, "latency", 0.03)] + ([(32, "device_time", 0.01)] if device != "cpu" else [])
    for (batch, name, bound), fresh in product(cases, (False, True)):
        results, bare_ms = [], []
        for _ in range(max(2, processes // 2) if fresh else processes):
            (result,) = api.bench("resnet18", device=device, batch_size=batch, threads=threads, fresh=fresh).results
            if result.metrics.get(name) is None:
                raise SystemExit(f"bench gave no {name}: {result.status} {result.findings}")
            results.append(result)
            bare_ms += [bare_process(threads)] if device == "cpu" else []
        what = f"{name} of resnet18, batch {batch}, over {len(results)} runs" + (
            ", every round in a new process" * fresh
        )
        yield from spreads(results, name, what, bound)
        if bare_ms:
            beside = f"{apart(bare_ms):.1%} of {median(bare_ms):.2f} ms"
            yield "spread of a bare loop, in a process of its own after each of those", "the machine's", beside, ""
        yield from wrong_verdicts(results, name, what, DELTA[torch.device(device).type])


def spreads(results: Sequence[Result], name: str, what: str, bound: float) -> Iterator[Row]:
    """The bound is that of an idle machine; what the yardstick did beside says whether this one was."""
    medians = [metric.median_ms for result in results if (metric := result.metrics[name])]
    shares = [clock["cpu_share"] for result in results for clock in result.clocks["rounds"] if "cpu_share" in clock]
    given = f", {min(shares):.2f} to {max(shares):.2f} of a CPU given" if shares else ""
    reached = f"{apart(medians):.1%} of {median(medians):.2f} ms{given}"
    yield row(f"spread of the {what}, idle machine", f"≤ {100 * bound:g} %", reached, apart(medians) <= bound)
    paces = [geometric_mean(result.paces_ms) for result in results if result.paces_ms]
    if len(paces) == len(medians):
        steadied = [ms / pace for ms, pace in zip(medians, paces, strict=True)]
        yield "the same, each over the yardstick beside it", "", f"{apart(steadied):.1%}", ""
        yield "spread of that yardstick", "the machine's", f"{apart(paces):.1%}", ""


def wrong_verdicts(results: Sequence[Result], name: str, what: str, delta: float) -> Iterator[Row]:
    """As `verdict` would say them of every pair; and by the ratio alone, as if there were no yardstick."""
    crowded = [any(one["code"] == "crowded" for one in result.findings) for result in results]
    rounds = [metric.rounds for result in results if (metric := result.metrics[name])]

    def verdicts(known: bool, longer: float = 0.0) -> list[Comparison]:
        found = []
        for i, j in permutations(range(len(results)), 2) if longer else combinations(range(len(results)), 2):
            paces = results[i].paces_ms, results[j].paces_ms
            new = [[ms * (1 + longer) for ms in one] for one in rounds[j]]
            both = (paces[0], paces[1]) if known and paces[0] and paces[1] else None
            found.append(compare(rounds[i], new, delta, doubtful=crowded[i] or crowded[j], paces=both))
        return found

    for how, known in ("", True), (", by the ratio alone", False):
        found = verdicts(known)
        wrong = sum(one.outcome in ("SLOWER", "FASTER") for one in found)
        reached = f"{wrong} of {len(found)} ({told(found)}; {sum(crowded)} runs crowded)"
        if known:
            yield row(f"wrong verdicts between the {what}", "≤ 2 of 100", reached, wrong <= 0.02 * len(found))
        else:
            yield f"wrong verdicts between them{how}", "", reached, ""
        for longer in PLANTED:
            found = verdicts(known, longer)
            slower = sum(one.outcome == "SLOWER" for one in found)
            yield f"found of {100 * longer:g} % more time{how}", "", f"{slower} of {len(found)}", ""


def apart(values: Sequence[float]) -> float:
    """Greatest minus least, over their median."""
    return (max(values) - min(values)) / median(values)
