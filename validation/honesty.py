"""Does bench tell the truth on this machine?

    python validation/honesty.py [--device cpu] [--only overhead,repeatability,same,planted,stages,memory]
                                 [--processes 10] [--trials 40] [--threads 2]

Prints one table a part, one row a demand: its bound, what was reached, met or NOT MET.

overhead        What does our sampler add to a bare loop around the same callable? Once for a ReLU, once for a worker's
                resnet18, with the 95 % interval; marked noisy where that is wider than a percent.
repeatability   How far apart are medians of several processes? See repeatability.py.
same            How often does a comparison of a callable with itself claim a difference? --trials times two cases are
                played as bench plays them: compared within a trial, and with the next trial.
planted         How often is a slow-down found? A third case waits a share of the median longer in each call.
stages          Do the rows of `bench --per layer` add up to a clock outside the call, and what do the marks cost?
memory          Is predicted memory what the allocator is asked for?

On a CPU, rows that need a GPU say so. It takes about fifteen minutes on two CPUs that have nothing else to do. Two
threads on busy CPUs can be several times slower; --threads 1 softens that. The exit code is always 0.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from statistics import geometric_mean, median

import torch
from demand import Row, count_outcomes, demand, is_decided, show
from repeatability import repeatability

import resnet_inspect as ri
from resnet_inspect.benchmark.breakdown import closes_within
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compare import DELTA, Comparison, compare
from resnet_inspect.benchmark.findings import FINDINGS
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.statistics import median_of, pooled
from resnet_inspect.benchmark.stopping import reason_to_stop
from resnet_inspect.benchmark.worker import cpu_time, measure, reference_workload, timing
from resnet_inspect.benchmark.worker.prepare import Ready, prepare
from resnet_inspect.vocabulary import Task

CLOCK = time.perf_counter_ns
LIMITS = {rule.code: rule.limits for rule in FINDINGS}
CROWDED, INSTRUMENTED = LIMITS["crowded"]["share"], LIMITS["instrumented"]["share"]
PARTS = ("overhead", "repeatability", "same", "planted", "stages", "memory")
TASKS: tuple[tuple[Task, float], ...] = (("infer", 0.02), ("train", 0.03))  # and how far predicted memory may be off
PLANTED = {"cpu": 0.10, "cuda": 0.05}
SMALL = (1, 3, 32, 32)  # resnet18 takes some 4 ms on a CPU
BROKEN_DOWN: tuple[tuple[str, Task, int], ...] = (
    ("resnet18", "infer", 1),
    ("resnet50", "infer", 1),
    ("resnet18", "train", 4),
)
OVERHEAD_ROUNDS, OVERHEAD_S = 120, 0.05  # short and many, so that drift cancels in pairs
AT_LEAST = 4  # calls of a round

Call = Callable[[], object]


@dataclass(slots=True)
class Played:
    """One case of a trial, an entry a round: samples in ms, the share of the CPU it was given, and on a CPU the time of
    the reference workload.
    """

    on_cpu: bool
    rounds: list[list[float]] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    reference_ms: list[float] = field(default_factory=list)

    @property
    def crowded(self) -> bool:
        return self.on_cpu and median_of(self.shares) < CROWDED


def case(model: str, device: str, image: tuple[int, ...], task: str = "infer") -> Case:
    return Case(model, device, image[0], image, task, "fp32", "contiguous", "eager", torch.get_num_threads())


def make_ready(model: str, device: str, image: tuple[int, ...], task: str = "infer") -> Ready:
    return prepare(case(model, device, image, task), ri.lower(model, image), 0)


def waiting(ready: Ready) -> Call:
    """What a worker times: a call, and the wait for its end."""

    def call() -> None:
        ready.run()
        ready.sync()

    return call


def time_bare(call: Call, calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - start) / 1e6)
    return times


def overhead(device: str) -> Iterator[Row]:
    x, image = torch.randn(1, 64, 56, 56, device=device), torch.randn(1, 3, 224, 224, device=device)
    resnet18 = make_ready("resnet18", device, tuple(image.shape))

    def relu() -> None:
        torch.relu(x)
        resnet18.sync()

    def forward() -> None:
        resnet18.net(image)
        resnet18.sync()

    for what, ours, plain in (("a ReLU", relu, relu), ("a worker's resnet18", waiting(resnet18), forward)):
        rounds: dict[str, list[list[float]]] = {"ours": [], "bare": []}
        timing.warm_up(plain, CLOCK, plan_for(torch.device(device).type))
        calls = max(AT_LEAST, int(1e3 * OVERHEAD_S / median(time_bare(plain, 50))))
        for i in range(OVERHEAD_ROUNDS):
            for name in sorted(rounds, reverse=bool(i % 2)):
                taken = timing.sample(ours, CLOCK, 0, calls) if name == "ours" else time_bare(plain, calls)
                rounds[name].append(taken)
        extra = compare(rounds["bare"], rounds["ours"], 0.005, paired=True)
        size = f"{1e3 * median_of(pooled(rounds['bare'])):,.1f} µs"
        reached = f"{extra.ratio - 1:+.2%} ({extra.low - 1:+.2%} to {extra.high - 1:+.2%})"
        reached += ", noisy" if extra.high - extra.low > 0.01 else ""
        yield demand(f"harness overhead on the median, {what} of {size}", "≤ 0.5 %", reached, extra.ratio <= 1.005)


def play(device: str, trials: int, planted: float) -> Iterator[list[Played]]:
    """Trials of two equal cases and of one slower by ``planted``, each played as bench plays a group of cases."""
    call = waiting(make_ready("resnet18", device, SMALL))
    plan, rng = plan_for(device), Random(0)
    at_least = -(-plan.min_samples // plan.rounds)
    timing.warm_up(call, CLOCK, plan)
    extra_ns = planted * 1e6 * median(time_bare(call, 100))

    def slowed() -> None:
        call()
        end = time.perf_counter_ns() + extra_ns
        while time.perf_counter_ns() < end:
            pass

    calls = (call, call, slowed)
    for _ in range(trials):
        trial = [Played(torch.device(device).type == "cpu") for _ in calls]
        while not all(played.rounds and reason_to_stop(played.rounds, plan) for played in trial):
            for i in rng.sample(range(len(calls)), len(calls)):
                if trial[i].on_cpu:
                    trial[i].reference_ms.append(geometric_mean(reference_workload.milliseconds()))
                timing.rewarm(calls[i], CLOCK, plan.rewarm_s)
                before = cpu_time.read()
                samples, share = timing.watched(calls[i], CLOCK, plan.min_round_s, at_least)
                trial[i].rounds.append(samples)
                trial[i].shares.append(1 - cpu_time.shares(before, cpu_time.read(), share).robbed)
        extra_ns = planted * 1e6 * median_of(pooled(trial[0].rounds))  # the machine's speed may have changed
        yield trial


def verdicts(device: str, trials: int, parts: Sequence[str]) -> Iterator[Row]:
    kind = torch.device(device).type
    delta, share = DELTA[kind], PLANTED[kind]
    played = [*play(device, trials, share)]

    def compare_all(number: int) -> Iterator[tuple[str, list[Comparison], int]]:
        """Case ``number`` against the first: where it was played, the comparisons, and how many had a crowded CPU."""
        same_trial = [(trial[0], trial[number]) for trial in played]
        next_trial = [(trial[0], later[number]) for trial, later in pairwise(played)]
        for where, pairs in ("in one Record", same_trial), ("between two", next_trial):
            comparisons = [
                compare(
                    old.rounds,
                    new.rounds,
                    delta,
                    seed,
                    doubt="crowded" if old.crowded or new.crowded else "",
                    reference_ms=(old.reference_ms, new.reference_ms) if old.on_cpu else None,
                )
                for seed, (old, new) in enumerate(pairs)
            ]
            yield where, comparisons, sum(old.crowded or new.crowded for old, new in pairs)

    if "same" in parts:
        for where, comparisons, crowded in compare_all(1):
            wrong = sum(map(is_decided, comparisons))
            what = f"a callable compared with itself, {where}: claims of a difference"
            reached = f"{wrong} of {len(comparisons)} ({count_outcomes(comparisons)}; {crowded} crowded)"
            yield demand(what, "≤ 2 of 100", reached, wrong <= 0.02 * len(comparisons))
    if "planted" in parts:
        for where, comparisons, crowded in compare_all(2):
            slower, fair = sum(c.outcome == "SLOWER" for c in comparisons), len(comparisons) - crowded
            what = f"a planted slow-down of {100 * share:g} %, {where}: found where the CPU was not crowded"
            counts, ratio = count_outcomes(comparisons), median(c.ratio for c in comparisons)
            reached = f"{slower} of {fair} (in all {counts}; {crowded} crowded; median {ratio:.3f})"
            yield demand(what, "≥ 95 %", reached, slower >= 0.95 * fair > 0)
    lengths = [len(trial[0].rounds) for trial in played]
    reached = f"{min(lengths)} to {max(lengths)}, {median(lengths):g}"
    yield "rounds of a trial until all its cases may stop", "", reached, ""


def breakdowns(device: str, threads: int) -> Iterator[Row]:
    for model, task, batch in BROKEN_DOWN:
        record = ri.bench(model, device, batch, task=task, threads=threads, per="layer", max_time_s=1.0)
        (result,) = record.results
        for by, breakdown in ("stages", result.stages), ("layers", result.layers):
            what = f"{by} of {model}, batch {batch}, {task}"
            if breakdown is None:
                yield demand(f"{what}: against a clock outside", "", result.unknown[by], False)
                continue
            off, cost = breakdown.closure - 1, breakdown.instrumentation
            within = closes_within(breakdown, result.case.kind)
            what_sum = f"{what}: their sum against a clock outside"
            yield demand(what_sum, f"≤ {within:.2%}", f"{off:.1g}", abs(off) <= within)
            reached = f"{cost:+.2%} of {breakdown.plain_ms:.2f} ms"
            yield demand(f"{what}: marked calls against plain ones", "≤ 3 %", reached, abs(cost) <= INSTRUMENTED)


def predictions(device: str) -> Iterator[Row]:
    image, plan = (8, 3, 224, 224), plan_for(device)
    for model in ("resnet18", "resnet50"):
        for task, bound in TASKS:
            ready = make_ready(model, device, image, task)
            with torch.inference_mode(task == "infer"):
                waiting(ready)()
                truth = measure.measure_memory(ready, case(model, device, image, task), plan).requested_bytes
            assert truth is not None
            answer = ri.memory(model, batch_size=8, task=task)
            (predicted,) = (fact.value for fact in answer.facts if fact.key == "peak_bytes")
            assert isinstance(predicted, int)
            error = predicted / truth - 1
            what = f"predicted memory of {model}, batch 8, {task}"
            yield demand(what, f"≤ {100 * bound:g} %", f"{error:+.2%} of {truth / 1e6:.1f} MB", abs(error) <= bound)


def absent(device: str) -> Iterator[Row]:
    """The demands that no part above answers."""
    if torch.device(device).type == "cpu":
        for what, bound in (
            ("spread of device time at batch ≥ 32 over 10 fresh processes", "≤ 1 %"),
            ("a planted slow-down of 5 % on a GPU", "≥ 95 %"),
            ("agreement with triton's do_bench in one process", "≤ 2 %"),
            ("no layer above 105 % of a GPU's ceiling", ""),
        ):
            yield what, bound, "needs a GPU", ""
    yield "agreement with torch.utils.benchmark in one process", "≤ 3 % CPU, 2 % GPU", "see agreement.py", ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between them")
    parser.add_argument("--processes", type=int, default=10, help="for repeatability")
    parser.add_argument("--trials", type=int, default=40, help="for same and planted")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    parts = options.only.split(",")
    if not set(parts) <= set(PARTS) or torch.device(options.device).type not in PLANTED:
        parser.error(f"--only takes {', '.join(PARTS)}; --device cpu or cuda")
    if min(options.processes, options.trials) < 2 or options.threads < 1:
        parser.error("at least two processes, two trials and a thread")

    torch.set_num_threads(options.threads)
    device = options.device
    began, before = time.perf_counter(), os.getloadavg()[0]
    if "overhead" in parts:
        with torch.inference_mode():
            show(overhead(device))
    if "repeatability" in parts:
        show(repeatability(device, options.processes, options.threads))
    if {"same", "planted"} & set(parts):
        with torch.inference_mode():
            show(verdicts(device, options.trials, parts))
    if "stages" in parts:
        show(breakdowns(device, options.threads))
    if "memory" in parts:
        show(predictions(device))
    show(absent(device))
    print(f"{device}, torch {torch.__version__}, {options.threads} threads, {time.perf_counter() - began:.0f} s;")
    print(f"1-minute load {before:.2f} before and {os.getloadavg()[0]:.2f} after on {os.cpu_count()} CPUs.")


if __name__ == "__main__":
    main()
