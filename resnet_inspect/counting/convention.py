"""What a convention is, and counting by one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from resnet_inspect.counting.writing import Call

Rule = Callable[[Call], int]


@dataclass(frozen=True, slots=True)
class Convention:
    """A tool's or a field's way to count.

    Attributes:
        unit: what one of its counts stands for.
        version: of the tool that the rules were read off, in eval mode.
        operations: a rule for each kind of operation that the tool sees run, by whatever module or function.
        modules: a rule for each class of module that the tool knows; what is counted both ways is counted twice.
        per_image: the total is of one image, whatever the batch.
    """

    name: str
    unit: Literal["MAC", "FLOP", "element"]
    version: str
    doc: str
    operations: Mapping[str, Rule] = field(default_factory=dict)
    modules: Mapping[str, Rule] = field(default_factory=dict)
    per_image: bool = False


@dataclass(slots=True)
class Count:
    """A total, its parts by kind of operation, and the kinds for which there is no rule, with their number of calls."""

    total: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    uncounted: dict[str, int] = field(default_factory=dict)


def count(convention: Convention, calls: Iterable[Call]) -> Count:
    """The work of ``calls`` as ``convention`` counts it. A rule's own 0 is counted, a missing rule is named."""
    result = Count()
    for call in calls:
        rules = (convention.operations.get(call.kind), convention.modules.get(call.by))
        if rules == (None, None):
            result.uncounted[call.kind] = result.uncounted.get(call.kind, 0) + 1
            continue
        work = sum(rule(call) for rule in rules if rule is not None)
        result.parts[call.kind] = result.parts.get(call.kind, 0) + work
        result.total += work
    return result
