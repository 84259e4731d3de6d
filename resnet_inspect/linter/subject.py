"""What a rule of the linter is, what it looks at, and what it finds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import cleandoc

from resnet_inspect.errors import ShapeError
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.units import UNKNOWN, Unit, text

SMALL_IMAGE = 64  # a side in pixels: CIFAR has 32, and no ImageNet net was made for so few


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Measured milliseconds of each stage in one case of a Record; ``label`` names the case."""

    label: str
    ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Subject:
    """The net under the lens, and what else is known of how it will run; None where nobody said."""

    spec: ResNetSpec
    graph: Graph
    precision: str | None = None
    times: StageTimes | None = None

    def lowered(self, spec: ResNetSpec, size: tuple[int, int] | None = None) -> Graph | None:
        """The net of a remedy on these images, or on images of ``size``; None where it cannot take them."""
        n, c, *own = self.graph.input.shape
        height, width = size or own
        try:
            return lower(spec, self.graph.name, (n, c, height, width))
        except ShapeError:
            return None

    def added_by(self, spec: ResNetSpec) -> tuple[str, str]:
        """The parameters and the MACs that the net of a remedy has more, with their sign."""
        other = self.lowered(spec)
        if other is None:
            return UNKNOWN, UNKNOWN
        before, after = work_of(self.graph), work_of(other)
        return _signed(after.params - before.params), _signed(after.macs - before.macs)


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a rule is broken, and the values that its message and hint speak of."""

    where: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as data; the docstring of ``check`` is its page.

    ``needs`` is the option without which the rule has nothing to go by.
    """

    code: str
    name: str
    message: str
    hint: str
    check: Callable[[Subject], Iterator[Hit]]
    needs: str = ""

    @property
    def page(self) -> str:
        """A title, then what is wrong, why, and what to do about it."""
        return cleandoc(self.check.__doc__ or "")


def readers(graph: Graph) -> list[list[int]]:
    """Of each node, the positions of the nodes that read its output."""
    found: list[list[int]] = [[] for _ in graph.nodes]
    for position, node in enumerate(graph.nodes):
        for i in node.inputs:
            found[i].append(position)
    return found


def in_gate(node: Node) -> bool:
    """Whether the node belongs to an attention module."""
    return ".se." in node.name


def on_shortcut(node: Node) -> bool:
    return ".downsample." in node.name


def span(names: Sequence[str]) -> str:
    """One name, or the first and the last of several: ``layer1.0.conv1 … layer4.1.conv2``."""
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"


def listed(values: Sequence[Sequence[int] | int | float], unit: Unit) -> str:
    return ", ".join(text(value, unit) for value in values)


def _signed(count: int) -> str:
    return ("+" if count >= 0 else "−") + text(abs(count), "count")
