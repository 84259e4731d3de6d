"""A benchmark from request to Record: the grid, the workers, the predictions, saved as it comes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from resnet_inspect.benchmark.assemble import CEILINGS, arm, held_to_floor
from resnet_inspect.benchmark.breakdown import Part
from resnet_inspect.benchmark.case import Config
from resnet_inspect.benchmark.largest import WORKER_BYTES, largest
from resnet_inspect.benchmark.plan import protocol_for
from resnet_inspect.benchmark.process import LAUNCHES, ProcessWorker, probe
from resnet_inspect.benchmark.record import Arm, Record
from resnet_inspect.benchmark.request import Request, by_name, configs_of, graph_of, predicted_of
from resnet_inspect.benchmark.schedule import Take, Worker, conduct, groups
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.training import refuse_to_train
from resnet_inspect.graph.facts.work import stage_of, work_by, work_of
from resnet_inspect.hardware import machine as machines
from resnet_inspect.hardware.devices import as_measured
from resnet_inspect.hardware.floor import floors, total_of
from resnet_inspect.sources import load

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
    machine, torch = machines.read(), probe(request.device)
    if "energy" in passes and not torch["device"].startswith("cuda"):
        raise RequestError(
            f"--energy needs a CUDA device: no counter of energy is read on {torch['device']}", hint="leave it out"
        )
    nets = by_name(request.nets)
    plan = protocol_for(torch["device"], quick, seed, min_time_s, max_time_s, fresh)
    available = int(USABLE * (machine.memory_bytes or 8 * 2**30))

    def start(config: Config) -> Worker:
        return ProcessWorker({"config": asdict(config), "protocol": asdict(plan), **load.source_of(nets[config.model])})

    def at_most(config: Config) -> Config:
        return largest(config, nets[config.model], start, available, tell)

    configs = configs_of(request, torch, machines.usable_cpus(machine), at_most)
    graphs = {config: graph_of(config, nets[config.model]) for config in configs}
    for config, graph in graphs.items():
        if config.task == "train":
            refuse_to_train(graph)
    predicted = {config: predicted_of(config, graph) for config, graph in graphs.items()}

    def need(config: Config) -> int:
        rows = predicted[config]
        return WORKER_BYTES + 2 * (rows["peak_bytes"] if rows else 0)

    on_cuda = torch["device"].startswith("cuda")
    environment: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(machine) | {"variables": (LAUNCHES if on_cuda else {}) | machine.variables},
        "versions": torch["versions"],
        "gpu": None,
        "grade": asdict(machines.grade(machine)),
    }
    record = Record(argv, environment, plan, len(configs), ())
    measured: dict[Config, Arm] = {}

    def keep(take: Take) -> None:
        nonlocal record
        work, net = work_of(graphs[take.config]), nets[take.config.model]
        cost = {"params": work.params, "macs": work.macs}
        laid_out = parts(graphs[take.config])
        measured[take.config] = arm(take, plan, cost, load.spec_of(net), predicted[take.config], laid_out)
        known = [measured[config] for config in configs if config in measured]
        record = replace(record, arms=tuple(_roofed(known, graphs)))
        if gpu := take.prepared.get("gpu"):
            grades = environment["grade"], asdict(machines.grade(machine, gpu))
            worse = max(grades, key=lambda grade: (grade["letter"], len(grade["reasons"])))
            environment.update(gpu=gpu, grade=worse)
        save(record)

    rng = Random(seed)
    shuffled = rng.sample(configs, len(configs))
    taken: list[Take] = []
    try:
        for group in groups(shuffled, need, available):
            for take in conduct(group, start, plan, rng, tell, passes):
                taken.append(take)
                keep(take)
    except KeyboardInterrupt:
        tell("interrupted; the arms that are done are kept")
        for take in taken:
            if take.config not in measured:  # Ctrl-C came while its samples were looked at
                keep(take)
    return record


def _roofed(arms: Sequence[Arm], graphs: Mapping[Config, Graph]) -> Iterator[Arm]:
    """The arms under the highest ceilings that any of them found on its device, so that their floors can be compared;
    inferences are held to them."""

    def key(one: Arm) -> tuple[str, str, int]:
        return one.config.device, one.ceilings["precision"], one.config.threads

    highest: dict[tuple[str, str, int], dict[str, float]] = {}
    for one in arms:
        if one.ceilings:
            known = highest.setdefault(key(one), dict.fromkeys(CEILINGS, 0.0))
            known.update({name: max(known[name], one.ceilings[name]) for name in CEILINGS})
    for one in arms:
        if one.ceilings:
            one = replace(one, ceilings=one.ceilings | highest[key(one)])
        if one.ceilings and one.config.task == "infer":
            one = held_to_floor(one, *_floor_ms(graphs[one.config], one.ceilings))
        yield one


def _floor_ms(graph: Graph, ceilings: Mapping[str, Any]) -> tuple[float, float]:
    """The least time of a forward pass at ceilings that were measured, and of its arithmetic alone."""
    total = total_of(floors(graph, as_measured(ceilings), ceilings["precision"]).values())
    return 1e3 * total.floor_s, 1e3 * total.flop / ceilings["flop_per_s"]


def parts(graph: Graph) -> dict[str, list[Part]]:
    """The stages of a network and its layers, which are its calls."""
    stages = work_by(graph, stage_of)
    return {
        "stage": [Part(name, "", work.macs) for name, work in stages.items()],
        "layer": [Part(node.name, node.stage, node.macs) for node in graph.nodes[1:]],
    }
