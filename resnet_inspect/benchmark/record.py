"""The Record: what a measurement was and gave, raw samples included."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from statistics import geometric_mean
from typing import Annotated, Literal

from resnet_inspect.benchmark.breakdown import Breakdown
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import CpuRound, Energy, MeasuredMemory, Phases, RoundState
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.statistics import Rounds, summarize
from resnet_inspect.benchmark.stopping import Stop
from resnet_inspect.graph.facts.memory import PeakMemory
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.gpu import Gpu, GpuState
from resnet_inspect.hardware.machine import Grade, Machine
from resnet_inspect.typed_json import LENIENT, OPTIONAL, Count, Duration, JsonObject, Rate, Rule, Time, keyed

_sampled: Rule = (lambda rounds: rounds and all(rounds), "rounds with samples")
Status = Literal["ok", "invalid", "oom", "crashed", "timeout"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One quantity in milliseconds a call, as ``Statistics`` has it; ``round_lengths`` cuts ``samples_ms`` into rounds.

    ``cv`` is None where the mean is zero.
    """

    median_ms: float
    ci95_ms: tuple[float, float]
    min_ms: float
    q1_ms: float
    q3_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float | None
    mean_ms: float
    sd_ms: float
    mad_ms: float
    cv: float | None
    outliers: int
    n: int
    samples_ms: tuple[Time, ...] = field(repr=False)
    round_lengths: tuple[int, ...] = field(repr=False)

    @property
    def rounds(self) -> Rounds:
        rounds, start = [], 0
        for length in self.round_lengths:
            rounds.append(self.samples_ms[start : start + length])
            start += length
        return rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Four quantities that are never mixed, and the throughput's images a second; None where unknown.

    ``latency`` is one call and its end, as a caller waits; ``device_time`` the call between events on the device's
    stream; ``throughput`` one call of a block back to back; ``enqueue`` the host's part of one call.
    """

    latency: Metric | None = field(default=None, metadata=LENIENT)
    throughput: Metric | None = field(default=None, metadata=LENIENT)
    device_time: Metric | None = field(default=None, metadata=LENIENT)
    enqueue: Metric | None = field(default=None, metadata=LENIENT)
    images_per_s: float | None = None

    def items(self) -> tuple[tuple[str, Metric | None], ...]:
        return (
            ("latency", self.latency),
            ("throughput", self.throughput),
            ("device_time", self.device_time),
            ("enqueue", self.enqueue),
        )


@dataclass(frozen=True, slots=True)
class Check:
    """A self-check of the measurement: ``value`` against ``limit``."""

    id: str
    ok: bool
    value: float | None
    limit: float | None


@dataclass(frozen=True, slots=True)
class Observation:
    """A finding as the Record keeps it; ``benchmark.findings`` has its words, which ``values`` fill in."""

    code: str
    where: str
    values: Mapping[str, float | str]


@dataclass(frozen=True, slots=True)
class Cost:
    """What the network costs by counting; MACs are those of a forward pass of the whole batch.

    ``unseen`` is that of its Graph; None where nothing is.
    """

    params: Count
    macs: Count
    unseen: Mapping[str, int] | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes by prediction and by measurement; None where there is no such number."""

    predicted: PeakMemory | None
    measured: MeasuredMemory | None


@dataclass(frozen=True, slots=True)
class Roof:
    """One measurement of a device's ceilings."""

    flop_per_s: Rate
    bytes_per_s: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCeilings(Ceilings):
    """``each`` measurement, before the rounds and after; the inherited fields hold the higher.

    ``floor_ms`` is the least time that the highest ceilings of the run allow a forward pass; None of a training step.
    """

    each: tuple[Roof, ...]
    floor_ms: float | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True, slots=True)
class Clocks:
    """How the device did before the rounds, in each of them, and after; None where no GPU was asked."""

    before: Gpu | None
    rounds: tuple[RoundState, ...]
    after: GpuState | None


