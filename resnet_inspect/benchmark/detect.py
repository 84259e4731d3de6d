"""What is odd about a measurement: a detector for each finding, in the order of ``benchmark.findings``."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import fsum, inf
from statistics import geometric_mean

from resnet_inspect.benchmark.breakdown import Breakdown
from resnet_inspect.benchmark.messages import CpuRound
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import Metrics, RunCeilings
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.benchmark.statistics import (
    drift,
    half_width,
    is_bimodal,
    median_of,
    pooled,
    quantile,
    slow_first,
    spread,
)
from resnet_inspect.hardware.gpu import GpuState

Limits = Mapping[str, float]
Values = Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a detector may look at. The metrics of a lost case are empty: only its loss is looked for."""

    raw: RawResult
    plan: Plan
    metrics: Metrics
    breakdowns: Mapping[str, Breakdown] = field(default_factory=dict)
    ceilings: RunCeilings | None = None

    @property
    def cpu_rounds(self) -> list[CpuRound]:
        return [r.state for r in self.raw.rounds if isinstance(r.state, CpuRound)]

    @property
    def gpu_rounds(self) -> list[GpuState]:
        return [r.state for r in self.raw.rounds if isinstance(r.state, GpuState)]


Detector = Callable[[Evidence, Limits], Iterator[Values]]


def over(part: float, whole: float) -> float:
    """``part / whole``, infinite over zero. No finding is made of that: a self-check fails."""
    return part / whole if whole else inf


def detect_host_bound(seen: Evidence, limits: Limits) -> Iterator[Values]:
    device, enqueue = seen.metrics.device_time, seen.metrics.enqueue
    if device is not None and enqueue is not None:
        share = over(enqueue.median_ms, device.median_ms)
        if inf > share > limits["share"]:
            yield {"share": share}


def detect_never_settled(seen: Evidence, limits: Limits) -> Iterator[Values]:
    warmed_up = seen.raw.warmed_up
    if warmed_up is not None and not warmed_up.settled:
        yield {"seconds": warmed_up.seconds}


def detect_noisy(seen: Evidence, limits: Limits) -> Iterator[Values]:
    if inf > (noise := spread(seen.raw.latency_ms)) > _of_kind(seen, limits):
        yield {"spread": noise}


def detect_drift(seen: Evidence, limits: Limits) -> Iterator[Values]:
    if inf > abs(slope := drift(seen.raw.latency_ms)) > _of_kind(seen, limits):
        yield {"change": slope}


def _of_kind(seen: Evidence, limits: Limits) -> float:
    return limits.get(seen.raw.case.kind, limits["cpu"])


def detect_bimodal(seen: Evidence, limits: Limits) -> Iterator[Values]:
    if is_bimodal(pooled(seen.raw.latency_ms)):
        yield {}


def detect_tail(seen: Evidence, limits: Limits) -> Iterator[Values]:
    samples = pooled(seen.raw.latency_ms)
    slow = samples[bisect_right(samples, limits["slow"] * quantile(samples, 0.5)) :]
    if slow and (share := fsum(slow) / fsum(samples)) >= limits["share"]:
        yield {"count": len(slow), "of": len(samples), "share": share, "longest": samples[-1]}


def detect_slow_first(seen: Evidence, limits: Limits) -> Iterator[Values]:
    if inf > (ratio := slow_first(seen.raw.latency_ms)) > limits["ratio"]:
        yield {"ratio": ratio}


def detect_rounding(seen: Evidence, limits: Limits) -> Iterator[Values]:
    error = seen.raw.finished.relative_error if seen.raw.finished else None
    limit = limits[seen.raw.case.precision]
    if error is not None and error > limit:
        yield {"error": error, "limit": limit}


def detect_throttled(seen: Evidence, limits: Limits) -> Iterator[Values]:
    if reasons := {reason for state in seen.gpu_rounds for reason in state.throttle or ()}:
        yield {"reasons": ", ".join(sorted(reasons))}


