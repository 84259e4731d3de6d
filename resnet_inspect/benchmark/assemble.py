"""From what a worker said to an Arm of the Record: statistics, self-checks that fail closed, findings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from statistics import geometric_mean
from typing import Any

from resnet_inspect.benchmark.breakdown import INSTRUMENTATION, Part, closes_within, ledger
from resnet_inspect.benchmark.case import DRY, SCALER, Case
from resnet_inspect.benchmark.compare import CROWDED
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import Check, Metric, Result, metric
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.benchmark.statistics import (
    P99_SAMPLES,
    drift,
    half_width,
    is_bimodal,
    median_of,
    pooled,
    slow_first,
    spread,
)

# relative L2 distance of outputs from strict fp32 that rounding explains
ROUNDING = {"fp32": 1e-4, "tf32": 2e-3, "bf16": 2e-2, "fp16": 2e-2, "amp-bf16": 2e-2, "amp-fp16": 2e-2}
HOST_BOUND = 0.8  # host time of device time
ABOVE_ROOF = 1.05  # of a ceiling: what lies above is an error, or a cache
NOISY = {"cpu": 0.05, "cuda": 0.02}
CLOCK_MOVED = 0.05
OTHER_PACE = 0.1
QUICK_WITHIN = 0.1  # two rounds are seldom precise
CEILINGS = {"flop_per_s": "arithmetic", "bytes_per_s": "memory"}
CEILING_MOVED = 0.05
SLOW_FIRST = 1.2  # of a round's other calls
GAP_MS = 0.01  # between two replays of a graph, back to back; an estimate
CAPPED = 0.1  # a chip at its power cap is slower back to back than after the pause before each timed call; an estimate
PAGE_FAULTS = 0.03  # of a call's time
FIELDS = {"stage": "stages", "layer": "layers", "energy": "energy", "ceilings": "ceilings", "phases": "phases"}


def result_of(
    raw: RawResult,
    plan: Plan,
    cost: Mapping[str, int],
    spec: Mapping[str, Any],
    predicted: Any,
    parts: Mapping[str, Sequence[Part]],
) -> Result:
    """``predicted``: the memory rows that were predicted, or None. ``parts``: the network's, by stage and by layer."""
    if raw.status != "ok":
        findings = ({"code": raw.status, "where": raw.case.label, "values": {"detail": raw.detail}},)
        kept = {"latency": metric(raw.latency, plan.seed)} if raw.latency else {}
        return Result(raw.case, raw.status, False, kept, memory={"predicted": predicted, "measured": None}, cost=cost,
                   spec=spec, findings=findings)  # fmt: skip
    metrics, unknown = _metrics(raw, plan)
    latency = metrics["latency"]
    assert latency is not None
    if latency.p99_ms is None:
        unknown["p99_ms"] = f"{latency.n} samples; it takes {P99_SAMPLES}"
    known = {name: said for name, said in raw.passes.items() if "reason" not in said}
    unknown |= {FIELDS[name]: said["reason"] for name, said in raw.passes.items() if "reason" in said}
    ledgers = {by: ledger(said, parts[by]) for by, said in known.items() if by in parts}
    ceilings = _ceilings(raw.ceilings_before, known.get("ceilings"))
    checks = (*_checks(raw, metrics), *_closures(ledgers, raw.case.device))
    valid = all(check.ok for check in checks)
    calls, block_ms = (sum(part) for part in zip(*raw.blocks, strict=True))
    compiled = "compile" in raw.case.mode
    first = raw.prepared.get("captured_ms") or raw.warm["first_ms"]
    return Result(
        case=raw.case,
        status="ok" if valid else "invalid",
        valid=valid,
        metrics=metrics,
        images_per_s=_over(raw.case.batch_size * calls, block_ms / 1e3),
        memory={
            "predicted": predicted,
            "measured": {**raw.memory, "first_peak_bytes": raw.warm.get("first_peak_bytes")},
        },
        cost=cost,
        spec=spec,
        first_call_ms=first,
        compile_ms=max(0.0, first - latency.median_ms) if compiled else None,
        stopped=raw.stopped,
        checks=checks,
        findings=tuple(_findings(raw, metrics, plan, ledgers, ceilings)),
        unknown=unknown,
        phases=known.get("phases"),
        stages=ledgers.get("stage"),
        layers=ledgers.get("layer"),
        energy=known.get("energy"),
        ceilings=ceilings,
        clocks={"before": raw.prepared.get("gpu"), "rounds": raw.clocks, "after": raw.after.get("clocks")},
        flags=raw.prepared.get("flags"),
        graph_breaks=raw.warm["graphs_before"] - 1 if compiled else None,
    )


