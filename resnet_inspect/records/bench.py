"""A Record as a Report: what ran, how fast, how sure, and what a reader must know to trust it."""

import shlex
from collections.abc import Iterator
from typing import NamedTuple

from resnet_inspect.benchmark.checks import SELF_CHECKS
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import Check, Environment, Metric, Record, Result
from resnet_inspect.benchmark.statistics import half_width, median_of
from resnet_inspect.errors import INCONCLUSIVE, OK
from resnet_inspect.hardware.gpu import Gpu
from resnet_inspect.hardware.machine import Machine
from resnet_inspect.questions.unseen import tell_unseen
from resnet_inspect.records import breakdown, choices, phases, scaling
from resnet_inspect.records.findings import findings_of
from resnet_inspect.report import Column, Fact, Finding, Report, Table, tabulate
from resnet_inspect.units import counted, percent, significant, text


class Row(NamedTuple):
    """A result; ``number`` is None where there is one only."""

    number: int | None
    result: Result

    @property
    def runs(self) -> str:
        case = self.result.case
        folded = " folded" if case.folded else ""
        threads = f" {counted(case.threads, 'thread')}" if case.kind == "cpu" else ""
        processes = f" {case.processes} process{'es' * (case.processes > 1)}" if case.processes else ""
        return f"{case.task} {case.precision} {case.layout} {case.mode}{folded}{threads}{processes}"

    @property
    def latency(self) -> Metric | None:
        return self.result.metrics.latency

    @property
    def half_interval(self) -> float | None:
        metric = self.latency
        return half_width(metric.ci95_ms, metric.median_ms) if metric and metric.median_ms else None

    @property
    def round_ms(self) -> tuple[float, ...] | None:
        """The median of each round."""
        return tuple(map(median_of, self.latency.rounds)) if self.latency else None

    @property
    def device_time_ms(self) -> float | None:
        metric = self.result.metrics.device_time
        return metric.median_ms if metric else None

    @property
    def floor_ms(self) -> float | None:
        return self.result.ceilings.floor_ms if self.result.ceilings else None

    @property
    def efficiency(self) -> float | None:
        """The share of the measured time that the floor is."""
        metric = self.result.device_or_latency
        return self.floor_ms / metric.median_ms if self.floor_ms is not None and metric and metric.median_ms else None

    @property
    def requested_bytes(self) -> int | None:
        return self.result.memory.measured.requested_bytes if self.result.memory.measured else None

    @property
    def predicted_bytes(self) -> int | None:
        return self.result.memory.predicted.peak_bytes if self.result.memory.predicted else None


COLUMNS: tuple[Column[Row], ...] = (
    Column("result", "#", lambda row: row.number, "integer", optional=True),
    Column("model", "model", lambda row: row.result.case.model),
    Column("batch_size", "batch", lambda row: row.result.case.batch_size, "integer"),
    Column("runs", "runs", lambda row: row.runs),
    Column("status", "status", lambda row: row.result.status),
    Column("latency_ms", "latency", lambda row: row.latency.median_ms if row.latency else None, "ms"),
    Column("ci95", "±", lambda row: row.half_interval, "share"),
    Column("device_time_ms", "device", lambda row: row.device_time_ms, "ms", optional=True),
    Column("floor_ms", "floor", lambda row: row.floor_ms, "ms", optional=True),
    Column("efficiency", "of floor", lambda row: row.efficiency, "share", optional=True),
    Column("p90_ms", "p90", lambda row: row.latency.p90_ms if row.latency else None, "ms", optional=True),
    Column("p95_ms", "p95", lambda row: row.latency.p95_ms if row.latency else None, "ms", optional=True),
    Column("p99_ms", "p99", lambda row: row.latency.p99_ms if row.latency else None, "ms", optional=True),
    Column("images_per_s", "images/s", lambda row: row.result.metrics.images_per_s, "rate"),
    Column("requested_bytes", "peak", lambda row: row.requested_bytes, "bytes"),
    Column("predicted_bytes", "predicted", lambda row: row.predicted_bytes, "bytes", optional=True),
    Column("compile_ms", "compile", lambda row: row.result.compile_ms, "ms", optional=True),
    Column("round_ms", "", lambda row: row.round_ms, "rounds"),
)


def bench(record: Record, strict: bool = False) -> Report:
    """One row a result; the machine, its grade and every finding below.

    With ``strict`` a case that failed or was interrupted exits 4.
    """
    whole = (result.status == "ok" and result.stopped != "interrupted" for result in record.results)
    ok = len(record.results) == record.planned and all(whole)
    environment, grade = record.environment, record.environment.grade
    worth = [*choices.table(record)]
    return Report(
        kind="bench",
        model=record.results[0].case.model if record.results else None,
        title=f"{counted(len(record.results), 'result')}, grade {grade.letter}"
        + (": " + "; ".join(grade.reasons) if grade.reasons else ""),
        facts=(
            *([Fact("command", "command", shlex.join(["resnet-inspect", *record.argv]))] if record.argv else []),
            Fact("date", "date", environment.date),
            Fact("machine", "machine", ", ".join(_machine(environment.machine))),
            *([Fact("gpu", "gpu", ", ".join(_gpu(environment.gpu)))] if environment.gpu else []),
            Fact("versions", "versions", ", ".join(f"{k} {v}" for k, v in _versions(environment).items())),
            Fact("rounds", "rounds", _rounds(record.plan)),
            *_fastest(record),
        ),
        tables=(_results(record), *worth, *phases.tables(record), *scaling.tables(record), *breakdown.tables(record)),
        findings=(*findings_of(record), *_missing(record), *_failed_checks(record)),
        notes=(
            *_notes(record),
            *(choices.notes(record) if worth else ()),
            *phases.notes(record),
            *scaling.notes(record),
            *breakdown.notes(record),
            *_energy(record),
        ),
        ok=ok,
        exit_code=INCONCLUSIVE if strict and not ok else OK,
    )