def detect_unsteady_clock(seen: Evidence, limits: Limits) -> Iterator[Values]:
    speeds = [state.sm_mhz for state in seen.gpu_rounds if state.sm_mhz]
    if speeds and (lost := 1 - min(speeds) / max(speeds)) > limits["share"]:
        yield {"share": lost, "low": min(speeds), "high": max(speeds)}


def detect_unsteady_cpu(seen: Evidence, limits: Limits) -> Iterator[Values]:
    times = [geometric_mean(state.reference_ms) for state in seen.cpu_rounds]
    if times and (slower := max(times) / min(times) - 1) > limits["share"]:
        yield {"share": slower}


def detect_crowded(seen: Evidence, limits: Limits) -> Iterator[Values]:
    shares = [state.given_share for state in seen.cpu_rounds]
    if shares and (share := median_of(shares)) < limits["share"]:
        yield {"share": share}


def detect_waits(seen: Evidence, limits: Limits) -> Iterator[Values]:
    shares = [state.waiting_share for state in seen.cpu_rounds if state.waiting_share is not None]
    if shares and (share := median_of(shares)) > limits["share"]:
        yield {"share": share}


def detect_page_faults(seen: Evidence, limits: Limits) -> Iterator[Values]:
    counts = [state.faults_per_call for state in seen.cpu_rounds]
    fault_us = seen.raw.finished.fault_us if seen.raw.finished else None
    if counts and fault_us and seen.metrics.latency is not None:
        share = over(median_of(counts) * fault_us / 1e3, seen.metrics.latency.median_ms)
        if inf > share >= limits["share"]:
            yield {"count": median_of(counts), "share": share}


def detect_ceiling_moved(seen: Evidence, limits: Limits) -> Iterator[Values]:
    each = seen.ceilings.each if seen.ceilings else ()
    if len(each) == 2:
        before, after = each
        for what, first, last in (
            ("arithmetic", before.flop_per_s, after.flop_per_s),
            ("memory", before.bytes_per_s, after.bytes_per_s),
        ):
            if abs(change := last / first - 1) > limits["share"]:
                yield {"what": what, "change": change}


def detect_cached(seen: Evidence, limits: Limits) -> Iterator[Values]:
    floor_ms = seen.ceilings.floor_ms if seen.ceilings else None
    device = seen.metrics.device_time
    if floor_ms and device is not None and device.median_ms and floor_ms / device.median_ms > limits["share"]:
        yield {"share": device.median_ms / floor_ms}


def detect_imprecise(seen: Evidence, limits: Limits) -> Iterator[Values]:
    latency, stopped = seen.metrics.latency, seen.raw.stopped
    if latency is None or stopped in (None, "interrupted"):
        return
    rough = seen.plan.quick and half_width(latency.ci95_ms, latency.median_ms) > limits["quick"]
    if rough or stopped in ("time", "noise"):
        yield {"within": limits["quick"] if rough else seen.plan.precise_within, "stopped": str(stopped)}


def detect_interrupted(seen: Evidence, limits: Limits) -> Iterator[Values]:
    if seen.raw.stopped == "interrupted":
        yield {"rounds": len(seen.raw.rounds)}


def detect_other_pace(seen: Evidence, limits: Limits) -> Iterator[Values]:
    whole = seen.metrics.device_time or seen.metrics.latency
    for by, breakdown in seen.breakdowns.items():
        change = over(breakdown.plain_ms, whole.median_ms if whole else 0.0) - 1
        if inf > abs(change) > limits["share"]:
            yield {"by": by, "change": change}


def detect_instrumented(seen: Evidence, limits: Limits) -> Iterator[Values]:
    for by, breakdown in seen.breakdowns.items():
        if abs(breakdown.instrumentation) > limits["share"]:
            yield {"by": by, "change": breakdown.instrumentation, "within": limits["share"]}


def detect_loss(status: str) -> Detector:
    def detect(seen: Evidence, limits: Limits) -> Iterator[Values]:
        if seen.raw.status == status:
            yield {"detail": seen.raw.detail}

    return detect
