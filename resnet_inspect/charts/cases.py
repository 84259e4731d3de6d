"""Short names for the cases of one picture."""

from collections.abc import Callable, Sequence

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Result
from resnet_inspect.units import counted

# In the order of a case's label.
PARTS: tuple[Callable[[Case], str], ...] = (
    lambda case: case.model,
    lambda case: "folded" if case.folded else "",
    lambda case: "×".join(map(str, case.input)),
    lambda case: case.task,
    lambda case: case.precision,
    lambda case: case.layout,
    lambda case: case.mode,
    lambda case: case.device,
    lambda case: counted(case.threads, "thread") if case.kind == "cpu" else "",
    lambda case: f"{case.processes} process{'es' * (case.processes > 1)}" if case.processes else "",
)


def common_words(cases: Sequence[Case]) -> str:
    """What all cases have in common."""
    return _words(cases[0], [part for part in PARTS if len({part(case) for case in cases}) == 1])


def names_of(results: Sequence[Result]) -> list[str]:
    """What tells each result from the others; the model where that is nothing."""
    cases = [result.case for result in results]
    differing = [part for part in PARTS if len({part(case) for case in cases}) > 1]
    names = [_words(case, differing) or case.model for case in cases]
    return [name if result.valid else f"{name} (invalid)" for name, result in zip(names, results, strict=True)]


def _words(case: Case, parts: Sequence[Callable[[Case], str]]) -> str:
    return " ".join(filter(None, (part(case) for part in parts)))
