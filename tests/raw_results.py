"""What a worker said of an arm, with nothing wrong but what a test makes wrong; and the arm that it becomes."""

from collections.abc import Mapping
from typing import Any

from resnet_inspect.benchmark import assemble
from resnet_inspect.benchmark.breakdown import Part
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.benchmark.schedule import RawResult

PLAN = Plan()
COST = {"params": 25_557_032, "macs": 4_089_184_256}
ROUNDS = 5
WHERE = {
    "date": "2025-01-01T00:00:00+00:00",
    "machine": {"cpu_model": "AMD EPYC 9654", "cpus": 8, "memory_bytes": 2**34},
    "versions": {"torch": "2.11.0"},
    "grade": {"letter": "A", "reasons": []},
    "gpu": None,
}
WARM = {"first_ms": 30.0, "calls": 20, "seconds": 0.5, "settled": True, "graphs_before": 1}


AFTER = {"finite": True, "error": 0.0, "graphs": 1, "clocks": None}


def rounds(*each: float) -> list[list[float]]:
    return [list(each) for _ in range(ROUNDS)]


def raw(device: str = "cpu", mode: str = "eager", precision: str = "fp32", **changes: Any) -> RawResult:
    """One that nothing is wrong with, but for ``changes``: 10 ms a call, of which CUDA says 9.9."""
    values: dict[str, Any] = {
        "prepared": {"captured_ms": None},
        "warm": WARM,
        "memory": {"requested_bytes": 4096},
        "latency": rounds(10.0, 10.0, 10.0, 10.0),
        "blocks": [(6, 6 * (9.9 if device != "cpu" else 10.0))] * ROUNDS,
        "after": AFTER,
        "stopped": "precise",
    }
    if device != "cpu":
        values |= {"device_time": rounds(9.9, 9.9, 9.9, 9.9), "enqueue": rounds(1.0, 1.0, 1.0, 1.0)}
    case = Case("resnet50", device, 8, (8, 3, 224, 224), "infer", precision, "contiguous", mode, 1)
    return RawResult(case, **(values | changes))


PARTS = {
    "stage": [Part("stem", "", 1), Part("head", "", 3)],
    "layer": [Part("conv1", "stem", 1), Part("fc", "head", 3)],
}


def pairs(forward: tuple[float, ...] = (6.0, 4.0, 0.0), marked: float = 10.0, plain: float = 10.0) -> dict[str, Any]:
    """Four pairs of a marked call, of two parts and no loss, and a plain one; both by a clock outside them."""
    calls = {
        "forward": [*forward],
        "backward": [0.0] * 3,
        "optimizer": 0.0,
        "total": sum(forward),
        "marked": marked,
        "plain": plain,
    }
    return {name: [value] * 4 for name, value in calls.items()}


def result(one: RawResult, predicted: Mapping[str, int] | None = None) -> Result:
    return assemble.result_of(one, PLAN, COST, {"block": "bottleneck"}, predicted, PARTS)


def codes(one: Result) -> list[str]:
    return [found["code"] for found in one.findings]


def record(*results: Result) -> Record:
    return Record(("bench",), WHERE, PLAN, len(results), results)
