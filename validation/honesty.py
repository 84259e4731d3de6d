"""What the measuring of ``bench`` is worth on this machine, against the bounds it is held to.

    python validation/honesty.py [--device cpu] [--only overhead,repeatability,same,planted,stages,memory]
                                 [--processes 10] [--trials 40] [--threads 2]

Prints a table a part as it ends, a row a demand: what, its bound, what was reached, met or NOT MET.

overhead: our sampler against a bare loop round one callable, and the path of a worker against a bare loop round the
network, with the 95 % interval; noisy where that is wider than a percent. repeatability: medians of processes that take
turns, greatest minus least over their median; the same of one run of bench after the other, and of half as many runs of
bench --fresh; beside, of the yardstick and of a bare loop; the verdicts between the runs, and between them and runs
that took a share longer. same: two arms that are one callable, played as bench plays them until both may stop, --trials
times: of one trial as in one Record, and one trial's rounds with the next trial's as between two. planted: a third arm,
each call of which waits a share of the callable's median longer. stages: bench --per layer, its rows against a clock
outside, and their pass against the plain run. memory: predicted bytes against those asked of the allocator.

What needs a GPU is named so on a CPU. Takes about fifteen minutes on two CPUs, which should have nothing else to do:
two threads on CPUs that are busy are slower by factors, which --threads 1 softens. Always exits 0.
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
from demand import Row, row, show, told
from repeatability import repeatability

import resnet_inspect as api
from resnet_inspect.benchmark.breakdown import INSTRUMENTATION, closes_within
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compare import CROWDED, DELTA, Comparison, compare
from resnet_inspect.benchmark.plan import plan_for, reason_to_stop
from resnet_inspect.benchmark.statistics import median_of, pooled
from resnet_inspect.benchmark.worker import reference_workload as yardstick
from resnet_inspect.benchmark.worker import sampling
from resnet_inspect.benchmark.worker import serve as worker
from resnet_inspect.benchmark.worker.prepare import Ready, prepare
from resnet_inspect.vocabulary import Task

CLOCK = time.perf_counter_ns
PARTS = ("overhead", "repeatability", "same", "planted", "stages", "memory")
TASKS: tuple[tuple[Task, float], ...] = (("infer", 0.02), ("train", 0.03))  # and how far predicted memory may be off
PLANTED = {"cpu": 0.10, "cuda": 0.05}
SMALL = (1, 3, 32, 32)  # a resnet18 of some 4 ms on a CPU
LAID_OUT: tuple[tuple[str, Task, int], ...] = (
    ("resnet18", "infer", 1),
    ("resnet50", "infer", 1),
    ("resnet18", "train", 4),
)
OVERHEAD_ROUNDS, OVERHEAD_S = 120, 0.05  # short and many: what drifts cancels in pairs
AT_LEAST = 4  # calls of a round

Call = Callable[[], object]


@dataclass(slots=True)
class Played:
    """One arm of a trial, an entry a round: its samples in ms, on a CPU the share of it that it was given, and how long
    the yardstick took.
    """

    on_cpu: bool
    rounds: list[list[float]] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    paces: list[float] = field(default_factory=list)

    @property
    def crowded(self) -> bool:
        return self.on_cpu and median_of(self.shares) < CROWDED


def case(model: str, device: str, image: tuple[int, ...], task: str = "infer") -> Case:
    return Case(model, device, image[0], image, task, "fp32", "contiguous", "eager", torch.get_num_threads())


def ready(model: str, device: str, image: tuple[int, ...], task: str = "infer") -> Ready:
    return prepare(case(model, device, image, task), api.lower(model, image), 0)


def waiting(one: Ready) -> Call:
    """What a worker times."""

    def call() -> None:
        one.run()
        one.sync()

    return call


def bare(call: Call, calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - start) / 1e6)
    return times


def overhead(device: str) -> Iterator[Row]:
    x, image = torch.randn(1, 64, 56, 56, device=device), torch.randn(1, 3, 224, 224, device=device)
    resnet18 = ready("resnet18", device, tuple(image.shape))

    def relu() -> None:
        torch.relu(x)
        resnet18.sync()

    def forward() -> None:
        resnet18.net(image)
        resnet18.sync()

    for what, ours, plain in (("a ReLU", relu, relu), ("a worker's resnet18", waiting(resnet18), forward)):
        rounds: dict[str, list[list[float]]] = {"ours": [], "bare": []}
        sampling.warm_up(plain, CLOCK, plan_for(torch.device(device).type))
        calls = max(AT_LEAST, int(1e3 * OVERHEAD_S / median(bare(plain, 50))))
        for i in range(OVERHEAD_ROUNDS):
            for name in sorted(rounds, reverse=bool(i % 2)):
                taken = sampling.sample(ours, CLOCK, 0, calls) if name == "ours" else bare(plain, calls)
                rounds[name].append(taken)
        found = compare(rounds["bare"], rounds["ours"], 0.005, paired=True)
        size = f"{1e3 * median_of(pooled(rounds['bare'])):,.1f} µs"
        reached = f"{found.ratio - 1:+.2%} ({found.low - 1:+.2%} to {found.high - 1:+.2%})"
        reached += ", noisy" if found.high - found.low > 0.01 else ""
        yield row(f"harness overhead on the median, {what} of {size}", "≤ 0.5 %", reached, found.ratio <= 1.005)


def play(device: str, trials: int, planted: float) -> Iterator[list[Played]]:
    """Trials of two equal arms and of one slower by ``planted``, each played as bench plays a group of arms."""
    call = waiting(ready("resnet18", device, SMALL))
    plan, rng = plan_for(device), Random(0)
    at_least = -(-plan.min_samples // plan.rounds)
    sampling.warm_up(call, CLOCK, plan)
    extra_ns = planted * 1e6 * median(bare(call, 100))

    def slowed() -> None:
        call()
        end = time.perf_counter_ns() + extra_ns
        while time.perf_counter_ns() < end:
            pass

    results = (call, call, slowed)
    for _ in range(trials):
        trial = [Played(torch.device(device).type == "cpu") for _ in results]
        while not all(result.rounds and reason_to_stop(result.rounds, plan) for result in trial):
            for i in rng.sample(range(len(results)), len(results)):
                if trial[i].on_cpu:
                    trial[i].paces.append(geometric_mean(yardstick.milliseconds()))
                sampling.rewarm(results[i], CLOCK, plan.rewarm_s)
                samples, share = sampling.watched(results[i], CLOCK, plan.min_round_s, at_least)
                trial[i].rounds.append(samples)
                trial[i].shares.append(share)
        extra_ns = planted * 1e6 * median_of(pooled(trial[0].rounds))  # the machine's speed may have changed
        yield trial


def verdicts(device: str, trials: int, parts: Sequence[str]) -> Iterator[Row]:
    kind = torch.device(device).type
    delta, share = DELTA[kind], PLANTED[kind]
    played = [*play(device, trials, share)]

    def compared(result: int) -> Iterator[tuple[str, list[Comparison], int]]:
        """How the arm was held against the first, the outcomes, and how many of them were on a crowded CPU."""
        beside = [(trial[0], trial[result]) for trial in played]
        later = [(before[0], after[result]) for before, after in pairwise(played)]
        for how, pairs in ("in one Record", beside), ("between two", later):
            found = [
                compare(
                    old.rounds,
                    new.rounds,
                    delta,
                    seed,
                    doubtful=old.crowded or new.crowded,
                    paces=(old.paces, new.paces) if old.on_cpu else None,
                )
                for seed, (old, new) in enumerate(pairs)
            ]
            yield how, found, sum(old.crowded or new.crowded for old, new in pairs)

    if "same" in parts:
        for how, found, crowded in compared(1):
            wrong = sum(one.outcome in ("SLOWER", "FASTER") for one in found)
            what = f"the same compared with itself, {how}: verdicts other than SAME or INCONCLUSIVE"
            reached = f"{wrong} of {len(found)} ({told(found)}; {crowded} crowded)"
            yield row(what, "≤ 2 of 100", reached, wrong <= 0.02 * len(found))
    if "planted" in parts:
        for how, found, crowded in compared(2):
            slower, fair = sum(one.outcome == "SLOWER" for one in found), len(found) - crowded
            what = f"a planted slow-down of {100 * share:g} %, {how}: found where the CPU was not crowded"
            ratio = median(one.ratio for one in found)
            reached = f"{slower} of {fair} (in all {told(found)}; {crowded} crowded; median {ratio:.3f})"
            yield row(what, "≥ 95 %", reached, slower >= 0.95 * fair > 0)
    lengths = [len(trial[0].rounds) for trial in played]
    reached = f"{min(lengths)} to {max(lengths)}, {median(lengths):g}"
    yield "rounds of a trial until all its arms may stop", "", reached, ""


def laid_out(device: str, threads: int) -> Iterator[Row]:
    for model, task, batch in LAID_OUT:
        record = api.bench(model, device, batch, task=task, threads=threads, per="layer", max_time_s=1.0)
        (result,) = record.results
        for by, ledger in ("stages", result.stages), ("layers", result.layers):
            what = f"{by} of {model}, batch {batch}, {task}"
            if ledger is None:
                yield row(f"{what}: against a clock outside", "", result.unknown[by], False)
                continue
            off, cost = ledger["closure"] - 1, ledger["instrumentation"]
            within = closes_within(ledger, device)
            yield row(f"{what}: their sum against a clock outside", f"≤ {within:.2%}", f"{off:.1g}", abs(off) <= within)
            reached = f"{cost:+.2%} of {ledger['plain_ms']:.2f} ms"
            yield row(f"{what}: that pass against the plain run", "≤ 3 %", reached, abs(cost) <= INSTRUMENTATION)


def predictions(device: str) -> Iterator[Row]:
    image, plan = (8, 3, 224, 224), plan_for(device)
    for model in ("resnet18", "resnet50"):
        for task, bound in TASKS:
            one = ready(model, device, image, task)
            with torch.inference_mode(task == "infer"):
                waiting(one)()
                truth = worker.measured_memory(one, case(model, device, image, task), plan, {})["requested_bytes"]
            answer = api.memory(model, batch_size=8, task=task)
            (predicted,) = (fact.value for fact in answer.facts if fact.key == "peak_bytes")
            assert isinstance(predicted, int)
            error = predicted / truth - 1
            what = f"predicted memory of {model}, batch 8, {task}"
            yield row(what, f"≤ {100 * bound:g} %", f"{error:+.2%} of {truth / 1e6:.1f} MB", abs(error) <= bound)


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
    parser.add_argument("--processes", type=int, default=10, help="of repeatability")
    parser.add_argument("--trials", type=int, default=40, help="of same and of planted")
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
        show(laid_out(device, options.threads))
    if "memory" in parts:
        show(predictions(device))
    show(absent(device))
    print(f"{device}, torch {torch.__version__}, {options.threads} threads, {time.perf_counter() - began:.0f} s;")
    print(f"1-minute load {before:.2f} before and {os.getloadavg()[0]:.2f} after on {os.cpu_count()} CPUs.")


if __name__ == "__main__":
    main()
