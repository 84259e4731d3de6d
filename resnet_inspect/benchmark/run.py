"""A benchmark from request to Record: the grid, the workers, the predictions, saved as it comes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from resnet_inspect.benchmark.assemble import CEILINGS, held_to_floor, result_of
from resnet_inspect.benchmark.breakdown import Part
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.largest import WORKER_BYTES, largest
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.process import LAUNCHES, ProcessWorker, probe
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.benchmark.request import Request, by_name, configs_of, graph_of, predicted_of
from resnet_inspect.benchmark.schedule import RawResult, Worker, conduct, groups
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.training import refuse_to_train
from resnet_inspect.graph.facts.work import stage_of, work_by, work_of
from resnet_inspect.hardware import machine as machines
from resnet_inspect.hardware.devices import device_from_ceilings
from resnet_inspect.hardware.floor import floors, total_of

__all__ = ["Request", "run"]

USABLE = 0.6  # of the machine's memory


def run(
    request: Request,
    quick: bool,
    min_time_s: float | None,
    max_time_s: float | None,
    seed: int,
    argv: tuple[str, ...],
    save: Callable[[Record], None],
    tell: Callable[[str], None],
    passes: tuple[str, ...] = (),
    fresh: bool = False,
) -> Record:
    """Play the whole grid; see ``api.bench``."""
    nets = by_name(request.nets)
    jobs = {name: net.job for name, net in nets.items()}
    machine, torch = machines.read(), probe(request.device)
    if "energy" in passes and not torch["device"].startswith("cuda"):
        raise RequestError(
            f"--energy needs a CUDA device: no counter of energy is read on {torch['device']}", hint="leave it out"
        )
    plan = plan_for(torch["device"], quick, seed, min_time_s, max_time_s, fresh)
    available = int(USABLE * (machine.memory_bytes or 8 * 2**30))

    def start(case: Case) -> Worker:
        return ProcessWorker({"config": asdict(case), "protocol": asdict(plan), **jobs[case.model]})

    def at_most(case: Case) -> Case:
        return largest(case, nets[case.model], start, available, tell)

    cases = configs_of(request, torch, machines.usable_cpus(machine), at_most)
    graphs = {case: graph_of(case, nets[case.model]) for case in cases}
    for case, graph in graphs.items():
        if case.task == "train":
            refuse_to_train(graph)
    predicted = {case: predicted_of(case, graph) for case, graph in graphs.items()}

    def need(case: Case) -> int:
        rows = predicted[case]
        return WORKER_BYTES + 2 * (rows["peak_bytes"] if rows else 0)

    on_cuda = torch["device"].startswith("cuda")
    environment: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(machine) | {"variables": (LAUNCHES if on_cuda else {}) | machine.variables},
        "versions": torch["versions"],
        "gpu": None,
        "grade": asdict(machines.grade(machine)),
    }
    record = Record(argv, environment, plan, len(cases), ())
    measured: dict[Case, Result] = {}

    def keep(raw: RawResult) -> None:
        nonlocal record
        work, net = work_of(graphs[raw.case]), nets[raw.case.model]
        cost = {"params": work.params, "macs": work.macs}
        laid_out = parts(graphs[raw.case])
        measured[raw.case] = result_of(raw, plan, cost, net.spec_fields, predicted[raw.case], laid_out)
        known = [measured[case] for case in cases if case in measured]
        record = replace(record, results=tuple(_roofed(known, graphs)))
        if gpu := raw.prepared.get("gpu"):
            grades = environment["grade"], asdict(machines.grade(machine, gpu))
            worse = max(grades, key=lambda grade: (grade["letter"], len(grade["reasons"])))
            environment.update(gpu=gpu, grade=worse)
        save(record)

    rng = Random(seed)
    shuffled = rng.sample(cases, len(cases))
    taken: list[RawResult] = []
    try:
        for group in groups(shuffled, need, available):
            for raw in conduct(group, start, plan, rng, tell, passes):
                taken.append(raw)
                keep(raw)
    except KeyboardInterrupt:
        tell("interrupted; the arms that are done are kept")
        for raw in taken:
            if raw.case not in measured:  # Ctrl-C came while its samples were looked at
                keep(raw)
    return record


def _roofed(results: Sequence[Result], graphs: Mapping[Case, Graph]) -> Iterator[Result]:
    """The arms under the highest ceilings that any of them found on its device, so that their floors can be compared;
    inferences are held to them."""

    def key(one: Result) -> tuple[str, str, int]:
        return one.case.device, one.ceilings["precision"], one.case.threads

    highest: dict[tuple[str, str, int], dict[str, float]] = {}
    for one in results:
        if one.ceilings:
            known = highest.setdefault(key(one), dict.fromkeys(CEILINGS, 0.0))
            known.update({name: max(known[name], one.ceilings[name]) for name in CEILINGS})
    for one in results:
        if one.ceilings:
            one = replace(one, ceilings=one.ceilings | highest[key(one)])
        if one.ceilings and one.case.task == "infer":
            one = held_to_floor(one, *_floor_ms(graphs[one.case], one.ceilings))
        yield one


def _floor_ms(graph: Graph, ceilings: Mapping[str, Any]) -> tuple[float, float]:
    """The least time of a forward pass at ceilings that were measured, and of its arithmetic alone."""
    total = total_of(floors(graph, device_from_ceilings(ceilings), ceilings["precision"]).values())
    return 1e3 * total.floor_s, 1e3 * total.flop / ceilings["flop_per_s"]


def parts(graph: Graph) -> dict[str, list[Part]]:
    """The stages of a network and its layers, which are its calls."""
    stages = work_by(graph, stage_of)
    return {
        "stage": [Part(name, "", work.macs) for name, work in stages.items()],
        "layer": [Part(node.name, node.stage, node.macs) for node in graph.nodes[1:]],
    }
