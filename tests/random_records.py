"""Random Records whose parts fit together: metrics follow from samples, and every round has its state."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from typed_values import values_of, words

from resnet_inspect.benchmark.breakdown import Breakdown, PartTime
from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import CpuRound, Energy, MeasuredMemory, Phases, Unwatched
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.record import (
    Check,
    Clocks,
    Cost,
    Environment,
    Memory,
    Metrics,
    Observation,
    Record,
    Result,
    Roof,
    RunCeilings,
    Scaling,
    metric,
)
from resnet_inspect.graph.facts.memory import PeakMemory
from resnet_inspect.hardware.gpu import GpuState
from resnet_inspect.hardware.machine import Machine

# Every metric is summed up when it is made and again when it is read: 1000 resamples each.
LAW = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

LOST = ("oom", "crashed", "timeout")

durations = st.floats(1e-3, 1e4)
some_rounds = st.lists(st.lists(durations, min_size=1, max_size=6), min_size=1, max_size=3)
cases = values_of(
    Case,
    input=st.tuples(*[st.integers(1, 512)] * 4),
    threads=st.integers(1, 64),
).map(lambda case: replace(case, batch_size=case.input[0]))


cpu_rounds = values_of(CpuRound, reference_ms=st.lists(durations, min_size=1, max_size=3).map(tuple))
ceilings = values_of(RunCeilings, each=st.lists(values_of(Roof), min_size=1, max_size=2).map(tuple))
frozen_rounds = some_rounds.map(lambda rounds: tuple(map(tuple, rounds)))
scalings = values_of(
    Scaling, skew_ms=frozen_rounds, unsynced_ms=frozen_rounds, exchange_ms=st.none() | st.just((1.0, 2.0))
)


@st.composite
def breakdowns(draw: st.DrawFn) -> Breakdown:
    of_training = durations if draw(st.booleans()) else st.none()
    row = values_of(PartTime, forward_ms=of_training, backward_ms=of_training)
    return draw(
        values_of(
            Breakdown,
            rows=st.lists(row, min_size=1, max_size=2).map(tuple),
            iterations=st.integers(1, 50),
            loss_ms=of_training,
            optimizer_ms=of_training,
        )
    )


@st.composite
def results(draw: st.DrawFn, seed: int) -> Result:
    status = draw(st.sampled_from(["ok", "ok", "invalid", *LOST]))
    latency = metric(draw(some_rounds), seed)
    common: dict[str, Any] = {
        "case": draw(cases),
        "status": status,
        "valid": status == "ok",
        "cost": draw(values_of(Cost)),
        "spec": draw(values_of(dict[str, Any])),
        "findings": tuple(draw(st.lists(values_of(Observation), max_size=2))),
    }
    predicted = draw(values_of(PeakMemory | None))
    if status in LOST:
        metrics = Metrics(latency=draw(st.none() | st.just(latency)))
        return Result(**common, metrics=metrics, memory=Memory(predicted, None))
    several = len(latency.rounds)
    samples = st.lists(durations, min_size=1, max_size=6)
    on_device = (
        metric(draw(st.lists(samples, min_size=several, max_size=several)), seed) if draw(st.booleans()) else None
    )
    state = draw(st.sampled_from([cpu_rounds, values_of(GpuState), values_of(Unwatched)]))
    states = st.lists(state, min_size=len(latency.rounds), max_size=len(latency.rounds)).map(tuple)
    return Result(
        **common,
        metrics=Metrics(
            latency=latency,
            throughput=metric(draw(some_rounds), seed),
            device_time=on_device,
            enqueue=on_device,
            images_per_s=draw(durations),
        ),
        memory=Memory(predicted, draw(values_of(MeasuredMemory))),
        first_call_ms=draw(durations),
        compile_ms=draw(st.none() | durations),
        stopped=draw(st.sampled_from(["precise", "time", "noise", "quick", "interrupted", "beaten", "decided"])),
        checks=tuple(draw(st.lists(values_of(Check), max_size=2))),
        unknown=draw(values_of(dict[str, str])),
        phases=draw(values_of(Phases | None)),
        stages=draw(st.none() | breakdowns()),
        layers=draw(st.none() | breakdowns()),
        energy=draw(st.none() | values_of(Energy, images=st.integers(1, 10**9))),
        ceilings=draw(st.none() | ceilings),
        clocks=draw(values_of(Clocks, rounds=states)),
        flags=draw(values_of(dict[str, bool | int | str])),
        scaling=draw(st.none() | scalings),
        graph_breaks=draw(st.none() | st.integers(0, 9)),
    )


machines = values_of(Machine, cpus=st.integers(1, 512), affinity=st.integers(1, 512))
versions = values_of(dict[str, str]).map(lambda versions: {**versions, "torch": "2.11.0"})


@st.composite
def records(draw: st.DrawFn) -> Record:
    plan = draw(values_of(Plan, rounds=st.integers(1, 9), min_samples=st.integers(1, 99), window=st.integers(1, 99)))
    played = draw(st.lists(results(plan.seed), max_size=2))
    environment = draw(values_of(Environment, machine=machines, versions=versions))
    return Record(tuple(draw(st.lists(words, max_size=3))), environment, plan, len(played), tuple(played))
