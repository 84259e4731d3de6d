"""What a run itself showed of its machine: the grade from before it, lowered where the reference workload moved."""

from collections.abc import Sequence

from resnet_inspect.benchmark.findings import BY_CODE
from resnet_inspect.benchmark.record import Result
from resnet_inspect.hardware.machine import Grade
from resnet_inspect.units import text

WIDENS = BY_CODE["unsteady-cpu"].limits["share"]
SPOILS = 0.2  # four times the difference that a verdict on a CPU counts as none


def grade_of_run(before: Grade, results: Sequence[Result]) -> Grade:
    """``before`` or worse: B where one case's reference workload moved by over 5 % between rounds, C over 20 %."""
    paces = [pace for result in results if (pace := result.reference_ms)]
    moved = max((max(pace) / min(pace) - 1 for pace in paces), default=0.0)
    if moved <= WIDENS:
        return before
    reason = f"the reference workload took {text(moved, 'share')} longer before one round than before another"
    if moved > SPOILS:
        return Grade("C", (reason, *before.reasons))
    return Grade("C" if before.letter == "C" else "B", (*before.reasons, reason))
