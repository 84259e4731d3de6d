"""Where the time of a call goes: rows that add up, from calls with marks between stages or layers.

Medians of stages do not add up. So each row is a mean over the same calls: those whose total lies in the middle half.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum
from statistics import fmean

from resnet_inspect.benchmark.messages import MarkedCalls
from resnet_inspect.benchmark.statistics import median_of
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import stage_of, work_by
from resnet_inspect.typed_json import OPTIONAL, Duration

CLOSURE = 0.001  # how far the sum of the rows may be from a clock outside the marks, as a share
# ... or so many milliseconds: that clock sees the call before its first mark and after its last. On a CPU that is
# entering and leaving a function and freeing its output: 1 to 13 µs were seen. On CUDA it is two events, with a
# resolution of 0.5 µs (CUDA Runtime API, cudaEventElapsedTime), and the start and end of a graph's replay.
OUTSIDE_MS = {"cpu": 0.02, "cuda": 0.05}


@dataclass(frozen=True, slots=True)
class Part:
    """A stage or a layer by counting; ``stage`` is the layer's, empty for a stage."""

    name: str
    stage: str
    macs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTime:
    """Mean milliseconds of a stage or layer, forward and backward together, and their share of the call."""

    name: str
    ms: float
    share: float
    macs: int
    stage: str | None = field(default=None, metadata=OPTIONAL)
    forward_ms: float | None = field(default=None, metadata=OPTIONAL)
    backward_ms: float | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The parts of a call, which with the loss and the optimizer of a training step add up to ``total_ms``.

    ``total_ms`` lies between the first mark and the last. ``closure`` is the sum of the parts over the same calls by a
    clock outside the marks; ``instrumentation`` is what the marks add to ``plain_ms``, as a share; ``iterations``
    counts the calls of the means. The loss belongs to the last stage, and has no layer.
    """

    rows: tuple[PartTime, ...]
    total_ms: Duration
    plain_ms: float
    closure: float
    instrumentation: float
    iterations: int
    loss_ms: float | None = field(default=None, metadata=OPTIONAL)
    optimizer_ms: float | None = field(default=None, metadata=OPTIONAL)

    @property
    def of_training(self) -> bool:
        return self.optimizer_ms is not None


def stages_of(graph: Graph) -> tuple[Part, ...]:
    """The stages of a network, in the order they run."""
    return tuple(Part(name, "", work.macs) for name, work in work_by(graph, stage_of).items())


def layers_of(graph: Graph) -> tuple[Part, ...]:
    """The layers of a network: its calls, without the input."""
    return tuple(Part(node.name, node.stage, node.macs) for node in graph.nodes[1:])


def break_down(calls: MarkedCalls, parts: Sequence[Part]) -> Breakdown:
    """The means of marked calls over ``parts``, which are the stages or the layers that were marked."""
    common = middle_half(calls.marked_ms)
    training = any(map(any, calls.backward_ms))

    def mean(values: Sequence[float]) -> float:
        return fmean(values[i] for i in common)

    forward = [mean(column) for column in zip(*calls.forward_ms, strict=True)]
    backward = [mean(column) for column in zip(*calls.backward_ms, strict=True)]
    total, optimizer = mean(calls.total_ms), mean(calls.optimizer_ms)
    rows = [
        PartTime(
            name=part.name,
            ms=ahead + back,
            share=(ahead + back) / total,
            macs=part.macs,
            stage=part.stage or None,
            forward_ms=ahead if training else None,
            backward_ms=back if training else None,
        )
        for part, ahead, back in zip(parts, forward, backward, strict=False)  # the loss comes after them
    ]
    ratios = [marked / plain for marked, plain in zip(calls.marked_ms, calls.plain_ms, strict=True)]
    return Breakdown(
        rows=tuple(rows),
        total_ms=total,
        plain_ms=fmean(calls.plain_ms[i] for i in middle_half(calls.plain_ms)),
        closure=fsum([*forward, *backward, optimizer]) / mean(calls.marked_ms),
        instrumentation=median_of(ratios) - 1,
        iterations=len(common),
        loss_ms=forward[-1] + backward[-1] if training else None,
        optimizer_ms=optimizer if training else None,
    )


def closes_within(breakdown: Breakdown, kind: str) -> float:
    """How far ``closure`` may be from 1 where nothing is wrong, on a cpu or cuda device."""
    return max(CLOSURE, OUTSIDE_MS[kind] / breakdown.total_ms)


def middle_half(totals: Sequence[float]) -> list[int]:
    """The calls that are neither in the quickest quarter nor in the slowest; of fewer than four calls, all."""
    order = sorted(range(len(totals)), key=totals.__getitem__)
    cut = len(order) // 4
    return order[cut : len(order) - cut]
