"""A benchmark from request to Record: the grid, the workers, the predictions, saved as it comes."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from resnet_inspect import load
from resnet_inspect.analyze.flops import refuse_to_train_on_one_value
from resnet_inspect.analyze.memory import ELEMENT_BYTES, memory
from resnet_inspect.analyze.roofline import floors, total_of
from resnet_inspect.analyze.work import stage_of, work_by, work_of
from resnet_inspect.counting.devices import as_measured
from resnet_inspect.errors import MachineError, RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.fold import fold
from resnet_inspect.measure import machine as machines
from resnet_inspect.measure.assemble import CEILINGS, arm, held_to_floor
from resnet_inspect.measure.conductor import Worker, WorkerLost, conduct, groups
from resnet_inspect.measure.config import Config, grid
from resnet_inspect.measure.ledger import Part
from resnet_inspect.measure.process import ProcessWorker, probe
from resnet_inspect.measure.protocol import protocol_for
from resnet_inspect.measure.record import Arm, Record
from resnet_inspect.resnet.fields import to_mapping
from resnet_inspect.resnet.zoo import Variant

WORKER_BYTES = 2**30  # torch itself, loaded in a process
USABLE = 0.6  # of the machine's memory
INDEXED = 2**31  # elements of a tensor that kernels with 32-bit indices reach
CALL_MS = 1000.0  # of the largest batch on a CPU, whose memory holds more than anybody waits for
TRIED_CALLS = 2  # the first finds kernels and memory; the second has an optimizer's state beside it


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure: every combination of the tuples; None stands for the default of the device or the variant.

    A batch size may be ``max``: the largest that fits.
    """

    variants: tuple[Variant, ...]
    image: tuple[int, int, int, int] | None
    device: str
    batch_sizes: tuple[int | str, ...] | None
    tasks: tuple[str, ...]
    precisions: tuple[str, ...] | None
    layouts: tuple[str, ...]
    modes: tuple[str, ...]
    threads: tuple[int, ...] | None
    fused: tuple[bool, ...] = (False,)


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
    variants = _by_name(request.variants)
    plan = protocol_for(torch["device"], quick, seed, min_time_s, max_time_s, fresh)
    available = int(USABLE * (machine.memory_bytes or 8 * 2**30))

    def start(config: Config) -> Worker:
        spec = {k: v for k, v in to_mapping(variants[config.model].spec).items() if v is not None}
        return ProcessWorker({"config": asdict(config), "protocol": asdict(plan), "spec": spec})

    def largest(config: Config) -> Config:
        return _largest(config, variants[config.model], start, available, tell)

    configs = _configs(request, torch, machines.usable_cpus(machine), largest)
    graphs = {config: _graph(config, variants[config.model]) for config in configs}
    for config, graph in graphs.items():
        if config.task == "train":
            refuse_to_train_on_one_value(graph)
    predicted = {config: _predicted(config, graph) for config, graph in graphs.items()}

    def need(config: Config) -> int:
        rows = predicted[config]
        return WORKER_BYTES + 2 * (rows["peak_bytes"] if rows else 0)

    environment: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(machine),
        "versions": torch["versions"],
        "gpu": None,
        "grade": asdict(machines.grade(machine)),
    }
    record = Record(argv, environment, plan, len(configs), ())
    measured: list[Arm] = []
    rng = Random(seed)
    shuffled = rng.sample(configs, len(configs))
    try:
        for group in groups(shuffled, need, available):
            for take in conduct(group, start, plan, rng, tell, passes):
                graph = graphs[take.config]
                work = work_of(graph)
                cost = {"params": work.params, "macs": work.macs}
                spec = to_mapping(variants[take.config.model].spec)
                measured.append(arm(take, plan, cost, spec, predicted[take.config], parts(graph)))
                measured.sort(key=lambda arm: configs.index(arm.config))
                record = replace(record, arms=tuple(_roofed(measured, graphs)))
                if gpu := take.prepared.get("gpu"):
                    grades = environment["grade"], asdict(machines.grade(machine, gpu))
                    environment |= {"gpu": gpu, "grade": max(grades, key=lambda grade: str(grade["letter"]))}
                save(record)
    except KeyboardInterrupt:
        tell("interrupted; the arms that are done are kept")
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


def _by_name(variants: tuple[Variant, ...]) -> dict[str, Variant]:
    found = {variant.name: variant for variant in variants}
    if len(found) < len(variants):
        raise RequestError("two models have one name", hint="name each once, and give spec files names of their own")
    return found


