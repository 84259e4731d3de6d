"""A benchmark from request to Record: the grid, the workers, the predictions, saved as it comes."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from resnet_inspect import load
from resnet_inspect.analyze.memory import ELEMENT_BYTES, memory
from resnet_inspect.analyze.work import work_of
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.measure import machine as machines
from resnet_inspect.measure.assemble import arm
from resnet_inspect.measure.conductor import Worker, conduct, groups
from resnet_inspect.measure.config import Config, grid
from resnet_inspect.measure.process import ProcessWorker
from resnet_inspect.measure.protocol import protocol_for
from resnet_inspect.measure.record import Arm, Record
from resnet_inspect.resnet.fields import to_mapping
from resnet_inspect.resnet.zoo import Variant

WORKER_BYTES = 2**30  # torch itself, loaded in a process
USABLE = 0.6  # of the machine's memory


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure: every combination of the tuples; None stands for the default of the device or the variant."""

    variants: tuple[Variant, ...]
    image: tuple[int, int, int, int] | None
    device: str
    batch_sizes: tuple[int, ...]
    tasks: tuple[str, ...]
    precisions: tuple[str, ...] | None
    layouts: tuple[str, ...]
    modes: tuple[str, ...]
    threads: tuple[int, ...] | None


def run(
    request: Request,
    quick: bool,
    min_time_s: float | None,
    max_time_s: float | None,
    seed: int,
    argv: tuple[str, ...],
    save: Callable[[Record], None],
    tell: Callable[[str], None],
) -> Record:
    """Play the whole grid; see ``api.bench``."""
    from resnet_inspect.runtime import environment  # torch lives behind this line

    machine = machines.read()
    device = environment.resolve(request.device)
    variants = {variant.name: variant for variant in request.variants}
    configs = grid(
        [(v.name, request.image[1:] if request.image else _image(v)) for v in request.variants],
        device,
        request.batch_sizes,
        request.tasks,
        request.precisions or (environment.default_precision(device),),
        request.layouts,
        request.modes,
        request.threads or (machines.usable_cpus(machine),),
    )
    if request.image and request.batch_sizes != (1,) and request.image[0] not in (1, *request.batch_sizes):
        raise RequestError(
            f"--input has a batch of {request.image[0]}, --batch-size says otherwise", hint="give one of the two"
        )
    graphs = {config: load.graph(variants[config.model], config.input) for config in configs}
    predicted = {config: _predicted(config, graph) for config, graph in graphs.items()}
    plan = protocol_for(device, quick, seed, min_time_s, max_time_s)
    known: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(machine),
    }
    known["versions"] = environment.versions()
    known["gpu"] = None
    known["grade"] = asdict(machines.grade(machine))
    record = Record(argv, known, plan, ())
    rng = Random(seed)
    rng.shuffle(configs)
    available = int(USABLE * (machine.memory_bytes or 8 * 2**30))

    def need(config: Config) -> int:
        rows = predicted[config]
        return WORKER_BYTES + 2 * (rows["peak_bytes"] if rows else 0)

    def start(config: Config) -> Worker:
        job = {
            "config": asdict(config),
            "protocol": asdict(plan),
            "spec": {k: v for k, v in to_mapping(variants[config.model].spec).items() if v is not None},
        }
        return ProcessWorker(job)

    try:
        for group in groups(configs, need, available):
            for take in conduct(group, start, plan, rng, tell):
                cost = {"params": work_of(graphs[take.config]).params, "macs": work_of(graphs[take.config]).macs}
                spec = to_mapping(variants[take.config.model].spec)
                done = arm(take, plan, cost, spec, predicted[take.config])
                record = replace(record, arms=_ordered((*record.arms, done), list(graphs)))
                save(record)
    except KeyboardInterrupt:
        tell("interrupted; the arms that are done are kept")
    return record


def _image(variant: Variant) -> tuple[int, int, int]:
    spec = variant.spec
    return spec.in_channels, spec.input_size, spec.input_size


def _ordered(arms: tuple[Arm, ...], configs: list[Config]) -> tuple[Arm, ...]:
    """As they were asked for, whatever the order they were played in."""
    return tuple(sorted(arms, key=lambda arm: configs.index(arm.config)))


def _predicted(config: Config, graph: Graph) -> dict[str, int] | None:
    """The memory rows of an eager arm; a compiled one, and autocast, hold other tensors."""
    if config.mode != "eager" or config.precision not in ELEMENT_BYTES:
        return None
    report = memory(graph, config.task, config.precision)  # type: ignore[arg-type]  # the grid has checked them
    return {
        fact.key: fact.value for fact in report.facts if fact.key.endswith("_bytes") and isinstance(fact.value, int)
    }
