"""Does tune find what measuring the whole grid finds, and what is that worth?

    python validation/tune.py [--out tune-results] [--models resnet18,resnet50] [--goal latency] [--batch 1]
                              [--image 224] [--budget 10min] [--rounds 15]

For each model three things are measured, one after the other:

tune    The search among two layouts, fp32 and bf16, eager and compile, and one thread and two: 16 cases.
grid    `bench` of the same 16 cases.
judge   The two winners and torch's default take turns in new processes, --rounds rounds each.

A table says which configuration either way finds, how much slower tune's is than the grid's by the judge (with a 95 %
interval), the rounds and the seconds that both took, and the gain over torch's default. The bound is the tie of tune,
5 % on a CPU: within it the simpler case may win. The grid's winner is chosen by medians taken at different times, so
on a busy machine the judge may find it the slower one.

It takes about 12 minutes a model on two CPUs that have nothing else to do. What has been measured is kept in --out,
and a second call goes on from there.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from demand import Row, demand, show

import resnet_inspect as ri
from resnet_inspect import sources
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compare import DELTA
from resnet_inspect.benchmark.messages import Job
from resnet_inspect.benchmark.plan import Plan, plan_for
from resnet_inspect.benchmark.process import ProcessWorker
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.benchmark.record_json import to_json
from resnet_inspect.benchmark.schedule import RawResult, conduct
from resnet_inspect.benchmark.stopping import Stop
from resnet_inspect.tuning.goal import WANTED, Goal
from resnet_inspect.tuning.ratio import Ratio, paired_ratio

AXES: dict[str, tuple[str | int, ...]] = {
    "layout": ("contiguous", "channels_last"),
    "precision": ("fp32", "bf16"),
    "mode": ("eager", "compile"),
    "threads": (1, 2),
}
DEFAULT = ("fp32", "contiguous", "eager", 2)
Configuration = tuple[str, str, str, int]  # precision, layout, mode, threads


def tune(folder: Path, model: str, goal: str, image: Sequence[int], budget: str) -> dict[str, Any]:
    """The answer of a search, and its seconds."""
    path = folder / f"{model}-tune.json"
    if not path.exists():
        start, records = time.monotonic(), []
        answer = ri.tune(model, goal, "cpu", image, among=AXES | {"batch": image[:1]}, budget=budget,
                         save=records.append, tell=print)  # fmt: skip
        (folder / f"{model}-tune-record.json").write_text(to_json(records[-1]), encoding="utf-8")
        path.write_text(json.dumps(json.loads(answer.to_json()) | {"seconds": time.monotonic() - start}))
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def measure_grid(folder: Path, model: str, image: Sequence[int]) -> tuple[Record, float]:
    """Every case of the grid, and the seconds that it took; a grid that was interrupted starts anew."""
    path, took = folder / f"{model}-grid.json", folder / f"{model}-grid-seconds.txt"
    if not took.exists():
        start = time.monotonic()
        record = ri.bench(model, "cpu", input=image, tell=print, save=lambda so_far: _keep(path, so_far), **AXES)  # type: ignore[arg-type]  # bench's own names
        if len(record.results) < record.planned:
            raise KeyboardInterrupt
        took.write_text(str(time.monotonic() - start))
    return ri.read_record(path), float(took.read_text())


def judge(
    folder: Path, model: str, goal: Goal, image: Sequence[int], rivals: Sequence[Configuration], rounds: int
) -> list[list[float]]:
    """A time a round of each rival, in turn."""
    path = folder / f"{model}-judge.json"
    if not path.exists():
        plan = replace(plan_for("cpu"), rounds=rounds)
        source = sources.find(model)
        cases = [
            Case(model, "cpu", image[0], tuple(image), "infer", precision, layout, mode, threads)  # type: ignore[arg-type]  # words of AXES
            for precision, layout, mode, threads in dict.fromkeys(rivals)
        ]
        raws = {
            raw.case: raw
            for raw in conduct(cases, lambda case: ProcessWorker(Job(case, plan, source.job)), plan, Random(0), print,
                               (), lambda raws: _after(raws, plan))
        }  # fmt: skip
        path.write_text(json.dumps([[_configuration(case), goal.round_ms(raws[case])] for case in cases]))
    times = {tuple(configuration): ms for configuration, ms in json.loads(path.read_text())}
    return [times[rival] for rival in rivals]


def rows(folder: Path, model: str, goal: Goal, image: Sequence[int], budget: str, rounds: int) -> Iterator[Row]:
    document = tune(folder, model, goal.wanted, image, budget)
    grid, grid_s = measure_grid(folder, model, image)
    cases = document["tables"]["cases"]
    winner = configuration_of(next(row["runs"] for row in cases if row["outcome"] == "winner"))
    best = fastest_of(grid.results, goal.wanted)
    of_winner, of_best, of_default = judge(folder, model, goal, image, (winner, best, DEFAULT), rounds)
    facts, raced, measured = document["facts"], sum(row["rounds"] or 0 for row in cases), rounds_of(grid)
    yield f"{model}: tune finds", "", _words(winner) + ("" if facts["decided"] else " (undecided)"), ""
    yield f"{model}: the grid's fastest", "", _words(best), ""
    slower = Ratio(1, 1, 1, 0, 0) if winner == best else paired_ratio(of_best, of_winner)
    bound = f"≤ {1 + goal.delta:g}×"
    yield demand(f"{model}: tune's time over the grid's", bound, _interval(slower), slower.ratio <= 1 + goal.delta)
    reached = f"{raced} of {measured} = {raced / measured:.0%}"
    yield demand(f"{model}: rounds of tune, of the grid", "≤ 60 %", reached, raced <= 0.6 * measured)
    yield f"{model}: seconds of tune, of the grid", "", f"{document['seconds']:.0f}, {grid_s:.0f}", ""
    told = "unknown" if facts["gain"] is None else "{gain:.2f}× ({gain_low:.2f} to {gain_high:.2f})".format(**facts)
    yield f"{model}: gain over torch's default, as told", "", told, ""
    yield f"{model}: the same, by the judge", "", _interval(paired_ratio(of_winner, of_default)), ""


def fastest_of(results: Sequence[Result], wanted: str) -> Configuration:
    """The valid case with the lowest median latency, or with the most images a second."""

    def cost(result: Result) -> float:
        latency, rate = result.metrics.latency, result.metrics.images_per_s
        assert latency is not None
        return latency.median_ms if wanted == "latency" else -(rate or 0.0)

    return _configuration(min((result for result in results if result.valid), key=cost).case)


def configuration_of(runs: str) -> Configuration:
    """``bf16 channels_last eager 2 threads``, as tune writes it."""
    precision, layout, mode, threads, _ = runs.split()
    return precision, layout, mode, int(threads)


def rounds_of(record: Record) -> int:
    return sum(len(r.metrics.latency.round_lengths) for r in record.results if r.metrics.latency is not None)


def _configuration(case: Case) -> Configuration:
    return case.precision, case.layout, case.mode, case.threads


def _after(raws: Sequence[RawResult], plan: Plan) -> dict[Case, Stop]:
    over = all(len(raw.rounds) >= plan.rounds for raw in raws if raw.status == "ok")
    return {raw.case: "decided" for raw in raws} if over else {}


def _keep(path: Path, record: Record) -> None:
    path.write_text(to_json(record), encoding="utf-8")


def _words(configuration: Configuration) -> str:
    return " ".join(map(str, configuration)) + " threads"


def _interval(ratio: Ratio) -> str:
    return f"{ratio.ratio:.3f}× ({ratio.low:.3f} to {ratio.high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("tune-results"))
    parser.add_argument("--models", default="resnet18,resnet50")
    parser.add_argument("--goal", choices=WANTED, default="latency")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--image", type=int, default=224)
    parser.add_argument("--budget", default="10min")
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    image, goal = (asked.batch, 3, asked.image, asked.image), Goal(asked.goal, DELTA["cpu"])
    for model in asked.models.split(","):
        show(rows(asked.out, model, goal, image, asked.budget, asked.rounds))


if __name__ == "__main__":
    main()
