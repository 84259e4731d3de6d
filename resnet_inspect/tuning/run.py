"""A search on this machine: its workers, its clock, and the Record of every round."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from signal import SIGINT

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.compare import DELTA
from resnet_inspect.benchmark.compiler import refuse_without_compiler
from resnet_inspect.benchmark.grade import grade_of_run
from resnet_inspect.benchmark.interrupts import INTERRUPTS
from resnet_inspect.benchmark.largest import WORKER_BYTES
from resnet_inspect.benchmark.messages import Job, Worker
from resnet_inspect.benchmark.plan import Plan, plan_for
from resnet_inspect.benchmark.process import ProcessWorker, probe
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.benchmark.request import count, graph_of, predict_memory
from resnet_inspect.benchmark.result import result_of
from resnet_inspect.benchmark.run import USABLE, Count, Save, Tell, environment_of
from resnet_inspect.benchmark.schedule import RawResult, conduct
from resnet_inspect.benchmark.schedule import Referee as Rule
from resnet_inspect.errors import MachineError, RequestError
from resnet_inspect.graph import Graph
from resnet_inspect.hardware import machine as machines
from resnet_inspect.hardware.gpu import Probe
from resnet_inspect.hardware.machine import Machine
from resnet_inspect.sources.batch import Batch
from resnet_inspect.sources.source import Source
from resnet_inspect.tuning.budget import Budget, Timed, was_cut
from resnet_inspect.tuning.goal import Goal, Wanted, least_call_ms
from resnet_inspect.tuning.prune import Foresee, foresee_nothing, reason_to_prune
from resnet_inspect.tuning.race import Track
from resnet_inspect.tuning.space import Among, Space, cases_at, default_case, space_of
from resnet_inspect.tuning.tune import Search

CLOCK = time.monotonic
MAX_WARMUP_S = 3.0  # every round warms up again, and a ratio within a round needs no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to tune, for what. ``delta`` is by default what unchanged code differs by between two runs (``DELTA``)."""

    net: Source
    wanted: Wanted
    image: Batch | None = None
    device: str = "auto"
    among: Among = field(default_factory=dict)
    budget_s: float = 300.0
    delta: float | None = None
    max_latency_ms: float | None = None
    max_memory_bytes: int | None = None
    max_error: float = 0.02
    foresee: Foresee = foresee_nothing
    seed: int = 0
    argv: tuple[str, ...] = ()