@dataclass(frozen=True, slots=True)
class Scaling:
    """What processes that train together wait for, in milliseconds: samples, in rounds as those of the latency.

    ``skew_ms`` lies between the first end of a step and the last; ``unsynced_ms`` are steps without an exchange of
    gradients; ``exchange_ms`` are all-reduces of ``exchange_bytes`` with nothing to hide behind, None where lost.
    """

    skew_ms: Annotated[tuple[tuple[Time, ...], ...], _sampled] = field(repr=False)
    unsynced_ms: Annotated[tuple[tuple[Duration, ...], ...], _sampled] = field(repr=False)
    exchange_bytes: Count | None
    exchange_ms: tuple[Duration, ...] | None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case.

    ``spec`` holds every field of the network's spec, as export-spec writes it; empty for code. ``unknown`` says why a
    quantity is None. ``flags`` are torch's own while the case ran. ``first_call_ms`` includes finding kernels and
    memory; ``compile_ms`` is what torch.compile added to it.
    """

    case: Case = field(metadata=keyed("config"))
    status: Status
    valid: bool
    cost: Cost
    spec: JsonObject
    metrics: Metrics = Metrics()  # frozen
    memory: Memory = Memory(None, None)  # frozen
    first_call_ms: float | None = None
    compile_ms: float | None = None
    stopped: Stop | None = None
    checks: tuple[Check, ...] = ()
    findings: tuple[Observation, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    phases: Phases | None = None
    stages: Breakdown | None = None
    layers: Breakdown | None = None
    ceilings: RunCeilings | None = None
    clocks: Clocks | None = None
    energy: Energy | None = None
    flags: Mapping[str, bool | int | str] | None = None
    graph_breaks: int | None = None
    scaling: Scaling | None = field(default=None, metadata=OPTIONAL)

    @property
    def device_or_latency(self) -> Metric | None:
        """The device's time for one call where it is known, else the latency."""
        return self.metrics.device_time or self.metrics.latency

    @property
    def reference_ms(self) -> tuple[float, ...] | None:
        """The reference workload's time before each round, the geometric mean of its pieces; None where it did not
        run."""
        states = self.clocks.rounds if self.clocks else ()
        timed = [state.reference_ms for state in states if isinstance(state, CpuRound)]
        return tuple(map(geometric_mean, timed)) if timed and len(timed) == len(states) else None

    def has(self, code: str) -> bool:
        """Whether the finding ``code`` was made."""
        return any(finding.code == code for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Environment:
    """Where and when it ran; ``versions`` are those of the packages that computed."""

    date: str
    machine: Machine
    versions: Mapping[str, str]
    gpu: Gpu | None
    grade: Grade


@dataclass(frozen=True, slots=True)
class Record:
    """``planned`` counts the cases that were asked for: fewer ``results`` are a run that was interrupted."""

    argv: tuple[str, ...]
    environment: Environment
    plan: Plan = field(metadata=keyed("protocol"))
    planned: Count
    results: tuple[Result, ...] = field(metadata=keyed("arms"))

    def processor(self, result: Result) -> str:
        """What the system calls the processor or the GPU that ran ``result``."""
        gpu = self.environment.gpu
        if result.case.kind == "cuda":
            return (gpu and gpu.name) or "a GPU without a name"
        return self.environment.machine.cpu_model


def metric(rounds: Rounds, seed: int, ci95_ms: tuple[float, float] | None = None) -> Metric:
    """The statistics of a quantity, with its samples; the interval is computed unless it is known."""
    s = summarize(rounds, seed, ci95_ms)
    samples = tuple(x for samples in rounds for x in samples)
    cv = s.cv if isfinite(s.cv) else None
    return Metric(s.median, s.ci95, s.min, s.q1, s.q3, s.p90, s.p95, s.p99, s.mean, s.sd, s.mad, cv, s.outliers, s.n,
                  samples, tuple(map(len, rounds)))  # fmt: skip
