"""What is measured of processes that train together: their common steps, and what exchanging gradients takes."""

from dataclasses import replace

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import EXCHANGE, MEMORY, ROUND, Exchange, MeasuredMemory, RoundSamples
from resnet_inspect.benchmark.plan import Plan
from resnet_inspect.benchmark.worker import measure
from resnet_inspect.benchmark.worker.peers import Calls, Together
from resnet_inspect.benchmark.worker.prepare import Ready
from resnet_inspect.benchmark.worker.timing import without_gc

EXCHANGES = 20


def sample_round(ready: Ready, case: Case, plan: Plan) -> RoundSamples:
    """As of a process alone; then as many steps of all, and as many whose gradients stay where they are.

    A step lasts as long as in the process where it lasts longest; the skew lies between the first end and the last.
    """
    samples = measure.sample_round(ready, case, plan)
    together = _together(ready)
    steps = _sample(together, b"r", len(samples.latency_ms))
    alone = _sample(together, b"n", len(samples.latency_ms))
    return replace(
        samples,
        latency_ms=tuple(_longest_ms(calls) for calls in steps),
        unsynced_ms=tuple(_longest_ms(calls) for calls in alone),
        skew_ms=tuple((max(end for _, end in calls) - min(end for _, end in calls)) / 1e6 for calls in steps),
    )


def measure_memory(ready: Ready, case: Case, plan: Plan) -> MeasuredMemory:
    """The first process's, with the buckets in which gradients are exchanged."""
    memory = measure.measure_memory(ready, case, plan)
    if memory.requested_bytes is None:
        return memory
    return replace(memory, requested_bytes=memory.requested_bytes + _together(ready).exchange_bytes)


def measure_exchange(ready: Ready, case: Case, plan: Plan) -> Exchange:
    """All-reduces of as many fp32 numbers as the net has gradients, one at a time; the first one sets them up."""
    together = _together(ready)
    samples = []
    with without_gc():
        for _ in range(EXCHANGES + 1):
            start = measure.CLOCK()
            together.all(b"x")
            together.all(b"s")
            samples.append((measure.CLOCK() - start) / 1e6)
    return Exchange(together.exchange_bytes, tuple(samples[1:]))


def _sample(together: Together, call: bytes, count: int) -> list[tuple[tuple[int, int], ...]]:
    """Begin and end of each of ``count`` calls in every process, after one that is not counted."""
    with without_gc():
        for number in range(count + 1):
            if number == 1:
                together.all(b"t")
            together.all(call)
            together.all(b"s")
    every: list[Calls] = together.all(b"t")
    return [*zip(*every, strict=True)]


def _longest_ms(calls: tuple[tuple[int, int], ...]) -> float:
    return max(end - begin for begin, end in calls) / 1e6


def _together(ready: Ready) -> Together:
    assert isinstance(ready.together, Together)
    return ready.together


ANSWERS = measure.ANSWERS | {
    MEMORY.name: measure_memory,
    ROUND.name: sample_round,
    EXCHANGE.name: measure_exchange,
}
