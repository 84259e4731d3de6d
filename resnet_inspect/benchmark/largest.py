"""The largest batch that fits: by prediction, then by trying."""

import sys
from collections.abc import Callable
from dataclasses import replace

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.messages import CALL, FREE_MEMORY, PREPARE, Worker, WorkerLost
from resnet_inspect.benchmark.request import graph_of
from resnet_inspect.errors import MachineError
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.sources.source import Source
from resnet_inspect.vocabulary import ELEMENT_BYTES

WORKER_BYTES = 2**30  # torch itself, loaded in a process
INDEXED = 2**31  # elements of a tensor that kernels with 32-bit indices reach
CALL_MS = 1000.0  # of the largest batch on a CPU, whose memory holds more than anybody waits for
TRIED_CALLS = 2  # the first finds kernels and memory; the second has an optimizer's state


def find_largest(
    case: Case, net: Source, start: Callable[[Case], Worker], available: int, tell: Callable[[str], None]
) -> Case:
    """``case`` at the largest batch that fits; where trying runs out of memory, with a tenth less.

    On a CPU a call takes CALL_MS at most, and half of it at least where memory allows: a measurement makes dozens of
    calls, and the memory holds batches that take a minute each. Elsewhere the prediction is of an eager call, and may
    be too high for a compiled one or for autocast: a fifth more is tried until it no longer fits.

    Raises:
        MachineError: not even one image fits.
    """

    def at(n: int) -> Case:
        return replace(case, batch_size=n, input=(n, *case.input[1:]))

    is_predicted = case.mode == "eager" and case.precision in ELEMENT_BYTES

    def fits(n: int, free_bytes: int) -> bool:
        graph = graph_of(at(n), net)
        asked = peak_bytes(graph, case.task, case.arithmetic if case.precision in ELEMENT_BYTES else "fp32")
        return asked <= free_bytes and all(node.out.numel < INDEXED for node in graph.nodes)

    def try_call(n: int) -> float | None:
        """Milliseconds of a call; None where there is not memory enough."""
        tell(f"{at(n).label}: does it fit?")
        worker = start(at(n))
        try:
            worker.ask(PREPARE)
            return min([worker.ask(CALL).ms for _ in range(TRIED_CALLS)])
        except WorkerLost as lost:
            if lost.status != "oom" and "signal 9" not in lost.detail:  # the kernel ends whoever takes too much
                raise MachineError(f"{at(n).label}: {lost.status}, {lost.detail}", hint="give a --batch-size") from None
            return None
        finally:
            worker.close()

    free_bytes = _free_bytes(case, start) if case.kind == "cuda" else available - WORKER_BYTES
    most = _largest_that(lambda n: fits(n, free_bytes))
    n = min(2, most) if case.kind == "cpu" else most  # two, as not every net trains on one
    proven = 0
    while n:
        ms = try_call(n)
        if proven and ms is None:
            return at(proven)
        if ms is None:
            n = most = min(n - 1, n * 9 // 10)
        elif case.kind == "cpu" and ms > CALL_MS and n > 1:
            n = most = int(n * CALL_MS / ms) or 1
        elif case.kind == "cpu" and ms < CALL_MS / 2 and n < most:
            n = min(most, int(n * CALL_MS / ms))
        elif case.kind != "cpu" and not is_predicted and n == most and fits(6 * n // 5 + 1, sys.maxsize):
            proven, n = n, 6 * n // 5 + 1
            most = n
        else:
            return at(n)
    raise MachineError(f"{case.model}: not even one image fits on {case.device}", hint="give a smaller --input")


def _largest_that(fits: Callable[[int], bool]) -> int:
    """The largest number that fits, by doubling and halving; 1 if none does."""
    most = 1
    while fits(2 * most):
        most *= 2
    step = most
    while step > 1:
        step //= 2
        most += step if fits(most + step) else 0
    return most


def _free_bytes(case: Case, start: Callable[[Case], Worker]) -> int:
    """Free bytes of a GPU, asked in a worker: this process never touches it."""
    worker = start(case)
    try:
        worker.ask(PREPARE)
        return worker.ask(FREE_MEMORY).bytes
    except WorkerLost as lost:
        raise MachineError(f"{case.label}: {lost.reason}", hint="give a smaller --input") from None
    finally:
        worker.close()
