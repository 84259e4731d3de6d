"""Do other timers, and torchvision's own module, give the same time for one forward pass?

    python validation/agreement.py [--model resnet18] [--batch-size 1] [--device cpu] [--repeats 7] [--threads 2]

Everything runs in one process, in inference mode, eager and strict fp32. Two tables:

timers    One callable, the built network, timed in turn by our sampler, by torch.utils.benchmark and, on CUDA, by
          triton's do_bench. Columns: the median; the median of the rounds' ratios to ours; the least and greatest
          ratio. do_bench empties the GPU's cache between calls, so for short calls it times something else.
modules   Our module and torchvision's with the same weights take turns, call by call. The ratio of medians has a 95 %
          interval; OVER means that all of it lies above 1, so our module is slower.

The exit code is 0 whatever they say.
"""

import argparse
import importlib
import os
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import chain
from random import Random
from statistics import median

import torch
import torchvision
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.utils.benchmark import Timer

import resnet_inspect as ri
from resnet_inspect.benchmark.compare import DELTA, compare
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.worker import timing

CLOCK = time.perf_counter_ns
BOUND = {"cpu": 0.03, "cuda": 0.02}
ROUND_S = 1.0  # of each method in a round
AT_LEAST = 20  # calls of our sampler in a round
OURS = "ours"

Call = Callable[[], object]
Method = Callable[[Call], float]


def ours(call: Call) -> float:
    return median(timing.sample(call, CLOCK, ROUND_S, AT_LEAST))


def torch_timer(call: Call) -> float:
    timer = Timer("call()", globals={"call": call}, num_threads=torch.get_num_threads())
    return 1e3 * timer.blocked_autorange(min_run_time=ROUND_S).median


def do_bench(call: Call) -> float:
    testing = importlib.import_module("triton.testing")
    return float(testing.do_bench(call, rep=int(1e3 * ROUND_S), return_mode="median"))


def waiting(net: nn.Module, x: torch.Tensor) -> Call:
    """One forward pass, and the wait for it."""

    def call() -> None:
        net(x)
        if x.is_cuda:
            torch.cuda.synchronize(x.device)

    return call


def in_turn(methods: dict[str, Method], call: Call, repeats: int, rng: Random) -> dict[str, list[float]]:
    """Every method once a round, in random order."""
    ms: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(repeats):
        for name in rng.sample(list(methods), len(methods)):
            ms[name].append(methods[name](call))
    return ms


def by_call(calls: Sequence[Call], repeats: int, seconds: float, rng: Random) -> list[list[list[float]]]:
    """Rounds of milliseconds of each callable. They alternate call by call, so a slow moment hits all alike."""
    rounds: list[list[list[float]]] = [[] for _ in calls]
    for _ in range(repeats):
        taken: list[list[float]] = [[] for _ in calls]
        with timing.without_gc():
            while len(taken[0]) < AT_LEAST or sum(map(sum, taken)) < 1e3 * seconds:
                for i in rng.sample(range(len(calls)), len(calls)):
                    start = CLOCK()
                    calls[i]()
                    taken[i].append((CLOCK() - start) / 1e6)
        for of_call, samples in zip(rounds, taken, strict=True):
            of_call.append(samples)
    return rounds


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left")
    for row in rows:
        table.add_row(*row)
    Console().print(table, "")


def method_rows(ms: dict[str, list[float]], bound: float) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for name, times in ms.items():
        if name == OURS:
            rows.append((name, f"{median(times):.3f}"))
            continue
        ratios = [theirs / mine for theirs, mine in zip(times, ms[OURS], strict=True)]
        ratio = median(ratios)
        verdict = "within" if abs(ratio - 1) <= bound else "OVER"
        spread = f"{min(ratios):.4f} to {max(ratios):.4f}"
        rows.append((name, f"{median(times):.3f}", f"{ratio:.4f}", spread, f"{bound:.0%}", verdict))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="resnet18", help="a variant that torchvision has too")
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=7, help="rounds")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    if min(options.batch_size, options.repeats, options.threads) < 1:
        parser.error("at least one image, one round and one thread")
    kind = torch.device(options.device).type
    if kind not in BOUND:
        parser.error("cpu or cuda")

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    rng = Random(0)
    net = ri.build(options.model, device=options.device).eval()
    peer = torchvision.models.get_model(options.model, weights=None).to(options.device).eval()
    peer.load_state_dict(net.state_dict())
    x = torch.randn(ri.lower(options.model, batch_size=options.batch_size).input.shape, device=options.device)
    mine, theirs = waiting(net, x), waiting(peer, x)
    methods: dict[str, Method] = {OURS: ours, "torch.utils.benchmark": torch_timer}
    if kind == "cuda" and find_spec("triton"):
        methods["triton do_bench"] = do_bench

    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"{options.model}, batch {options.batch_size} on {options.device}, torch {torch.__version__},")
    print(f"{options.threads} threads; 1-minute load {load} on {os.cpu_count()} CPUs.\n", flush=True)
    with torch.inference_mode():
        for call in (mine, theirs):
            timing.warm_up(call, CLOCK, plan_for(kind))
        ms = in_turn(methods, mine, options.repeats, rng)
        torchvision_rounds, our_rounds = by_call((theirs, mine), options.repeats, 2 * ROUND_S, rng)

    columns = ("timer", "median ms", "to ours", "least to greatest", "bound", "")
    show(f"one callable, {options.repeats} interleaved rounds", columns, method_rows(ms, BOUND[kind]))
    pair = compare(torchvision_rounds, our_rounds, DELTA[kind], paired=True)
    torchvision_ms, our_ms = (median(chain(*rounds)) for rounds in (torchvision_rounds, our_rounds))
    verdict = "within" if pair.low <= 1 else "OVER"
    row = (f"{our_ms:.3f}", f"{torchvision_ms:.3f}", f"{pair.ratio:.4f}", f"{pair.low:.4f} to {pair.high:.4f}", verdict)
    columns = ("module", "ours, ms", "torchvision, ms", "ours to theirs", "95 % interval", "")
    show("the same weights in both modules, call by call", columns, [(options.model, *row)])


if __name__ == "__main__":
    main()
