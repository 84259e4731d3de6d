"""Records of an H200 whose stages took the times that a test gives them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from raw_results import COUNTED, ENVIRONMENT, GPU

import resnet_inspect as api
from resnet_inspect.benchmark.breakdown import Breakdown, PartTime
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import plan_for
from resnet_inspect.benchmark.record import Metrics, Record, Result, metric
from resnet_inspect.benchmark.record_json import from_json, to_json
from resnet_inspect.resnet.fields import to_mapping

STAGE_MS = {"stem": 0.5, "layer1": 2.9, "layer2": 2.6, "layer3": 1.9, "layer4": 0.45, "head": 0.02}


def breakdown(ms: Mapping[str, float]) -> Breakdown:
    """Parts that took so many milliseconds each."""
    total = sum(ms.values())
    return Breakdown(
        rows=tuple(PartTime(name=name, ms=part, share=part / total, macs=1) for name, part in ms.items()),
        total_ms=total,
        plain_ms=total,
        closure=1.0,
        instrumentation=0.0,
        iterations=16,
    )


def result(
    model: str = "resnet50", stage_ms: Mapping[str, float] | None = STAGE_MS, whole_ms: float = 8.4, **changes: Any
) -> Result:
    """A case of 256 images, whose calls take ``whole_ms`` on the device and twice that for who waits.

    ``changes`` are fields of its Case.
    """
    case = Case(model, "cuda:0", 256, (256, 3, 224, 224), "infer", "bf16", "channels_last", "eager", 1)
    on_device = metric([[0.98 * whole_ms, whole_ms, 1.02 * whole_ms] * 7], 0)
    latency = metric([[2 * whole_ms] * 20], 0)
    return Result(
        replace(case, **changes),
        "ok",
        True,
        COUNTED.cost,
        to_mapping(api.spec(model)),
        Metrics(latency=latency, device_time=on_device, throughput=on_device, enqueue=on_device),
        stages=None if stage_ms is None else breakdown(stage_ms),
    )


def record(*results: Result, gpu: str = "NVIDIA H200") -> Record:
    environment = replace(ENVIRONMENT, gpu=replace(GPU, name=gpu))
    return Record((), environment, plan_for("cuda:0"), len(results), results)


def saved(record: Record) -> Record:
    """The Record as its file holds it."""
    return from_json(to_json(record), "run.json")
