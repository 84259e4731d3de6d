"""A convention says how a tool counts; ``count`` applies it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from resnet_inspect.counting.writing import Call

Rule = Callable[[Call], int]


@dataclass(frozen=True, slots=True)
class Convention:
    """How a tool, or the field, counts.

    Attributes:
        unit: what the total counts.
        version: the tool's version that the rules were read off, in eval mode.
        doc: what the tool counts, for a reader.
        operations: a rule for each kind of operation, whichever module or function runs it.
        modules: a rule for each class of module. A call with a rule in both tables counts twice.
        per_image: the total is for one image, whatever the batch size.
        otherwise: a rule for any other operation for which it gives more than 0.
    """

    name: str
    unit: Literal["MAC", "FLOP", "element"]
    version: str
    doc: str
    operations: Mapping[str, Rule] = field(default_factory=dict)
    modules: Mapping[str, Rule] = field(default_factory=dict)
    per_image: bool = False
    otherwise: Rule | None = None

    def rules(self, call: Call) -> list[Rule]:
        """The rules for a call: of its operation and of its module."""
        rules = [self.operations.get(call.kind), self.modules.get(call.by)]
        if rules == [None, None] and call.kind == call.node.kind and self.otherwise and self.otherwise(call):
            rules = [self.otherwise]
        return [rule for rule in rules if rule is not None]


@dataclass(slots=True)
class Count:
    """A total and its parts by kind of operation; ``uncounted`` has the number of calls of each kind without a rule."""

    total: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    uncounted: dict[str, int] = field(default_factory=dict)


def count(convention: Convention, calls: Iterable[Call]) -> Count:
    """Count ``calls`` by ``convention``; a rule's 0 is a part of the total, a missing rule makes a kind uncounted."""
    result = Count()
    for call in calls:
        rules = convention.rules(call)
        if not rules:
            result.uncounted[call.kind] = result.uncounted.get(call.kind, 0) + 1
            continue
        work = sum(rule(call) for rule in rules)
        result.parts[call.kind] = result.parts.get(call.kind, 0) + work
        result.total += work
    return result
