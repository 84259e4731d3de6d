"""What a worker is asked and what it answers: JSON lines, each a dataclass with units in its names.

The first line is a Job. Every other line is the name of a Request; its answer is an object with one of three keys:
``answer``, ``unavailable`` (this quantity cannot be measured here: the reason), or ``lost`` (the case is over).
"""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.gpu import Gpu, GpuState
from resnet_inspect.typed_json import OPTIONAL, Duration, JsonObject, Size, keyed

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)

Extra = Literal["stage", "layer", "energy", "ceilings"]  # what is measured after the rounds, on request
Lost = Literal["oom", "crashed", "timeout"]
OUT_OF_MEMORY = errno.ENOMEM  # the exit code of a worker whose peer has no memory left


@dataclass(frozen=True, slots=True)
class Job:
    """The first message: what to measure, and how.

    ``source`` says what to make the net of: ``{"spec": {field: value}}``; ``{"code": name}`` with
    ``"kwargs": ["name=value"]``; or ``{"module": descriptor}`` of a file, with the ``"path"`` of the net's code.
    """

    case: Case
    plan: Plan
    source: JsonObject
    schema: Literal["resnet-inspect/worker"] = "resnet-inspect/worker"
    schema_version: Literal[1] = 1

    @property
    def files(self) -> tuple[int, ...]:
        """Descriptors of the files that the worker reads."""
        return (self.source["module"],) if "module" in self.source else ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """The net is on its device. ``flags`` are torch's; ``captured_ms`` is the first call of a captured graph."""

    captured_ms: float | None
    flags: Mapping[str, bool | int | str]
    gpu: Gpu | None


@dataclass(frozen=True, slots=True)
class WarmedUp:
    """``first_ms`` is the very first call, which finds kernels and memory; the others led to a steady state, or not.

    ``compiled_graphs`` counts what torch.compile has made so far; ``first_peak_bytes`` is the peak of the warm-up.
    """

    first_ms: float
    calls: int
    seconds: float
    settled: bool
    compiled_graphs: int
    first_peak_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMemory:
    """Peak bytes of one call.

    ``requested_bytes`` were asked of the allocator, weights and input included; ``allocated_bytes`` and
    ``reserved_bytes`` are what it handed out and held. ``workspace_bytes`` come and go within single operations, on top
    of the requested ones.
    """

    requested_bytes: int | None
    process_bytes: int
    allocated_bytes: int | None = None
    reserved_bytes: int | None = None
    workspace_bytes: int | None = field(default=None, metadata=OPTIONAL)
    reason: str | None = field(default=None, metadata=OPTIONAL)
    first_peak_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CpuRound:
    """How the machine did during a round on a CPU.

    ``cpu_share`` is what the calling thread was given of one CPU; ``reference_ms`` are the pieces of the reference
    workload, timed right before the round. ``robbed_share`` is the time for which a thread was ready to run and others
    had its CPU; ``waiting_share`` that for which not even the busiest thread was ready.
    """

    cpu_share: float
    faults_per_call: float
    reference_ms: tuple[Duration, ...] = field(metadata=keyed("yardstick_ms"))
    robbed_share: float | None = field(default=None, metadata=OPTIONAL)
    waiting_share: float | None = field(default=None, metadata=OPTIONAL)

    @property
    def given_share(self) -> float:
        """What a thread that was ready got of a CPU; where that was not told, what the calling thread got."""
        return self.cpu_share if self.robbed_share is None else 1 - self.robbed_share


@dataclass(frozen=True, slots=True)
class Unwatched:
    """No clock is read on this kind of device."""


