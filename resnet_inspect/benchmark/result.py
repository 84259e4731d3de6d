"""From what a worker answered to a Result of the Record: statistics, self-checks, findings."""

from dataclasses import dataclass, fields, replace

from resnet_inspect.benchmark.breakdown import Breakdown, Part, break_down
from resnet_inspect.benchmark.case import DRY, SCALER
from resnet_inspect.benchmark.checks import check, check_floor
from resnet_inspect.benchmark.detect import Evidence
from resnet_inspect.benchmark.findings import observe
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import (
    Clocks,
    Cost,
    Memory,
    Metrics,
    Result,
    Roof,
    RunCeilings,
    Scaling,
    metric,
)
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.benchmark.statistics import P99_SAMPLES
from resnet_inspect.graph.facts.memory import PeakMemory
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.machine import Machine
from resnet_inspect.typed_json import JsonObject
from resnet_inspect.units import counted

UNSEEN = "the run was interrupted before they were looked at"
FIELDS = {"stage": "stages", "layer": "layers"}  # an extra -> the field of a Result, where it has another name


@dataclass(frozen=True, slots=True)
class Counted:
    """What counting says of a case's net; ``predicted`` is None where no prediction is made.

    ``least_bytes`` are those that a call must hold: its weights, its input and the largest output of a layer.
    """

    cost: Cost
    spec: JsonObject
    predicted: PeakMemory | None
    stages: tuple[Part, ...]
    layers: tuple[Part, ...]
    least_bytes: int | None = None


def result_of(raw: RawResult, plan: Plan, counted: Counted, machine: Machine) -> Result:
    """The Result of a case that has ended, however it ended."""
    if raw.status != "ok":
        return Result(
            case=raw.case,
            status=raw.status,
            valid=False,
            cost=counted.cost,
            spec=counted.spec,
            metrics=Metrics(latency=metric(raw.latency_ms, plan.seed) if raw.rounds else None),
            memory=Memory(counted.predicted, None),
            findings=tuple(observe(Evidence(raw, plan, Metrics()), (raw.status,))),
        )
    assert raw.prepared is not None
    assert raw.warmed_up is not None
    metrics = _metrics(raw, plan)
    assert metrics.latency is not None
    breakdowns, ceilings = _breakdowns(raw, counted), _ceilings(raw.ceilings_before, raw.ceilings_after)
    first_call_ms = raw.prepared.captured_ms or raw.warmed_up.first_ms
    compiled = raw.case.is_compiled
    checks = tuple(check(raw, metrics, breakdowns, counted.cost, counted.least_bytes, machine))
    valid = all(check.ok for check in checks)
    measured = raw.memory and replace(raw.memory, first_peak_bytes=raw.warmed_up.first_peak_bytes)
    return Result(
        case=raw.case,
        status="ok" if valid else "invalid",
        valid=valid,
        cost=counted.cost,
        spec=counted.spec,
        metrics=metrics,
        memory=Memory(counted.predicted, measured),
        first_call_ms=first_call_ms,
        compile_ms=max(0.0, first_call_ms - metrics.latency.median_ms) if compiled else None,
        stopped=raw.stopped,
        checks=checks,
        findings=tuple(observe(Evidence(raw, plan, metrics, breakdowns, ceilings))),
        unknown=_unknown(raw, metrics),
        phases=raw.phases,
        stages=breakdowns.get("stage"),
        layers=breakdowns.get("layer"),
        ceilings=ceilings,
        clocks=Clocks(raw.prepared.gpu, tuple(r.state for r in raw.rounds), raw.finished.gpu if raw.finished else None),
        energy=raw.energy,
        flags=raw.prepared.flags,
        graph_breaks=raw.warmed_up.compiled_graphs - 1 if compiled else None,
        scaling=_scaling(raw),
    )


