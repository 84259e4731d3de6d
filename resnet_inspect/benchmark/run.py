"""A benchmark from request to Record, which is saved as it grows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from math import fsum
from random import Random
from signal import SIGINT

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compiler import refuse_without_compiler
from resnet_inspect.benchmark.grade import grade_of_run
from resnet_inspect.benchmark.groups import groups
from resnet_inspect.benchmark.interrupts import INTERRUPTS
from resnet_inspect.benchmark.largest import WORKER_BYTES, find_largest
from resnet_inspect.benchmark.messages import Job, Worker
from resnet_inspect.benchmark.plan import Plan, plan_for
from resnet_inspect.benchmark.process import LAUNCHES, ProcessWorker, probe
from resnet_inspect.benchmark.record import Environment, Record, Result, Roof
from resnet_inspect.benchmark.request import Request, cases_of, count, graph_of, most_cases
from resnet_inspect.benchmark.result import highest, hold_to_ceilings, result_of
from resnet_inspect.benchmark.schedule import RawResult, conduct
from resnet_inspect.benchmark.stopping import share_done
from resnet_inspect.errors import RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.training import refuse_to_train
from resnet_inspect.hardware import machine as machines
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.devices import device_from_ceilings
from resnet_inspect.hardware.floor import floors, total_of
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.hardware.machine import Machine

USABLE = 0.6  # of the machine's memory

Save = Callable[[Record], None]  # is given the Record each time a case has ended
Tell = Callable[[str], None]  # a line when something begins
Count = Callable[[float, int], None]  # how many cases have ended, of how many; rounds count as parts of a case


def run(request: Request, save: Save, tell: Tell, progress: Count) -> Record:
    """Measure every case that the request spans. Ctrl-C ends the run within a second and keeps every whole round.

    Raises:
        RequestError: a combination cannot run. MachineError: the machine has no such device.
    """
    progress(0, most_cases(request))
    nets = {net.name: net for net in request.nets}
    jobs = {name: net.job for name, net in nets.items()}
    machine, probed = machines.read(), probe(request.device)
    if probed.device.startswith("cuda") and (most := max(filter(None, request.processes), default=0)):
        probe(f"cuda:{most - 1}")  # whether this machine has so many
    if "energy" in request.extras and not probed.device.startswith("cuda"):
        raise RequestError(
            f"--energy needs a CUDA device: no counter of energy is read on {probed.device}", hint="leave it out"
        )
    if any("compile" in mode for mode in request.modes):
        refuse_without_compiler(probed.device)
    plan = plan_for(probed.device, request.quick, request.seed, request.min_time_s, request.max_time_s, request.fresh)
    available = int(USABLE * (machine.memory_bytes or 8 * 2**30))

    def start(case: Case) -> Worker:
        return ProcessWorker(Job(case, plan, jobs[case.model]))

    def enlarge(case: Case) -> Case:
        return find_largest(case, nets[case.model], start, available, tell)

    cases = cases_of(request, probed, machines.usable_cpus(machine), enlarge)
    graphs = {case: graph_of(case, nets[case.model]) for case in cases}
    for case, graph in graphs.items():
        if case.task == "train":
            refuse_to_train(graph)
    counted = {case: count(case, nets[case.model], graph) for case, graph in graphs.items()}

    def need_bytes(case: Case) -> int:
        predicted = counted[case].predicted
        return (case.processes or 1) * (WORKER_BYTES + 2 * (predicted.peak_bytes if predicted else 0))

    environment = environment_of(machine, probed)
    record = Record(request.argv, environment, plan, len(cases), ())
    results: dict[Case, Result] = {}
    least_time = cache(lambda case, ceilings: _least_time_ms(graphs[case], ceilings))

    def keep(raw: RawResult) -> None:
        nonlocal record
        results[raw.case] = result_of(raw, plan, counted[raw.case], machine)
        in_order = [results[case] for case in cases if case in results]
        graded = replace(environment, grade=grade_of_run(environment.grade, in_order))
        record = replace(record, environment=graded, results=tuple(under_one_roof(in_order, plan, least_time)))
        progress(len(record.results), record.planned)
        save(record)

    shares: dict[Case, float] = {}

    def watch(raw: RawResult) -> None:
        shares[raw.case] = share_done(raw.latency_ms, plan)
        playing = fsum(share for case, share in shares.items() if case not in results)
        progress(len(results) + playing, record.planned)

    rng = Random(request.seed)
    ended: list[RawResult] = []
    progress(0, len(cases))
    with INTERRUPTS.listening(SIGINT), INTERRUPTS.held():
        try:
            for group in groups(rng.sample(cases, len(cases)), need_bytes, available):
                for raw in conduct(group, start, plan, rng, tell, request.extras, watch=watch):
                    ended.append(raw)
                    keep(raw)
        except KeyboardInterrupt:
            tell("interrupted; every whole round is kept")
            for raw in ended:
                if raw.case not in results:  # a second Ctrl-C came while its samples were looked at
                    keep(raw)
    return record


def under_one_roof(
    results: Sequence[Result], plan: Plan, least_time: Callable[[Case, Ceilings], tuple[float, float]]
) -> Iterator[Result]:
    """The results under the highest ceilings that any of them found on its device, so that their floors compare.

    ``least_time`` gives the milliseconds of a forward pass at its ceilings, and those of its arithmetic alone.
    """
    roofs: dict[tuple[str, str, int], list[Roof]] = {}
    for result in results:
        if result.ceilings is not None:
            roof = Roof(result.ceilings.flop_per_s, result.ceilings.bytes_per_s)
            roofs.setdefault(_device(result.case, result.ceilings), []).append(roof)
    for result in results:
        if result.ceilings is None:
            yield result
            continue
        ceilings = highest(result.ceilings, tuple(roofs[_device(result.case, result.ceilings)]))
        if result.case.task == "train":
            yield replace(result, ceilings=ceilings)
        else:
            yield hold_to_ceilings(result, ceilings, *least_time(result.case, ceilings), plan)


def _device(case: Case, ceilings: Ceilings) -> tuple[str, str, int]:
    return case.device, ceilings.precision, case.threads


def _least_time_ms(graph: Graph, ceilings: Ceilings) -> tuple[float, float]:
    device = device_from_ceilings(ceilings)
    total = total_of(floors(graph, device, device.precision).values())
    return 1e3 * total.floor_s, 1e3 * total.flop / ceilings.flop_per_s


def environment_of(machine: Machine, probed: Probe) -> Environment:
    on_cuda = probed.device.startswith("cuda")
    variables: Mapping[str, str] = (LAUNCHES if on_cuda else {}) | machine.variables
    return Environment(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=replace(machine, variables=dict(variables)),
        versions=probed.versions,
        gpu=probed.gpu,
        grade=machines.grade(machine, probed.gpu),
    )
