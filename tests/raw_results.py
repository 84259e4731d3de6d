"""A case that nothing is wrong with, as its worker answers for it: a test changes the one answer that it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from resnet_inspect.benchmark.breakdown import Part
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import (
    CpuRound,
    Finished,
    MarkedCalls,
    MeasuredMemory,
    Prepared,
    RoundSamples,
    RoundState,
    WarmedUp,
)
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import Cost, Environment, Record, Result
from resnet_inspect.benchmark.result import Counted, result_of
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.graph.facts.memory import PeakMemory
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.gpu import Gpu, GpuState
from resnet_inspect.hardware.machine import Grade, Machine
from resnet_inspect.vocabulary import Mode, RunPrecision

PLAN = Plan()
ROUNDS = 5

MACHINE = Machine(
    os="Linux",
    kernel="6.8.0",
    python="3.11.9",
    cpu_model="AMD EPYC 9654",
    cpus=8,
    affinity=8,
    cores=8,
    quota_cpus=None,
    memory_bytes=2**34,
    swap_bytes=0,
    load_1m=0.0,
    governor="performance",
    frequency_mhz=3700.0,
    container=False,
    traced=False,
    variables={},
)
ENVIRONMENT = Environment("2025-01-01T00:00:00+00:00", MACHINE, {"torch": "2.11.0"}, None, Grade("A", ()))

COUNTED = Counted(
    cost=Cost(25_557_032, 4_089_184_256),
    spec={"block": "bottleneck"},
    predicted=PeakMemory(2048, 1024, 0, 512, 512, 0, 0, 0),
    stages=(Part("stem", "", 1), Part("head", "", 3)),
    layers=(Part("conv1", "stem", 1), Part("fc", "head", 3)),
    least_bytes=2**29,
)

PREPARED = Prepared(captured_ms=None, flags={}, gpu=None)
WARMED_UP = WarmedUp(first_ms=30.0, calls=20, seconds=0.5, settled=True, compiled_graphs=1, first_peak_bytes=None)
MEMORY = MeasuredMemory(requested_bytes=2**30, process_bytes=2**31)
FINISHED = Finished(finite=True, relative_error=0.0, compiled_graphs=1, gpu=None, fault_us=0.5)

CPU_ROUND = CpuRound(cpu_share=1.0, faults_per_call=0.0, reference_ms=(3.0, 3.0, 3.0))
GPU_STATE = GpuState(sm_mhz=1980, temperature_c=50, power_w=400.0, energy_j=1e6, throttle=(), reason=None)
GPU = Gpu(
    sm_mhz=1980,
    temperature_c=30,
    power_w=75.0,
    energy_j=1e6,
    throttle=(),
    reason=None,
    name="NVIDIA H200",
    capability="9.0",
    memory_bytes=150_000_000_000,
    multiprocessors=132,
    cuda="13.0",
    cudnn=91002,
    driver="580.95.05",
    sm_max_mhz=1980,
    power_limit_w=700.0,
    other_processes=0,
)
CEILINGS = Ceilings(
    device="cuda:0",
    title="NVIDIA H200",
    precision="bf16",
    flop_per_s=8e14,
    flop_spread=0.01,
    bytes_per_s=4e12,
    bytes_spread=0.01,
    source="a test",
)


def rounds(*latency_ms: float) -> list[list[float]]:
    """The same samples in every round."""
    return [[*latency_ms] for _ in range(ROUNDS)]


def raw(
    device: str = "cpu",
    mode: Mode = "eager",
    precision: RunPrecision = "fp32",
    *,
    latency_ms: Sequence[Sequence[float]] | None = None,
    device_time_ms: Sequence[Sequence[float]] | None = None,
    enqueue_ms: Sequence[Sequence[float]] | None = None,
    block_ms: float | None = None,
    states: Sequence[RoundState] | None = None,
    **changes: Any,  # fields of RawResult
) -> RawResult:
    """A call takes 10 ms, on a CUDA device 9.9; ``block_ms`` is the time of six calls back to back.

    An empty list of device times or enqueue times is a CUDA device that tells none.
    """
    on_cuda = device != "cpu"
    latency_ms = latency_ms if latency_ms is not None else rounds(10.0, 10.0, 10.0, 10.0)
    if on_cuda:
        device_time_ms = device_time_ms if device_time_ms is not None else [[9.9] * 4] * len(latency_ms)
        enqueue_ms = enqueue_ms if enqueue_ms is not None else [[1.0] * 4] * len(latency_ms)
    states = states or [GPU_STATE if on_cuda else CPU_ROUND] * len(latency_ms)
    played = tuple(
        RoundSamples(
            latency_ms=tuple(latency),
            block_calls=6,
            block_ms=block_ms if block_ms is not None else 6 * (9.9 if on_cuda else 10.0),
            state=state,
            device_time_ms=tuple(device_time_ms[i]) if device_time_ms else None,
            enqueue_ms=tuple(enqueue_ms[i]) if enqueue_ms else None,
        )
        for i, (latency, state) in enumerate(zip(latency_ms, states, strict=True))
    )
    case = Case("resnet50", device, 8, (8, 3, 224, 224), "infer", precision, "contiguous", mode, 1)
    answers: dict[str, Any] = {
        "prepared": PREPARED,
        "warmed_up": WARMED_UP,
        "memory": MEMORY,
        "rounds": played,
        "finished": FINISHED,
        "stopped": "precise",
    }
    return RawResult(case, **(answers | changes))


def pairs(forward_ms: Sequence[float] = (6.0, 4.0), marked_ms: float = 10.0, plain_ms: float = 10.0) -> MarkedCalls:
    """Four pairs of a marked call of two parts, and a plain one; both by a clock outside them."""
    return MarkedCalls(
        forward_ms=((*forward_ms, 0.0),) * 4,  # an inference has no loss
        backward_ms=((0.0,) * (len(forward_ms) + 1),) * 4,
        optimizer_ms=(0.0,) * 4,
        total_ms=(sum(forward_ms),) * 4,
        marked_ms=(marked_ms,) * 4,
        plain_ms=(plain_ms,) * 4,
    )


def result(raw: RawResult, counted: Counted = COUNTED, plan: Plan = PLAN, machine: Machine = MACHINE) -> Result:
    return result_of(raw, plan, counted, machine)


def codes(result: Result) -> list[str]:
    return [finding.code for finding in result.findings]


def values(result: Result, code: str) -> Mapping[str, float | str]:
    """The numbers of the one finding ``code``."""
    (finding,) = (finding for finding in result.findings if finding.code == code)
    return finding.values


def failed(result: Result) -> list[str]:
    """The self-checks that the result fails."""
    return [check.id for check in result.checks if not check.ok]


def record(*results: Result, plan: Plan = PLAN) -> Record:
    return Record(("bench",), ENVIRONMENT, plan, len(results), results)


def trained(raw: RawResult) -> RawResult:
    """The same answers for a training step."""
    return replace(raw, case=replace(raw.case, task="train"))