def _ceilings(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The higher of two measurements, before the rounds and after: a ceiling is what can be reached."""
    if after is None:
        return None
    each = [{name: one[name] for name in CEILINGS} for one in (before, after) if one and "reason" not in one]
    return {**after, **{name: max(one[name] for one in each) for name in CEILINGS}, "each": each}


def held_to_floor(result: Result, floor_ms: float, arithmetic_ms: float) -> Result:
    """``arm`` with the least time that its ceilings allow; its device time may not undercut that of the arithmetic.

    Of fp32 that is no fault: there a convolution may run by Winograd's algorithm, which multiplies less. Nor is it to
    undercut what memory takes: where the maps of a net stay in the cache, they do not move.
    """
    known = replace(result, ceilings={**result.ceilings, "floor_ms": floor_ms})
    device = result.metrics.get("device_time")
    if device is None or not floor_ms:
        return known
    if device.median_ms and floor_ms / device.median_ms > ABOVE_ROOF:
        found = partial(_finding, result.case)
        known = replace(known, findings=(*result.findings, found("cached", share=device.median_ms / floor_ms)))
    if result.case.precision == "fp32":
        return known
    reached = arithmetic_ms / device.median_ms if device.median_ms else inf
    check = Check("device-time-above-floor", reached <= ABOVE_ROOF, min(reached, 1e9), ABOVE_ROOF)
    valid = result.valid and check.ok
    return replace(known, checks=(*result.checks, check), valid=valid, status=result.status if valid else "invalid")


def _metrics(raw: RawResult, plan: Plan) -> tuple[dict[str, Metric | None], dict[str, str]]:
    seed = plan.seed
    throughput = [[ms / calls] for calls, ms in raw.blocks]
    metrics: dict[str, Metric | None] = {
        "latency": metric(raw.latency, seed),
        "throughput": metric(throughput, seed),
        "device_time": metric(raw.device_time, seed) if raw.device_time else None,
        "enqueue": metric(raw.enqueue, seed) if raw.enqueue else None,
    }
    kind = raw.case.device.partition(":")[0]
    if not raw.enqueue:
        reason = SCALER if raw.case.waits_inside else f"{kind} has no events on a stream"
        return metrics, dict.fromkeys(("device_time", "enqueue"), reason)
    unknown = {} if raw.device_time else {"device_time": DRY}
    return metrics, unknown


def _checks(raw: RawResult, metrics: Mapping[str, Metric | None]) -> Iterator[Check]:
    latency, device, enqueue = metrics["latency"], metrics["device_time"], metrics["enqueue"]
    throughput = metrics["throughput"]
    assert latency is not None
    assert throughput is not None
    yield Check("latency-positive", min(latency.samples_ms) > 0, min(latency.samples_ms), 0.0)
    tails = [latency.median_ms, latency.p90_ms, latency.p95_ms, *([latency.p99_ms] if latency.p99_ms else [])]
    yield Check("percentiles-monotone", tails == sorted(tails), None, None)
    yield Check("outputs-finite", bool(raw.after["finite"]), None, None)
    if device is not None and enqueue is not None:
        ratio = _over(latency.median_ms, device.median_ms)
        yield Check("latency-over-device-time", ratio is not None and ratio >= 0.98, ratio, 0.98)
        if enqueue.median_ms < HOST_BOUND * device.median_ms:
            closure = throughput.median_ms / device.median_ms
            capped = any("power cap" in (clock.get("throttle") or ()) for clock in raw.clocks)
            limit = (CAPPED if capped else 0.02) + GAP_MS / device.median_ms
            yield Check("throughput-is-device-time", abs(closure - 1) <= limit, closure, limit)
    if "compile" in raw.case.mode and "graphs_before" in raw.warm:
        more = max(raw.recompiled, raw.after["graphs"] - raw.warm["graphs_before"])
        yield Check("no-recompile", more == 0, float(more), 0.0)


def _closures(ledgers: Mapping[str, Mapping[str, Any]], device: str) -> Iterator[Check]:
    """The parts of a call against the same call by a clock that knows nothing of its marks."""
    for by, one in ledgers.items():
        within = closes_within(one, device)
        ok = abs(one["closure"] - 1) <= within and all(row["ms"] >= 0 for row in one["rows"])
        yield Check(f"{by}-closure", ok, one["closure"], within)


def _over(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _finding(case: Case, code: str, **values: float | str) -> dict[str, Any]:
    return {"code": code, "where": case.label, "values": values}


def _findings(
    raw: RawResult,
    metrics: Mapping[str, Metric | None],
    plan: Plan,
    ledgers: Mapping[str, Mapping[str, Any]],
    ceilings: Mapping[str, Any] | None,
) -> Iterator[dict[str, Any]]:
    found = partial(_finding, raw.case)
    # What is relative to a median of zero is infinite, which no JSON holds; the self-checks tell of it.
    kind = raw.case.device.partition(":")[0]
    latency, device, enqueue = metrics["latency"], metrics["device_time"], metrics["enqueue"]
    assert latency is not None
    share = _over(enqueue.median_ms, device.median_ms) if device is not None and enqueue is not None else None
    if share is not None and share > HOST_BOUND:
        yield found("host-bound", share=share)
    if not raw.warm["settled"]:
        yield found("never-settled", seconds=raw.warm["seconds"])
    noise = spread(raw.latency)
    if inf > noise > NOISY.get(kind, 0.05):
        yield found("noisy", spread=noise)
    slope = drift(raw.latency)
    if inf > abs(slope) > NOISY.get(kind, 0.05):
        yield found("drift", change=slope)
    if is_bimodal(pooled(raw.latency)):
        yield found("bimodal")
    first = slow_first(raw.latency)
    if inf > first > SLOW_FIRST:
        yield found("slow-first", ratio=first)
    error = raw.after["error"]
    if error is not None and error > ROUNDING[raw.case.precision]:
        yield found("rounding", error=error, limit=ROUNDING[raw.case.precision])
    if throttle := {reason for clock in raw.clocks for reason in clock.get("throttle") or ()}:
        yield found("throttled", reasons=", ".join(sorted(throttle)))
    speeds = [clock["sm_mhz"] for clock in raw.clocks if clock.get("sm_mhz")]
    if speeds and (moved := 1 - min(speeds) / max(speeds)) > CLOCK_MOVED:
        yield found("unsteady-clock", share=moved, low=min(speeds), high=max(speeds))
    paces = [geometric_mean(clock["yardstick_ms"]) for clock in raw.clocks if clock.get("yardstick_ms")]
    if paces and (moved := max(paces) / min(paces) - 1) > NOISY["cpu"]:
        yield found("unsteady-cpu", share=moved)
    given = [clock["cpu_share"] for clock in raw.clocks if "cpu_share" in clock]
    if given and (middle := median_of(given)) < CROWDED:
        yield found("crowded", share=middle)
    fetched = [clock["faults_per_call"] for clock in raw.clocks if "faults_per_call" in clock]
    if fetched and (cost := raw.after.get("fault_us")):
        part = _over(median_of(fetched) * cost / 1e3, latency.median_ms)
        if part is not None and part >= PAGE_FAULTS:
            yield found("page-faults", count=median_of(fetched), share=part)
    for name, what in CEILINGS.items():
        before, *after = [one[name] for one in ceilings["each"]] if ceilings else [1.0]
        if after and abs(moved := after[-1] / before - 1) > CEILING_MOVED:
            yield found("ceiling-moved", what=what, change=moved)
    rough = plan.quick and half_width(latency.ci95_ms, latency.median_ms) > QUICK_WITHIN
    if raw.stopped == "interrupted":
        yield found("interrupted", rounds=len(raw.latency))
    elif rough or raw.stopped in ("time", "noise"):
        within = QUICK_WITHIN if rough else plan.precise_within
        yield found("imprecise", within=within, stopped=str(raw.stopped))
    for by, one in ledgers.items():
        plain = one["plain_ms"] / (device or latency).median_ms - 1 if (device or latency).median_ms else inf
        if inf > abs(plain) > OTHER_PACE:
            yield found("other-pace", by=by, change=plain)
        if abs(one["instrumentation"]) > INSTRUMENTATION:
            yield found("instrumented", by=by, change=one["instrumentation"], within=INSTRUMENTATION)
