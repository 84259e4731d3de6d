"""A lint rule, the net that it checks, and the hits that it yields."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from resnet_inspect.docstrings import read_docstring
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.linter.branches import Branches, find_branches
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.units import UNKNOWN, Unit, text

MAP_DIMENSIONS = 4  # N, C, H, W
SMALL_IMAGE = 64  # a side in pixels: CIFAR has 32; no ImageNet net was made for so few


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Measured milliseconds of each stage in one case of a Record; ``label`` names the case."""

    label: str
    ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Subject:
    """The net to check, and how it will run; None for what the user did not say, and for the spec that code lacks."""

    spec: ResNetSpec | None
    graph: Graph
    precision: str | None = None
    times: StageTimes | None = None
    _branches: Branches = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_branches", find_branches(self.graph))  # the class is frozen

    @property
    def image(self) -> tuple[int, ...]:
        """Height and width; empty where the net reads no maps."""
        return self.graph.input.shape[2:] if len(self.graph.input.shape) == MAP_DIMENSIONS else ()

    def is_in_gate(self, node: Node) -> bool:
        """Whether the node computes the weights of an attention module, or applies them."""
        return node.name in self._branches.gates

    def is_on_shortcut(self, node: Node) -> bool:
        return node.name in self._branches.shortcuts

    def is_in_body(self, node: Node) -> bool:
        """Whether the node is between stem and head, and no attention module's."""
        return is_in_body(node) and not self.is_in_gate(node)

    def change(self, **fields: Any) -> ResNetSpec | None:
        """The spec of a remedy, with these fields; None for code."""
        return None if self.spec is None else replace(self.spec, **fields)

    def try_lower(self, spec: ResNetSpec | None, size: tuple[int, int] | None = None) -> Graph | None:
        """Lowers the net of a remedy, on these images or on images of ``size``; None if it cannot be."""
        if spec is None:
            return None
        n, c, *own = self.graph.input.shape
        height, width = size or own
        try:
            return lower(spec, self.graph.name, (n, c, height, width))
        except ShapeError:
            return None

    def extra_cost_of(self, spec: ResNetSpec | None) -> tuple[str, str]:
        """The extra parameters and MACs of the net of a remedy, with their sign."""
        remedied = self.try_lower(spec)
        if remedied is None:
            return UNKNOWN, UNKNOWN
        before, after = work_of(self.graph), work_of(remedied)
        return _signed(after.params - before.params), _signed(after.macs - before.macs)


def is_in_body(node: Node) -> bool:
    """Whether the node is between stem and head."""
    return node.stage not in ("", "stem", "head")


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that breaks a rule, and the values for the message and the hint."""

    where: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; the docstring of ``check`` is its page.

    ``needs`` is the option that supplies what the rule checks. ``hint_in_code`` is the hint where there is no spec to
    change; empty where the hint names no field.
    """

    code: str
    name: str
    message: str
    hint: str
    check: Callable[[Subject], Iterator[Hit]]
    needs: str = ""
    hint_in_code: str = ""

    @property
    def page(self) -> str:
        """A title; then what is wrong, why, and what to do."""
        return read_docstring(self.check)


def name_span(names: Sequence[str]) -> str:
    """One name, or the first and the last of several: ``layer1.0.conv1 … layer4.1.conv2``."""
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"


def join_values(values: Sequence[Sequence[int] | int | float], unit: Unit) -> str:
    return ", ".join(text(value, unit) for value in values)


def _signed(count: int) -> str:
    return ("+" if count >= 0 else "−") + text(abs(count), "count")
