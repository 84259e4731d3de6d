"""What a race is for, and what forbids a case to win it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.benchmark.statistics import median_of
from resnet_inspect.graph import Graph
from resnet_inspect.hardware.devices import find_by_torch_name
from resnet_inspect.hardware.fastest_cpu import WINOGRAD, most_flop_per_s
from resnet_inspect.hardware.gpu import Gpu
from resnet_inspect.hardware.machine import Machine
from resnet_inspect.tuning.ratio import Ratio, paired_ratio
from resnet_inspect.units import percent, text

Wanted = Literal["throughput", "latency"]
WANTED: tuple[Wanted, ...] = get_args(Wanted)


@dataclass(frozen=True, slots=True)
class Goal:
    """The least time of an image (throughput) or of a call (latency); cases within ``delta`` of another are a tie.

    ``max_error`` is of the outputs: their relative L2 distance from strict fp32.
    """

    wanted: Wanted
    delta: float
    max_latency_ms: float | None = None
    max_memory_bytes: int | None = None
    max_error: float = 0.02

    def round_ms(self, raw: RawResult) -> list[float]:
        """One time a round: of an image in calls back to back, or the median of single calls."""
        if self.wanted == "throughput":
            return [r.block_ms / r.block_calls / raw.case.batch_size for r in raw.rounds]
        return [*map(median_of, raw.latency_ms)]

    def forbids(self, raw: RawResult) -> str:
        """Why a case that was measured may not win; empty where it may."""
        return next(self._objections(raw), "")

    def _objections(self, raw: RawResult) -> Iterator[str]:
        held = raw.memory.requested_bytes if raw.memory else None
        if self.max_memory_bytes is not None and held is not None and held > self.max_memory_bytes:
            yield f"a call holds {text(held, 'bytes')}, over --max-memory"
        if raw.finished is not None and not raw.finished.finite:
            yield "an output is not finite"
        error = raw.finished.relative_error if raw.finished else None
        if error is not None and error > self.max_error:
            yield f"outputs differ from fp32 by {percent(error)}, over --max-error"

    def against_bound(self, raw: RawResult) -> Ratio | None:
        """The latency over --max-latency-ms; None without a bound, or with fewer than two rounds."""
        if self.max_latency_ms is None or len(raw.rounds) < 2:
            return None
        return paired_ratio([self.max_latency_ms] * len(raw.rounds), [*map(median_of, raw.latency_ms)])


def least_call_ms(case: Case, graph: Graph, machine: Machine, gpu: Gpu | None) -> float:
    """A time that no call takes less than: its arithmetic at a rate that the device cannot pass; 0 where none is known.

    Bytes are left out: a cache may serve them. Winograd's algorithm saves multiplications, on a GPU in fp32.
    """
    flop = 2 * sum(node.macs + node.macs_without_weights for node in graph.nodes)
    if case.kind == "cpu":
        return 1e3 * flop / most_flop_per_s(machine, case.arithmetic, case.threads)
    device = find_by_torch_name(gpu.name) if gpu is not None and gpu.name else None
    peak = device.peaks.get(case.arithmetic) if device else None
    return 1e3 * flop / peak / (WINOGRAD if case.precision == "fp32" else 1.0) if peak else 0.0
