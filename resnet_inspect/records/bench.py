"""A Record as a Report: what ran, how fast, how sure, and what a reader must know to trust it."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import Metric, Record, Result
from resnet_inspect.benchmark.statistics import half_width
from resnet_inspect.errors import INCONCLUSIVE, OK
from resnet_inspect.records import breakdown as ledgers
from resnet_inspect.records import choices
from resnet_inspect.records.findings import together
from resnet_inspect.report import Fact, Finding, Report, Row, Table, of_tuples
from resnet_inspect.report import Heading as Column
from resnet_inspect.units import counted, significant, text


def bench(record: Record, strict: bool = False) -> Report:
    """One row an arm; the machine, its grade and every finding below. With ``strict`` an arm that failed exits 4."""
    ok = len(record.results) == record.planned and all(result.status == "ok" for result in record.results)
    environment = record.environment
    machine, grade = environment["machine"], environment["grade"]
    findings = [*together(record)]
    if len(record.results) < record.planned:
        findings.append(
            Finding("interrupted", "the run", f"{record.planned - len(record.results)} arms were not measured")
        )
    findings += [
        Finding(
            "invalid",
            result.case.label,
            f"self-check {check.id} failed: {text_of(check.value)}, limit {text_of(check.limit)}",
        )
        for result in record.results
        for check in result.checks
        if not check.ok
    ]
    worth = [*choices.table(record)]
    return Report(
        kind="bench",
        model=record.results[0].case.model if record.results else None,
        title=f"{counted(len(record.results), 'arm')}, grade {grade['letter']}"
        + (": " + "; ".join(grade["reasons"]) if grade["reasons"] else ""),
        facts=(
            *([Fact("command", "command", shlex.join(["resnet-inspect", *record.argv]))] if record.argv else []),
            Fact("date", "date", environment["date"]),
            Fact("machine", "machine", ", ".join(_machine(machine))),
            *([Fact("gpu", "gpu", ", ".join(_gpu(environment["gpu"])))] if environment.get("gpu") else []),
            Fact("versions", "versions", ", ".join(f"{k} {v}" for k, v in _versions(environment).items())),
            Fact("rounds", "rounds", _rounds(record.plan)),
            *_best(record),
        ),
        tables=(_arms(record), *worth, *_phases(record), *ledgers.tables(record)),
        findings=tuple(findings),
        notes=(
            "latency: one call and its end, median and its 95 % interval over rounds; images/s: calls back to back",
            "peak: what the allocator is asked for, weights included"
            + ("; measured on CUDA, what cuDNN works in too" if environment.get("gpu") else ""),
            *(choices.notes(record) if worth else ()),
            *ledgers.notes(record),
            *_energy(record),
            *(
                ["floor: of an inference alone"]
                if any(a.ceilings and a.case.task == "train" for a in record.results)
                else []
            ),
            *(["two rounds, a first look: no baseline for `resnet-inspect verdict`"] if record.plan.quick else []),
        ),
        ok=ok,
        exit_code=INCONCLUSIVE if strict and not ok else OK,
    )


def _best(record: Record) -> Iterator[Fact]:
    """Of several arms, the one that the most images go through in a second, beside its task."""
    for task in ("infer", "train"):
        rates = [
            (result.images_per_s, number)
            for number, result in enumerate(record.results, 1)
            if result.valid and result.images_per_s is not None and result.case.task == task
        ]
        if len(rates) > 1:
            most, number = max(rates)
            what = "most images/s" if task == "infer" else "most images/s in training"
            yield Fact(f"most_images_per_s_{task}", what, f"{text(most, 'rate')} by arm {number}")


def _machine(machine: Mapping[str, Any]) -> Iterator[str]:
    yield machine["cpu_model"]
    yield f"{machine['cpus']} CPUs"
    yield text(machine["memory_bytes"], "bytes")
    if machine.get("os"):
        yield f"{machine['os']} {machine.get('kernel') or ''}".strip()


def _gpu(gpu: Mapping[str, Any]) -> Iterator[str]:
    yield gpu.get("name") or "a device that torch does not name"
    for key, name in ("driver", "driver"), ("cuda", "CUDA"), ("cudnn", "cuDNN"):
        if gpu.get(key):
            yield f"{name} {gpu[key]}"


def _versions(environment: Mapping[str, Any]) -> dict[str, str]:
    python = environment["machine"].get("python")
    return {**environment["versions"], **({"python": python} if python else {})}


def _rounds(plan: Plan) -> str:
    least = "2" if plan.quick else f"from {plan.rounds}"
    until = "" if plan.quick else f", until ±{100 * plan.precise_within:g}% or {plan.max_time_s:g} s"
    where = ", each in a new process" if plan.fresh else ""
    return f"{least} of {plan.min_round_s:g} s{where}{until}, seed {plan.seed}"


def text_of(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _arms(record: Record) -> Table:
    columns = (
        Column("arm", "arm", "integer", optional=True),
        Column("model", "model"),
        Column("batch_size", "batch", "integer"),
        Column("runs", "runs"),
        Column("status", "status"),
        Column("latency_ms", "latency", "ms"),
        Column("ci95", "±", "share"),
        Column("device_time_ms", "device", "ms", optional=True),
        Column("floor_ms", "floor", "ms", optional=True),
        Column("reached", "of floor", "share", optional=True),
        Column("p90_ms", "p90", "ms", optional=True),
        Column("p95_ms", "p95", "ms", optional=True),
        Column("p99_ms", "p99", "ms", optional=True),
        Column("images_per_s", "images/s", "rate"),
        Column("requested_bytes", "peak", "bytes"),
        Column("predicted_bytes", "predicted", "bytes", optional=True),
        Column("compile_ms", "compile", "ms", optional=True),
    )
    several = len(record.results) > 1
    rows = tuple(_row(result, number if several else None) for number, result in enumerate(record.results, 1))
    used = [i for i, c in enumerate(columns) if not c.optional or any(row[i] is not None for row in rows)]
    return of_tuples(
        "arms", "arms", tuple(columns[i] for i in used), tuple(tuple(row[i] for i in used) for row in rows)
    )


def _row(result: Result, number: int | None) -> Row:
    case, latency, device = result.case, result.metrics.get("latency"), result.metrics.get("device_time")
    measured, predicted = result.memory.get("measured") or {}, result.memory.get("predicted") or {}
    fused = " fused" if case.fused else ""
    threads = f" {counted(case.threads, 'thread')}" if case.device == "cpu" else ""
    what = f"{case.task} {case.precision} {case.layout} {case.mode}{fused}{threads}"
    times: Row = (None,) * 2
    tails: Row = (None,) * 3
    if latency is not None:
        times = latency.median_ms, half_width(latency.ci95_ms, latency.median_ms) if latency.median_ms else None
        tails = latency.p90_ms, latency.p95_ms, latency.p99_ms
    return (
        number,
        case.model,
        case.batch_size,
        what,
        result.status,
        *times,
        device.median_ms if device is not None else None,
        *_floor(result, device or latency),
        *tails,
        result.images_per_s,
        measured.get("requested_bytes"),
        predicted.get("peak_bytes"),
        result.compile_ms,
    )


def _floor(result: Result, measured: Metric | None) -> tuple[float | None, float | None]:
    """The least time that the measured ceilings allow, and what share of the time it is."""
    floor = (result.ceilings or {}).get("floor_ms")
    if floor is None or measured is None or not measured.median_ms:
        return floor, None
    return floor, floor / measured.median_ms


def _phases(record: Record) -> tuple[Table, ...]:
    rows: list[Row] = [
        (result.case.label, p["forward_ms"], p["backward_ms"], p["optimizer_ms"], p["step_ms"])
        for result in record.results
        if (p := result.phases) is not None
    ]
    if not rows:
        return ()
    names = ("forward", "backward", "optimizer", "step")
    columns = (Column("arm", "arm"), *(Column(f"{name}_ms", name, "ms") for name in names))
    return (of_tuples("phases", "phases of a training step", columns, tuple(rows)),)


def _energy(record: Record) -> Iterator[str]:
    for result in record.results:
        if result.energy is not None:
            total, net, idle = (significant(result.energy[key]) for key in ("j_per_image", "net_j_per_image", "idle_w"))
            yield f"energy of {result.case.label}: {total} J/image, {net} J/image beyond the {idle} W of waiting"
        elif "energy" in result.unknown:
            yield f"energy of {result.case.label} is unknown: {result.unknown['energy']}"