RoundState = CpuRound | GpuState | Unwatched


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSamples:
    """One round: single calls, then ``block_calls`` calls back to back, which took ``block_ms`` together.

    On CUDA ``enqueue_ms`` is the host's part of each call, ``device_time_ms`` the device's. Of several processes that
    train together, ``skew_ms`` lies between the first end of a step and the last; ``unsynced_ms`` are steps without an
    exchange of gradients.
    """

    latency_ms: tuple[float, ...]
    block_calls: int
    block_ms: float
    state: RoundState
    recompiled_graphs: int = 0
    enqueue_ms: tuple[float, ...] | None = None
    device_time_ms: tuple[float, ...] | None = None
    skew_ms: tuple[float, ...] | None = None
    unsynced_ms: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """All-reduces over the processes, one at a time, each of as many bytes as the net has gradients in fp32."""

    bytes: Size
    samples_ms: tuple[Duration, ...]


@dataclass(frozen=True, slots=True)
class CallTime:
    ms: float


@dataclass(frozen=True, slots=True)
class FreeMemory:
    bytes: int


@dataclass(frozen=True, slots=True)
class Phases:
    """Mean milliseconds over common training steps, so that the phases add up to the step.

    ``samples_ms`` holds the forward, backward and optimizer phase of each step.
    """

    forward_ms: float
    backward_ms: float
    optimizer_ms: float
    step_ms: float
    samples_ms: tuple[tuple[Duration, Duration, Duration], ...] | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True, slots=True)
class MarkedCalls:
    """Pairs of a call with marks and a plain one, an entry a pair; times in milliseconds.

    ``forward_ms`` and ``backward_ms`` hold an entry a stage or layer, and one for the loss. ``optimizer_ms`` is what
    is left of a training step. ``total_ms`` lies between the first mark and the last; ``marked_ms`` and ``plain_ms``
    are the two calls by a clock outside them.
    """

    forward_ms: tuple[tuple[float, ...], ...]
    backward_ms: tuple[tuple[float, ...], ...]
    optimizer_ms: tuple[float, ...]
    total_ms: tuple[float, ...]
    marked_ms: tuple[float, ...]
    plain_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Energy:
    """Of a window of calls back to back; ``net`` excludes what the idle device takes with its context and weights."""

    j_per_image: float
    net_j_per_image: float
    idle_w: float
    busy_w: float
    window_s: float
    images: int


@dataclass(frozen=True, slots=True)
class Finished:
    """Asked after the rounds. ``relative_error`` is the outputs' relative L2 distance from strict fp32, None where
    none is defined; ``fault_us`` what one page fault takes here."""

    finite: bool
    relative_error: float | None
    compiled_graphs: int
    gpu: GpuState | None
    fault_us: float | None


@dataclass(frozen=True, slots=True)
class Request(Generic[A_co]):
    """A question to a worker, and the type of its answer."""

    name: str
    answer: type[A_co]


PREPARE = Request("prepare", Prepared)
WARM_UP = Request("warm-up", WarmedUp)
MEMORY = Request("memory", MeasuredMemory)
ROUND = Request("round", RoundSamples)
FINISH = Request("finish", Finished)
PHASES = Request("phases", Phases)
STAGE = Request("stage", MarkedCalls)
LAYER = Request("layer", MarkedCalls)
EXCHANGE = Request("exchange", Exchange)
ENERGY = Request("energy", Energy)
CEILINGS = Request("ceilings", Ceilings)
CALL = Request("call", CallTime)
FREE_MEMORY = Request("free-memory", FreeMemory)


class WorkerLost(Exception):  # noqa: N818  # an outcome of the case, not a fault of this program
    """A worker that will not answer again: out of memory, crashed or timed out, and what is known of it."""

    def __init__(self, status: Lost, detail: str = "") -> None:
        super().__init__(status)
        self.status: Lost = status
        self.detail = detail

    @property
    def reason(self) -> str:
        return f"{self.status}: {self.detail}" if self.detail else self.status


class Unavailable(Exception):  # noqa: N818  # an answer, not a fault
    """A quantity that cannot be measured in this case, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Worker(Protocol):
    """A process that answers one request after the other."""

    def ask(self, request: Request[A]) -> A:
        """The answer.

        Raises:
            WorkerLost: there is none, and there will be none. Unavailable: this quantity cannot be measured.
        """
        ...

    def close(self) -> None: ...
