"""Self-checks of a measurement, which fail closed: a result that fails one is invalid."""

from collections.abc import Iterator, Mapping

from resnet_inspect.benchmark.breakdown import Breakdown, closes_within
from resnet_inspect.benchmark.detect import over
from resnet_inspect.benchmark.findings import HOST_BOUND
from resnet_inspect.benchmark.record import Check, Metrics
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.hardware.floor import ABOVE_ROOF

LATENCY_OVER_DEVICE_TIME = 0.98
CLOSE = 0.02  # a block back to back against calls one at a time on the device
CAPPED = 0.1  # the same under a power cap, which a pause before each timed call relieves; an estimate
GAP_MS = 0.01  # between two replays of a graph, back to back; an estimate
JSON_INFINITY = 1e9  # stands for infinity, which JSON cannot hold


def check(raw: RawResult, metrics: Metrics, breakdowns: Mapping[str, Breakdown]) -> Iterator[Check]:
    """Every check that this case allows."""
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
    if raw.case.is_compiled and raw.warmed_up is not None:
        compiled = finished.compiled_graphs - raw.warmed_up.compiled_graphs if finished else 0
        more = max(raw.recompiled_graphs, compiled)
        yield Check("no-recompile", more == 0, float(more), 0.0)
    for by, breakdown in breakdowns.items():
        within = closes_within(breakdown, raw.case.kind)
        closed = abs(breakdown.closure - 1) <= within and all(row.ms >= 0 for row in breakdown.rows)
        yield Check(f"{by}-closure", closed, breakdown.closure, within)


def check_floor(device_time_ms: float, arithmetic_ms: float) -> Check:
    """Whether the device took as long as the arithmetic alone needs at the measured ceilings."""
    share = over(arithmetic_ms, device_time_ms)
    return Check("device-time-above-floor", share <= ABOVE_ROOF, min(share, JSON_INFINITY), ABOVE_ROOF)