def _configs(
    request: Request, torch: Mapping[str, Any], cpus: int, largest: Callable[[Config], Config]
) -> list[Config]:
    """The grid that a request spans, each configuration once, in the order it was asked for."""
    given = request.image[0] if request.image else None
    sizes = request.batch_sizes or (given or 1,)
    if given not in (None, 1, *sizes):
        raise RequestError(f"--input has a batch of {given}, --batch-size says otherwise", hint="give one of the two")
    numbers = [n for n in sizes if isinstance(n, int)]
    if len(numbers) + sizes.count("max") < len(sizes):
        said = ", ".join(map(str, sizes))
        raise RequestError(f"batch sizes {said}: not whole numbers or max", hint="as --batch-size 1,8,max")

    def spanned(batch_sizes: list[int]) -> list[Config]:
        return grid(
            [(v.name, request.image[1:] if request.image else _image(v)) for v in request.variants],
            torch["device"],
            batch_sizes,
            request.tasks,
            request.precisions or (torch["precision"],),
            request.layouts,
            request.modes,
            request.threads or (cpus,),
            request.fused,
        )

    configs = spanned(numbers) if numbers else []
    if "max" in sizes:
        configs += map(largest, spanned([1]))
    return list(dict.fromkeys(configs))


def _largest(
    config: Config, variant: Variant, start: Callable[[Config], Worker], available: int, tell: Callable[[str], None]
) -> Config:
    """``config`` at the largest batch that fits: by prediction, then by trying, a tenth less each time it does not.

    On a CPU a call of it takes no longer than CALL_MS, and no less than half where memory allows: a measurement makes
    dozens of calls, and the memory holds batches that take a minute each. Elsewhere what is predicted of an eager call
    may be too much for a compiled one, or for autocast: a fifth more is tried until it no longer fits.

    Raises:
        MachineError: not even one image does.
    """

    def at(n: int) -> Config:
        return replace(config, batch_size=n, input=(n, *config.input[1:]))

    known = config.mode == "eager" and config.precision in ELEMENT_BYTES

    def fits(n: int, room: int) -> bool:
        precision = config.precision if config.precision in ELEMENT_BYTES else "fp32"
        graph = _graph(at(n), variant)
        rows = _predicted(replace(at(n), mode="eager", precision=precision), graph)
        assert rows is not None
        return rows["peak_bytes"] <= room and all(node.out.numel < INDEXED for node in graph.nodes)

    def tried(n: int) -> float | None:
        """Milliseconds of a call that finds its kernels and memory; None where there is not memory enough."""
        tell(f"{at(n).label}: does it fit?")
        worker = start(at(n))
        try:
            worker.ask({"do": "prepare"})
            return min([float(worker.ask({"do": "call"})["ms"]) for _ in range(TRIED_CALLS)])
        except WorkerLost as lost:
            if lost.status != "oom" and "signal 9" not in lost.detail:  # the kernel ends who takes too much
                raise MachineError(f"{at(n).label}: {lost.status}, {lost.detail}", hint="give a --batch-size") from None
            return None
        finally:
            worker.close()

    room = _room(config, start) if config.device.startswith("cuda") else available - WORKER_BYTES
    most = 1
    while fits(2 * most, room):
        most *= 2
    step = most
    while step > 1:
        step //= 2
        most += step if fits(most + step, room) else 0
    n = min(2, most) if config.device == "cpu" else most  # two, as not every net trains on one
    held = 0
    while n:
        ms = tried(n)
        if held and ms is None:
            return at(held)
        if ms is None:
            n = most = min(n - 1, n * 9 // 10)
        elif config.device == "cpu" and ms > CALL_MS and n > 1:
            n = most = int(n * CALL_MS / ms) or 1
        elif config.device == "cpu" and ms < CALL_MS / 2 and n < most:
            n = min(most, int(n * CALL_MS / ms))
        elif config.device != "cpu" and not known and n == most and fits(6 * n // 5 + 1, sys.maxsize):
            held, n = n, 6 * n // 5 + 1
            most = n
        else:
            return at(n)
    raise MachineError(f"{config.model}: not even one image fits on {config.device}", hint="give a smaller --input")


def _room(config: Config, start: Callable[[Config], Worker]) -> int:
    """Free bytes of a GPU, asked in a worker: this process never touches it."""
    worker = start(config)
    try:
        worker.ask({"do": "prepare"})
        return int(worker.ask({"do": "room"})["bytes"])
    except WorkerLost as lost:
        raise MachineError(f"{config.label}: {lost.status} {lost.detail}", hint="give a smaller --input") from None
    finally:
        worker.close()


def _graph(config: Config, variant: Variant) -> Graph:
    graph = load.graph(variant, config.input)
    return fold(graph) if config.fused else graph


def _image(variant: Variant) -> tuple[int, int, int]:
    spec = variant.spec
    return spec.in_channels, spec.input_size, spec.input_size


def _predicted(config: Config, graph: Graph) -> dict[str, int] | None:
    """The memory rows of an eager arm; a compiled one, and autocast, hold other tensors."""
    if config.mode != "eager" or config.precision not in ELEMENT_BYTES:
        return None
    report = memory(graph, config.task, config.precision)  # type: ignore[arg-type]  # the grid has checked them
    return {
        fact.key: fact.value for fact in report.facts if fact.key.endswith("_bytes") and isinstance(fact.value, int)
    }
