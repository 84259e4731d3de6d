"""Why a case of a search need not run: memory, arithmetic, or what a profile of this machine foresees."""

from collections.abc import Callable
from math import inf

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Result
from resnet_inspect.benchmark.schedule import RawResult
from resnet_inspect.graph import Graph
from resnet_inspect.tuning.goal import Goal
from resnet_inspect.tuning.ratio import paired_ratio
from resnet_inspect.units import text

# The least milliseconds of a call of a case by what was learnt before, 0 where that is nothing. A result of now tells
# how fast the machine is.
Foresee = Callable[[Case, Graph, Result | None], float]
BY_PROFILE = "pruned by profile"


def foresee_nothing(case: Case, graph: Graph, now: Result | None) -> float:
    return 0.0


def reason_to_prune(
    case: Case,
    default: Case,
    goal: Goal,
    champion: RawResult | None,
    peak_bytes: Callable[[Case], int],
    least_ms: Callable[[Case], float],
    available: float = inf,
    foreseen_ms: float = 0.0,
) -> str:
    """Why a case need not run; empty where it has to.

    ``available`` are the bytes that a search may use; ``foreseen_ms`` is what a profile lets a call take at least. The
    default runs whatever its latency, so that a bound that nothing meets has a nearest case.
    """
    for limit, name in (goal.max_memory_bytes, "--max-memory"), (available, "what this machine has to spare"):
        if case.mode == "eager" and limit is not None and (peak := peak_bytes(case)) > limit:
            return f"predicted peak {text(peak, 'bytes')}, over {name}"
    most = None
    if champion is not None and len(champion.rounds) > 1:
        most = paired_ratio([1.0] * len(champion.rounds), goal.round_ms(champion)).high
    images, each = (case.batch_size, "image") if goal.wanted == "throughput" else (1, "call")
    for by, least in ("", least_ms(case)), (f"{BY_PROFILE}: ", foreseen_ms):
        if goal.max_latency_ms is not None and least > goal.max_latency_ms and case != default:
            return f"{by}no call takes less than {text(least, 'ms')}, over --max-latency-ms"
        if most is not None and least / images > most:
            least_each = text(least / images, "ms")
            return f"{by}no {each} takes less than {least_each}; the fastest takes at most {text(most, 'ms')}"
    return ""
