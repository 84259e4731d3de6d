"""Self-checks of a measurement, which fail closed: a result that fails one is invalid."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from resnet_inspect.benchmark.breakdown import Breakdown, closes_within
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.detect import over
from resnet_inspect.benchmark.findings import HOST_BOUND
from resnet_inspect.benchmark.record import Check, Cost, Metrics
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.hardware.fastest_cpu import WINOGRAD, most_flop_per_s
from resnet_inspect.hardware.floor import ABOVE_ROOF
from resnet_inspect.hardware.machine import Machine
from resnet_inspect.units import Unit

LATENCY_OVER_DEVICE_TIME = 0.98
CLOSE = 0.02  # a block back to back against calls one at a time on the device
CAPPED = 0.1  # the same under a power cap, which a pause before each timed call relieves; an estimate
GAP_MS = 0.01  # between two replays of a graph, back to back; an estimate
BACK_TO_BACK = 0.5  # of the fastest single call: full caches save a call some of its time, not half of it; an estimate
SHARED = 2.0  # a shared CPU may be slower while its ceilings are measured than in the rounds: 1.63 times was seen
JSON_INFINITY = 1e9  # stands for infinity, which JSON cannot hold


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """A check in words; ``message`` says what is wrong where it fails, with its value and limit in ``unit``."""

    id: str
    message: str
    unit: Unit


UNDONE = "the calls did not do the work that was counted"
SELF_CHECKS: tuple[SelfCheck, ...] = (
    SelfCheck("latency-positive", "a call took {value}, which no call does", "ms"),
    SelfCheck("percentiles-monotone", "the percentiles of the latency do not ascend", "ratio"),
    SelfCheck("outputs-finite", "an output, or the loss or a gradient of a training step, is not finite", "ratio"),
    SelfCheck(
        "latency-over-device-time", "the latency is {value} of the device's own time; {limit} is the least", "ratio"
    ),
    SelfCheck(
        "throughput-is-device-time",
        "a call back to back takes {value} of the device's time for one; they may differ by {limit}",
        "ratio",
    ),
    SelfCheck(
        "throughput-over-latency",
        "a call back to back takes {value} of the fastest single call; {limit} is the least",
        "ratio",
    ),
    SelfCheck("no-recompile", "torch.compile made {value} more graphs while calls were timed", "integer"),
    SelfCheck("stage-closure", "the stages add up to {value} of a clock outside; they may differ by {limit}", "ratio"),
    SelfCheck("layer-closure", "the layers add up to {value} of a clock outside; they may differ by {limit}", "ratio"),
    SelfCheck(
        "latency-above-arithmetic",
        f"the fastest call is {{value}} as fast as any such CPU can be at its arithmetic: {UNDONE}",
        "ratio",
    ),
    SelfCheck(
        "latency-above-floor",
        f"the latency is {{value}} as fast as the measured ceiling of the arithmetic, {{limit}} allowed: {UNDONE}",
        "ratio",
    ),
    SelfCheck(
        "device-time-above-floor",
        f"the device is {{value}} as fast as the measured ceiling of its arithmetic, {{limit}} allowed: {UNDONE}",
        "ratio",
    ),
    SelfCheck(
        "memory-above-least",
        "a call holds {value}, but weights, input and the largest output of a layer take {limit}: "
        "it did not run the layers that were counted",
        "bytes",
    ),
)


def check(
    raw: RawResult,
    metrics: Metrics,
    breakdowns: Mapping[str, Breakdown],
    cost: Cost,
    least_bytes: int | None,
    machine: Machine,
) -> Iterator[Check]:
    """Every check that this case allows; ``least_bytes`` are those that a call must hold, where that is known."""
    latency, throughput, finished = metrics.latency, metrics.throughput, raw.finished
    assert latency is not None
    assert throughput is not None
    fastest = min(latency.samples_ms)
    yield Check("latency-positive", fastest > 0, fastest, 0.0)
    tails = [latency.median_ms, latency.p90_ms, latency.p95_ms, *([latency.p99_ms] if latency.p99_ms else [])]
    yield Check("percentiles-monotone", tails == sorted(tails), None, None)
    if finished is not None:
        yield Check("outputs-finite", finished.finite, None, None)
    device, enqueue = metrics.device_time, metrics.enqueue
    if device is not None and enqueue is not None:
        ratio = latency.median_ms / device.median_ms if device.median_ms else None
        sound = ratio is not None and ratio >= LATENCY_OVER_DEVICE_TIME
        yield Check("latency-over-device-time", sound, ratio, LATENCY_OVER_DEVICE_TIME)
        if enqueue.median_ms < HOST_BOUND * device.median_ms:
            closure = throughput.median_ms / device.median_ms
            limit = (CAPPED if raw.power_capped else CLOSE) + GAP_MS / device.median_ms
            yield Check("throughput-is-device-time", abs(closure - 1) <= limit, closure, limit)
    if raw.case.kind == "cpu":
        share = _finite(over(throughput.median_ms, fastest))
        yield Check("throughput-over-latency", share >= BACK_TO_BACK, share, BACK_TO_BACK)
        # Counted are the MACs of the forward pass; a training step has at least those.
        least_ms = 2e3 * cost.macs / most_flop_per_s(machine, raw.case.arithmetic, raw.case.threads)
        yield _check_speed("latency-above-arithmetic", least_ms, fastest, 1.0)
    if least_bytes is not None and raw.memory is not None and raw.memory.requested_bytes is not None:
        held = raw.memory.requested_bytes
        yield Check("memory-above-least", held >= least_bytes, float(held), float(least_bytes))
    if raw.case.is_compiled and raw.warmed_up is not None:
        compiled = finished.compiled_graphs - raw.warmed_up.compiled_graphs if finished else 0
        more = max(raw.recompiled_graphs, compiled)
        yield Check("no-recompile", more == 0, float(more), 0.0)
    for by, breakdown in breakdowns.items():
        within = closes_within(breakdown, raw.case.kind)
        closed = abs(breakdown.closure - 1) <= within and all(row.ms >= 0 for row in breakdown.rows)
        yield Check(f"{by}-closure", closed, breakdown.closure, within)


def check_floor(case: Case, metrics: Metrics, arithmetic_ms: float) -> Iterator[Check]:
    """Whether a call took as long as its arithmetic alone needs at the measured ceilings.

    Winograd's algorithm multiplies less, in fp32. A latency holds more than the device's share, but that of a CPU is
    measured on cores that others may share.
    """
    winograd = WINOGRAD if case.precision == "fp32" else 1.0
    if metrics.device_time is not None:
        median_ms = metrics.device_time.median_ms
        yield _check_speed("device-time-above-floor", arithmetic_ms, median_ms, ABOVE_ROOF * winograd)
    elif metrics.latency is not None:
        median_ms = metrics.latency.median_ms
        yield _check_speed("latency-above-floor", arithmetic_ms, median_ms, ABOVE_ROOF * winograd * SHARED)


def _check_speed(id: str, least_ms: float, ms: float, limit: float) -> Check:
    share = _finite(over(least_ms, ms)) if least_ms else 0.0
    return Check(id, share <= limit, share, limit)


def _finite(share: float) -> float:
    return min(share, JSON_INFINITY)
