"""Whether folding BatchNorm pays: each fused arm of a Record against the same arm as it is."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_inspect.measure.comparison import DELTA, compare
from resnet_inspect.measure.record import Record
from resnet_inspect.units import text


def notes(record: Record) -> Iterator[str]:
    """One a pair of arms that were measured: the ratio of their medians, its 95 % interval, and what follows."""
    plain = {arm.config: arm for arm in record.arms if not arm.config.fused}
    for arm in record.arms:
        before = plain.get(replace(arm.config, fused=False)) if arm.config.fused else None
        old, new = (one.metrics.get("latency") if one and one.valid else None for one in (before, arm))
        if old is None or new is None:
            continue
        delta = DELTA[arm.config.device.partition(":")[0]]
        crowded = any(found["code"] == "crowded" for one in (before, arm) if one for found in one.findings)
        found = compare(old.rounds, new.rounds, delta, record.protocol.seed, crowded=crowded)
        ratio, low, high = (text(value, "ratio") for value in (found.ratio, found.low, found.high))
        yield f"{arm.config.label}: {ratio} the latency of the net as it is ({low} to {high}): {found.outcome}"
