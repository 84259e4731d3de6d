"""The largest batch that fits."""

import sys
from collections.abc import Callable
from dataclasses import replace

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.request import graph_of, predicted_of
from resnet_inspect.benchmark.schedule import Worker, WorkerLost
from resnet_inspect.errors import MachineError
from resnet_inspect.sources.source import Source
from resnet_inspect.vocabulary import ELEMENT_BYTES

WORKER_BYTES = 2**30  # torch itself, loaded in a process
INDEXED = 2**31  # elements of a tensor that kernels with 32-bit indices reach
CALL_MS = 1000.0  # of the largest batch on a CPU, whose memory holds more than anybody waits for
TRIED_CALLS = 2  # the first finds kernels and memory; the second has an optimizer's state beside it


def largest(
    case: Case, net: Source, start: Callable[[Case], Worker], available: int, tell: Callable[[str], None]
) -> Case:
    """``config`` at the largest batch that fits: by prediction, then by trying, a tenth less each time it does not.

    On a CPU a call of it takes no longer than CALL_MS, and no less than half where memory allows: a measurement makes
    dozens of calls, and the memory holds batches that take a minute each. Elsewhere what is predicted of an eager call
    may be too much for a compiled one, or for autocast: a fifth more is tried until it no longer fits.

    Raises:
        MachineError: not even one image does.
    """

    def at(n: int) -> Case:
        return replace(case, batch_size=n, input=(n, *case.input[1:]))

    known = case.mode == "eager" and case.precision in ELEMENT_BYTES

    def fits(n: int, room: int) -> bool:
        precision = case.precision if case.precision in ELEMENT_BYTES else "fp32"
        graph = graph_of(at(n), net)
        rows = predicted_of(replace(at(n), mode="eager", precision=precision), graph)
        assert rows is not None
        return rows["peak_bytes"] <= room and all(node.out.numel < INDEXED for node in graph.nodes)

    def tried(n: int) -> float | None:
        """Milliseconds of a call that finds its kernels and memory; None where there is not memory enough."""
        tell(f"{at(n).label}: does it fit?")
        worker = start(at(n))
        try:
            worker.ask({"do": "prepare"})
            return min([float(worker.ask({"do": "call"})["ms"]) for _ in range(TRIED_CALLS)])
        except WorkerLost as lost:
            if lost.status != "oom" and "signal 9" not in lost.detail:  # the kernel ends who takes too much
                raise MachineError(f"{at(n).label}: {lost.status}, {lost.detail}", hint="give a --batch-size") from None
            return None
        finally:
            worker.close()

    room = _room(case, start) if case.device.startswith("cuda") else available - WORKER_BYTES
    most = 1
    while fits(2 * most, room):
        most *= 2
    step = most
    while step > 1:
        step //= 2
        most += step if fits(most + step, room) else 0
    n = min(2, most) if case.device == "cpu" else most  # two, as not every net trains on one
    held = 0
    while n:
        ms = tried(n)
        if held and ms is None:
            return at(held)
        if ms is None:
            n = most = min(n - 1, n * 9 // 10)
        elif case.device == "cpu" and ms > CALL_MS and n > 1:
            n = most = int(n * CALL_MS / ms) or 1
        elif case.device == "cpu" and ms < CALL_MS / 2 and n < most:
            n = min(most, int(n * CALL_MS / ms))
        elif case.device != "cpu" and not known and n == most and fits(6 * n // 5 + 1, sys.maxsize):
            held, n = n, 6 * n // 5 + 1
            most = n
        else:
            return at(n)
    raise MachineError(f"{case.model}: not even one image fits on {case.device}", hint="give a smaller --input")


def _room(case: Case, start: Callable[[Case], Worker]) -> int:
    """Free bytes of a GPU, asked in a worker: this process never touches it."""
    worker = start(case)
    try:
        worker.ask({"do": "prepare"})
        return int(worker.ask({"do": "room"})["bytes"])
    except WorkerLost as lost:
        raise MachineError(f"{case.label}: {lost.status} {lost.detail}", hint="give a smaller --input") from None
    finally:
        worker.close()