def hold_to_ceilings(
    result: Result, ceilings: RunCeilings, floor_ms: float, arithmetic_ms: float, plan: Plan
) -> Result:
    """``result`` under ``ceilings``.

    ``floor_ms`` is the least time of a forward pass under them, ``arithmetic_ms`` the time of its FLOPs alone.

    A time below the arithmetic's floor fails a self-check. A device time below the memory's floor is a finding only:
    the maps of a small net stay in the cache.
    """
    held = replace(result, ceilings=replace(ceilings, floor_ms=floor_ms))
    if not floor_ms:
        return held
    seen = Evidence(RawResult(result.case), plan, result.metrics, ceilings=held.ceilings)
    checks = (*result.checks, *check_floor(result.case, result.metrics, arithmetic_ms))
    valid = result.valid and all(check.ok for check in checks)
    return replace(
        held,
        findings=(*result.findings, *observe(seen, ("cached",))),
        checks=checks,
        valid=valid,
        status=result.status if valid == result.valid else "invalid",
    )


def _metrics(raw: RawResult, plan: Plan) -> Metrics:
    calls = sum(r.block_calls for r in raw.rounds)
    block_s = sum(r.block_ms for r in raw.rounds) / 1e3
    device_time, enqueue = raw.device_time_ms, raw.enqueue_ms
    return Metrics(
        latency=metric(raw.latency_ms, plan.seed),
        throughput=metric([[r.block_ms / r.block_calls] for r in raw.rounds], plan.seed),
        device_time=metric(device_time, plan.seed) if device_time else None,
        enqueue=metric(enqueue, plan.seed) if enqueue else None,
        images_per_s=raw.case.batch_size * (raw.case.processes or 1) * calls / block_s if block_s else None,
    )


def _scaling(raw: RawResult) -> Scaling | None:
    skew_ms = tuple(r.skew_ms for r in raw.rounds if r.skew_ms is not None)
    unsynced_ms = tuple(r.unsynced_ms for r in raw.rounds if r.unsynced_ms is not None)
    if not unsynced_ms:
        return None
    exchange = raw.exchange
    size, samples_ms = (exchange.bytes, exchange.samples_ms) if exchange else (None, None)
    return Scaling(skew_ms, unsynced_ms, size, samples_ms)


def _unknown(raw: RawResult, metrics: Metrics) -> dict[str, str]:
    """Why each quantity is None that somebody may miss."""
    unknown = {FIELDS.get(extra, extra): reason for extra, reason in raw.unavailable.items()}
    if metrics.enqueue is None:
        reason = SCALER if raw.case.waits_inside else f"{raw.case.kind} has no events on a stream"
        unknown |= dict.fromkeys(("device_time", "enqueue"), reason)
    elif metrics.device_time is None:
        unknown["device_time"] = DRY
    if raw.finished is None:
        unknown["outputs"] = UNSEEN
    if metrics.latency is not None and metrics.latency.p99_ms is None:
        unknown["p99_ms"] = f"{counted(metrics.latency.n, 'sample')}; it takes {P99_SAMPLES}"
    return unknown


def _breakdowns(raw: RawResult, counted: Counted) -> dict[str, Breakdown]:
    marked = (("stage", raw.stage, counted.stages), ("layer", raw.layer, counted.layers))
    return {by: break_down(calls, parts) for by, calls, parts in marked if calls is not None}


def _ceilings(before: Ceilings | None, after: Ceilings | None) -> RunCeilings | None:
    """The higher of two measurements, before the rounds and after: a ceiling is what can be reached."""
    if after is None:
        return None
    each = tuple(Roof(c.flop_per_s, c.bytes_per_s) for c in (before, after) if c is not None)
    values = {field.name: getattr(after, field.name) for field in fields(Ceilings)}
    return highest(RunCeilings(**values, each=each), each)


def highest(ceilings: RunCeilings, roofs: tuple[Roof, ...]) -> RunCeilings:
    """``ceilings`` raised to the highest of ``roofs``."""
    return replace(
        ceilings,
        flop_per_s=max(roof.flop_per_s for roof in roofs),
        bytes_per_s=max(roof.bytes_per_s for roof in roofs),
    )
