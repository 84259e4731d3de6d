"""Where the time of a call goes: rows that add up, from calls that were marked at the boundaries of stages or layers.

Medians of stages do not add up. So every row is a mean over the same calls: those whose total lies in the middle half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean
from typing import Any

from resnet_inspect.benchmark.statistics import median_of

CLOSURE = 0.001  # how far the rows may be from a clock outside their pass
# ... or so many ms: what that clock sees of a call before its first mark and after its last. On a CPU entering and
# leaving a function, and freeing its output: 1 to 13 µs were seen. On CUDA two events, of a resolution of 0.5 µs (CUDA
# Runtime API, cudaEventElapsedTime) and some µs of the stream each, and the start and the end of a graph's replay.
OUTSIDE_MS = {"cpu": 0.02, "cuda": 0.05}
INSTRUMENTATION = 0.03  # how far that pass may be from the plain run


@dataclass(frozen=True, slots=True)
class Part:
    """A stage or a layer by counting; ``stage`` is that of a layer, empty for a stage."""

    name: str
    stage: str
    macs: int


def ledger(said: Mapping[str, Any], parts: Sequence[Part]) -> dict[str, Any]:
    """What a worker said of marked calls and plain ones in turn, as the rows of a Record.

    ``ms`` of a row is forward and backward. The loss of a training step belongs to the last stage, and is a row of its
    own among layers. ``total_ms`` is from the first mark to the last, which the rows, the loss and the optimizer share
    out; ``closure`` is their sum over the same calls by a clock outside them, which knows of no mark;
    ``instrumentation`` what the marks add to ``plain_ms``; ``iterations`` how many calls the means are of.
    """
    common = middle_half(said["marked"])

    def mean(values: Sequence[Any], over: Sequence[int]) -> float:
        return fmean(values[i] for i in over)

    training = any(map(any, said["backward"]))
    forward, backward = (
        [mean([call[row] for call in said[name]], common) for row in range(len(parts) + 1)]
        for name in ("forward", "backward")
    )
    total, optimizer = mean(said["total"], common), mean(said["optimizer"], common)
    plain = mean(said["plain"], middle_half(said["plain"]))
    beyond = [marked / beside for marked, beside in zip(said["marked"], said["plain"], strict=True)]
    rows: list[dict[str, Any]] = []
    for part, ahead, back in zip(parts, forward, backward, strict=False):  # the loss comes after them
        stage = {"stage": part.stage} if part.stage else {}
        both = {"forward_ms": ahead, "backward_ms": back} if training else {}
        ms = ahead + back
        rows.append({"name": part.name, **stage, "ms": ms, "share": ms / total, "macs": part.macs, **both})
    return {
        "rows": rows,
        **({"loss_ms": forward[-1] + backward[-1], "optimizer_ms": optimizer} if training else {}),
        "total_ms": total,
        "plain_ms": plain,
        "closure": fsum([*forward, *backward, optimizer]) / mean(said["marked"], common),
        "instrumentation": median_of(beyond) - 1,
        "iterations": len(common),
    }


def closes_within(found: Mapping[str, Any], device: str) -> float:
    """How far the ``closure`` of a ledger may be from 1 where nothing is wrong."""
    total_ms: float = found["total_ms"]
    return max(CLOSURE, OUTSIDE_MS[device.partition(":")[0]] / total_ms)


def middle_half(totals: Sequence[float]) -> list[int]:
    """Which calls are neither of the quickest quarter nor of the slowest; of fewer than four, all."""
    order = sorted(range(len(totals)), key=totals.__getitem__)
    cut = len(order) // 4
    return order[cut : len(order) - cut]
