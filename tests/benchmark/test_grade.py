"""The grade of a run follows what the run itself showed of its machine."""

from dataclasses import replace

import pytest
from raw_results import CPU_ROUND, raw, result

from resnet_inspect.benchmark.grade import grade_of_run
from resnet_inspect.benchmark.record import Result
from resnet_inspect.hardware.machine import Grade

A, B, C = Grade("A", ()), Grade("B", ("governor powersave, not performance",)), Grade("C", ("a debugger attached",))
QUIET = result(raw())


def paced(slowest: float) -> Result:
    """A result before whose second round the reference workload took ``slowest`` times as long."""
    slow = replace(CPU_ROUND, reference_ms=tuple(slowest * ms for ms in CPU_ROUND.reference_ms))
    return result(raw(states=[CPU_ROUND, slow, *[CPU_ROUND] * 3]))


@pytest.mark.parametrize(
    ("before", "slowest", "letter"),
    [
        (A, 1.04, "A"), (A, 1.06, "B"), (A, 1.19, "B"), (A, 1.24, "C"), (A, 1.63, "C"),
        (B, 1.04, "B"), (B, 1.06, "B"), (B, 1.63, "C"), (C, 1.06, "C"), (C, 1.63, "C"),
    ],
)  # fmt: skip
def test_a_machine_that_changed_its_pace_is_graded_by_it(before: Grade, slowest: float, letter: str) -> None:
    after = grade_of_run(before, [QUIET, paced(slowest), QUIET])
    assert after.letter == letter
    assert set(before.reasons) <= set(after.reasons)
    told = [reason for reason in after.reasons if f"took {100 * (slowest - 1):.1f}% longer" in reason]
    assert len(told) == (slowest > 1.05)
    if letter == "C" and before != C:
        assert after.reasons[0] == told[0], "reasons for C come first"


def test_a_run_without_a_reference_workload_keeps_its_grade() -> None:
    assert grade_of_run(B, [result(raw("cuda:0")), result(raw(status="oom"))]) == B
    assert grade_of_run(A, []) == A
