"""A lint rule, the net that it checks, and the hits that it yields."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from resnet_inspect.docstrings import read_docstring
from resnet_inspect.errors import ShapeError
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.units import UNKNOWN, Unit, text

SMALL_IMAGE = 64  # a side in pixels: CIFAR has 32; no ImageNet net was made for so few


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Measured milliseconds of each stage in one case of a Record; ``label`` names the case."""

    label: str
    ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Subject:
    """The net to check, and how it will run; None for what the user did not say."""

    spec: ResNetSpec
    graph: Graph
    precision: str | None = None
    times: StageTimes | None = None

    def try_lower(self, spec: ResNetSpec, size: tuple[int, int] | None = None) -> Graph | None:
        """Lowers the net of a remedy, on these images or on images of ``size``; None if the net cannot take them."""
        n, c, *own = self.graph.input.shape
        height, width = size or own
        try:
            return lower(spec, self.graph.name, (n, c, height, width))
        except ShapeError:
            return None

    def extra_cost_of(self, spec: ResNetSpec) -> tuple[str, str]:
        """The extra parameters and MACs of the net of a remedy, with their sign."""
        remedied = self.try_lower(spec)
        if remedied is None:
            return UNKNOWN, UNKNOWN
        before, after = work_of(self.graph), work_of(remedied)
        return _signed(after.params - before.params), _signed(after.macs - before.macs)


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that breaks a rule, and the values for the message and the hint."""

    where: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; the docstring of ``check`` is its page.

    ``needs`` is the option that supplies what the rule checks.
    """

    code: str
    name: str
    message: str
    hint: str
    check: Callable[[Subject], Iterator[Hit]]
    needs: str = ""

    @property
    def page(self) -> str:
        """A title; then what is wrong, why, and what to do."""
        return read_docstring(self.check)


def is_in_gate(node: Node) -> bool:
    """Whether the node belongs to an attention module."""
    return ".se." in node.name


def is_on_shortcut(node: Node) -> bool:
    """Whether the node is on a shortcut."""
    return ".downsample." in node.name


def name_span(names: Sequence[str]) -> str:
    """One name, or the first and the last of several: ``layer1.0.conv1 … layer4.1.conv2``."""
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"


def join_values(values: Sequence[Sequence[int] | int | float], unit: Unit) -> str:
    return ", ".join(text(value, unit) for value in values)


def _signed(count: int) -> str:
    return ("+" if count >= 0 else "−") + text(abs(count), "count")