def run(request: Request, save: Save, tell: Tell, progress: Count) -> tuple[Search, Record]:
    """Search, and keep every sample: a case that raced several times has the rounds of all its processes.

    Raises:
        RequestError: an axis has a value that cannot be. MachineError: the machine has no such device, or no compiler
            for a mode that was asked for.
    """
    begin_s = CLOCK()
    machine, probed = machines.read(), probe(request.device)
    cpus = machines.usable_cpus(machine)
    image = request.image[1:] if request.image else request.net.image
    batch = request.image[0] if request.image and request.image[0] > 1 else None
    space = space_of(probed, cpus, request.among, request.wanted == "throughput", batch)
    if batch is not None and batch not in space.batch:
        raise RequestError(f"--input has a batch of {batch}, --among another", hint="give one of the two")
    default = default_case(request.net.name, image, probed, cpus, space.anchor)
    impossible = find_impossible(space, probed.device)
    goal = Goal(
        request.wanted, DELTA[default.kind] if request.delta is None else request.delta, request.max_latency_ms,
        request.max_memory_bytes, request.max_error,
    )  # fmt: skip
    plan = replace(plan_for(probed.device, seed=request.seed), max_warmup_s=MAX_WARMUP_S)
    budget = Budget(request.budget_s, CLOCK, begin_s, plan.rewarm_s + plan.min_round_s + plan.block_s)
    ledger = Ledger(request.net, plan, machine, Record(request.argv, environment_of(machine, probed), plan, 0, ()))
    planned = len(cases_at(space, default)) + len(space.batch) - 1
    progress(0, planned)
    job, rng = request.net.job, Random(request.seed)
    available = USABLE * _memory(machine, probed)

    def play(group: Sequence[Case], rule: Rule) -> Iterator[RawResult]:
        started: list[Timed] = []

        def start(case: Case) -> Worker:
            return Timed(case, lambda: ProcessWorker(Job(case, plan, job)), budget, started)

        for raw in conduct(group, start, plan, rng, tell, (), rule):
            if not was_cut(raw):
                save(ledger.keep(raw))
                progress(len(ledger.results), max(len(ledger.results), planned))
            yield raw

    def fits(group: Sequence[Case]) -> bool:
        return sum(WORKER_BYTES + 2 * ledger.peak_bytes(case) for case in group) <= available

    def prune(goal: Goal, case: Case, champion: RawResult | None) -> str:
        fastest = ledger.results.get(champion.case) if champion is not None else None
        foreseen = request.foresee(case, ledger.graph(case), fastest)
        return reason_to_prune(case, default, goal, champion, ledger.peak_bytes, least_ms, available, foreseen)

    def least_ms(case: Case) -> float:
        return least_call_ms(case, ledger.graph(case), machine, probed.gpu)

    def forbid(raw: RawResult) -> str:
        failed = [check.id for check in ledger.results[raw.case].checks if not check.ok and raw.status == "ok"]
        return goal.forbids(raw) or (f"self-check {failed[0]} failed" if failed else "")

    track = Track(play, fits, prune, forbid, budget.is_late, budget.suffices)
    search = Search(goal=goal, plan=plan, space=space, default=default, track=track, is_over=budget.is_over,
                    begin_last=budget.begin_last, impossible=impossible)  # fmt: skip
    with INTERRUPTS.listening(SIGINT), INTERRUPTS.held():
        search.run()
    return search, ledger.record


class Ledger:
    """The Record as it grows; each case once, with all its rounds."""

    def __init__(self, net: Source, plan: Plan, machine: Machine, record: Record) -> None:
        self.net, self.plan, self.machine, self.record = net, plan, machine, record
        self.grade = record.environment.grade
        self.raws: dict[Case, RawResult] = {}
        self.results: dict[Case, Result] = {}
        self.graphs: dict[tuple[int, ...], Graph] = {}

    def graph(self, case: Case) -> Graph:
        if case.input not in self.graphs:
            self.graphs[case.input] = graph_of(case, self.net)
        return self.graphs[case.input]

    def peak_bytes(self, case: Case) -> int:
        """The predicted peak of the eager case; a compiled one is taken to hold no more."""
        eager = replace(case, mode="eager", precision=case.arithmetic)
        predicted = predict_memory(eager, self.graph(case))
        return predicted.peak_bytes if predicted else 0

    def keep(self, raw: RawResult) -> Record:
        """The Record with what came of a case, after what came of it in earlier groups."""
        earlier = self.raws.get(raw.case)
        merged = raw if earlier is None else replace(raw, rounds=(*earlier.rounds, *raw.rounds))
        self.raws[raw.case] = merged
        counted = count(raw.case, self.net, self.graph(raw.case))
        self.results[raw.case] = result_of(merged, self.plan, counted, self.machine)
        results = tuple(self.results.values())
        environment = replace(self.record.environment, grade=grade_of_run(self.grade, results))
        self.record = replace(self.record, environment=environment, planned=len(results), results=results)
        return self.record


def find_impossible(space: Space, device: str) -> dict[str, str]:
    """The modes that this machine cannot run, each with the reason.

    Raises:
        MachineError: the user asked for one.
    """
    try:
        if any("compile" in mode for mode in space.mode):
            refuse_without_compiler(device)
    except MachineError as error:
        if "mode" in space.asked:
            raise
        return {mode: error.message for mode in space.mode if "compile" in mode}
    return {}


def _memory(machine: Machine, probed: Probe) -> int:
    """Bytes of the device: all workers of a group are on it together."""
    on_device = probed.gpu.memory_bytes if probed.gpu is not None else machine.memory_bytes
    return on_device or 8 * 2**30