def _results(record: Record) -> Table:
    """The optional columns that have a value, and all others."""
    several = len(record.results) > 1
    rows = [Row(number if several else None, result) for number, result in enumerate(record.results, 1)]
    used = [column for column in COLUMNS if not column.optional or any(column.value(row) is not None for row in rows)]
    return tabulate("results", "results", used, rows)


def _missing(record: Record) -> Iterator[Finding]:
    if missing := record.planned - len(record.results):
        yield Finding("interrupted", "the run", f"{counted(missing, 'case')} not measured", "measure again")


def _failed_checks(record: Record) -> Iterator[Finding]:
    for result in record.results:
        for check in result.checks:
            if not check.ok:
                yield Finding("invalid", result.case.label, f"{_reason(check)} (self-check {check.id})")


def _reason(check: Check) -> str:
    told = next((told for told in SELF_CHECKS if told.id == check.id), None)
    if told is None:  # a Record of another version
        return "another version of resnet-inspect knows why"
    whole = told.unit in ("bytes", "integer")
    numbers = (int(x) if whole and x is not None else x for x in (check.value, check.limit))
    value, limit = (text(x, told.unit) for x in numbers)
    return told.message.format(value=value, limit=limit)


def _notes(record: Record) -> Iterator[str]:
    yield "latency: one call, waiting for its end; its median, and half the median's 95% interval"
    yield "images/s: calls back to back"
    workspace = "; on CUDA, cuDNN's workspace too" if record.environment.gpu else ""
    yield f"peak: bytes asked of the allocator, weights included{workspace}"
    if any(result.ceilings and result.case.task == "train" for result in record.results):
        yield "floor: of inference only"
    yield "grade: how far the machine's state lets times be trusted, A to C; see `resnet-inspect explain grade`"
    in_memory = dict.fromkeys(result.case.model for result in record.results if _is_in_memory(result))
    if in_memory:
        yield f"{', '.join(in_memory)}: a module in memory, which no command measures again"
    told: set[str] = set()  # the first case of a model stands for the others
    for result in record.results:
        if result.cost.unseen and result.case.model not in told:
            told.add(result.case.model)
            yield tell_unseen(result.case.label, result.cost.unseen)
    if record.plan.quick:
        yield "two rounds are a first look: `resnet-inspect verdict` refuses such runs"


def _is_in_memory(result: Result) -> bool:
    """Whether the model has neither a spec nor the name of its code."""
    return not result.spec and ":" not in result.case.model


def _fastest(record: Record) -> Iterator[Fact]:
    """Of several results, the one with the most images a second, for each task."""
    for task, title in (("infer", "most images/s"), ("train", "most images/s in training")):
        rates = [
            (result.metrics.images_per_s, number)
            for number, result in enumerate(record.results, 1)
            if result.valid and result.metrics.images_per_s is not None and result.case.task == task
        ]
        if len(rates) > 1:
            most, number = max(rates)
            yield Fact(f"most_images_per_s_{task}", title, f"{text(most, 'rate')} by result {number}")


def _machine(machine: Machine) -> Iterator[str]:
    yield machine.cpu_model
    yield f"{counted(machine.cpus, 'CPU')}"
    yield text(machine.memory_bytes, "bytes")
    yield f"{machine.os} {machine.kernel}".strip()


def _gpu(gpu: Gpu) -> Iterator[str]:
    yield gpu.name or "a device that torch does not name"
    for version, name in (gpu.driver, "driver"), (gpu.cuda, "CUDA"), (gpu.cudnn, "cuDNN"):
        if version:
            yield f"{name} {version}"


def _versions(environment: Environment) -> dict[str, str]:
    return {**environment.versions, "python": environment.machine.python}


def _rounds(plan: Plan) -> str:
    least = "2" if plan.quick else f"from {plan.rounds}"
    until = "" if plan.quick else f", until ±{percent(plan.precise_within, 0)} or {plan.max_time_s:g} s"
    where = ", each in a new process" if plan.fresh else ""
    return f"{least} of {plan.min_round_s:g} s{where}{until}, seed {plan.seed}"


def _energy(record: Record) -> Iterator[str]:
    for result in record.results:
        if result.energy is not None:
            total, net = significant(result.energy.j_per_image), significant(result.energy.net_j_per_image)
            idle = significant(result.energy.idle_w)
            yield f"energy of {result.case.label}: {total} J/image, {net} J/image more than the {idle} W of waiting"
        elif "energy" in result.unknown:
            yield f"energy of {result.case.label} is unknown: {result.unknown['energy']}"
