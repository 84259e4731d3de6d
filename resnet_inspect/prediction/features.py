"""The amounts of work in a forward pass, by class: what a time is fitted to.

A compiled net runs the fused passes of ``graph.facts.passes``, an eager one each call on its own. The classes are those
that take different times for an equal amount: FLOP of dense 3×3 convolutions go elsewhere than those of grouped ones,
and bytes that normalise a group are read twice.

On a CPU, a large tensor costs more a byte than a small one. It leaves the cache, and glibc returns its pages to the
system when it is freed: the next call touches new ones (``M_TRIM_THRESHOLD`` and ``M_MMAP_THRESHOLD``, mallopt(3)).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple, get_args

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.passes import Pass, eager_elements, eager_weights, passes
from resnet_inspect.graph.facts.repeats import without_repeats
from resnet_inspect.graph.ops.base import Op
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.typed_json import Rule
from resnet_inspect.vocabulary import ELEMENT_BYTES, Mode, Precision

WorkClass = Literal[
    "conv3x3", "conv1x1", "dilated", "grouped", "depthwise", "stem", "linear", "products",
    "weights", "standardized", "activations", "pointwise", "norms", "blur", "large", "calls",
]  # fmt: skip
CLASSES: tuple[WorkClass, ...] = get_args(WorkClass)
FLOP_CLASSES: tuple[WorkClass, ...] = (
    "conv3x3", "conv1x1", "dilated", "grouped", "depthwise", "stem", "linear", "products",
)  # fmt: skip
BYTE_CLASSES: tuple[WorkClass, ...] = ("weights", "standardized", "activations", "pointwise", "norms", "blur", "large")
TITLES: dict[WorkClass, str] = {
    "conv3x3": "3×3 convolutions",
    "conv1x1": "1×1 convolutions",
    "dilated": "dilated convolutions",
    "grouped": "grouped convolutions",
    "depthwise": "depthwise convolutions",
    "stem": "convolutions of the image",
    "linear": "linear layers",
    "products": "other products",
    "weights": "weights read",
    "standardized": "weights standardised",
    "activations": "activations of products",
    "pointwise": "activations of other calls",
    "norms": "activations of GroupNorm",
    "blur": "activations of blur pools",
    "large": "large tensors",
    "calls": "calls",
}
BYTES_OF: dict[str, WorkClass] = {"GroupNorm": "norms", "BlurPool2d": "blur"}

# Calls that differ in name alone, for which one may stand for another.
ALIKE: dict[str, str] = {
    **dict.fromkeys(("Activation", "Sigmoid", "Scale", "Clone"), "ReLU"),
    **dict.fromkeys(("Mean", "AdaptiveMaxPool2d", "Max", "Sum"), "AdaptiveAvgPool2d"),
    "Mul": "Add",
}
# Calls that take about as long in one net as in another.
ORDINARY = frozenset({
    "conv3x3", "conv1x1", "grouped", "depthwise", "stem", "linear", "ReLU", "BatchNorm2d", "Add", "AdaptiveAvgPool2d",
    "MaxPool2d", "AvgPool2d",
})  # fmt: skip
# Bytes of a large tensor: of 1 to 8 MiB, a fit without one of its nets predicts that net best with this.
LARGE = 3 << 20
# glibc's largest ``M_MMAP_THRESHOLD``, in bytes: oneDNN's copy of larger weights has new pages in every call.
MAPPED = 32 << 20
MATERIAL = 0.01  # of a net's FLOP or of its bytes: a kind of call that has less cannot make a prediction wrong

_amount: Rule = (lambda amount: amount >= 0, "a number from 0")
Amount = Annotated[float, _amount]


@dataclass(frozen=True, slots=True)
class Features:
    """FLOP, bytes and calls of one forward pass by class; the kinds of its calls, and those with much of its work."""

    amounts: Mapping[WorkClass, Amount]
    kinds: frozenset[str]
    material: frozenset[str]


class Step(NamedTuple):
    """What runs as one kernel, ``times`` over: its call, and the elements of activations and weights that move."""

    node: Node
    elements: int
    weights: int
    times: int

    @property
    def flop(self) -> int:
        """Of each time."""
        return 2 * (self.node.macs + self.node.macs_without_weights)


def features_of(graph: Graph, precision: Precision, mode: Mode, on_cpu: bool = False) -> Features:
    """The amounts of work of ``graph``, whose tensors are in ``precision``; ``on_cpu``, large ones count again."""
    steps = fused_steps if "compile" in mode else eager_steps
    return sum_up(steps(*without_repeats(graph)), precision, on_cpu)


def sum_up(steps: Iterable[Step], precision: Precision, on_cpu: bool = False) -> Features:
    """``features_of`` a graph in the steps in which it runs."""
    amounts: dict[WorkClass, float] = dict.fromkeys(CLASSES, 0.0)
    flop_of, moved_by = dict[str, int](), dict[str, int]()
    size = ELEMENT_BYTES[precision]
    for step in steps:
        op, times = step.node.op, step.times
        kind, flop, elements, weights = kind_of(op), step.flop * times, step.elements * times, step.weights * times
        flop_of[kind] = flop_of.get(kind, 0) + flop
        moved_by[kind] = moved_by.get(kind, 0) + elements + weights
        amounts["calls"] += times
        amounts["weights"] += size * weights
        if flop:
            amounts[class_of(op)] += flop
        amounts[BYTES_OF.get(kind, "activations" if flop else "pointwise")] += size * elements
        if getattr(op, "standardized", False):
            amounts["standardized"] += size * weights
        if on_cpu and size * step.node.out.numel > LARGE:
            amounts["large"] += size * elements
        if on_cpu and flop and size * step.weights > MAPPED:
            amounts["large"] += size * weights
    all_flop, all_moved = sum(flop_of.values()) or 1, sum(moved_by.values()) or 1
    share = {kind: max(flop_of[kind] / all_flop, moved / all_moved) for kind, moved in moved_by.items()}
    return Features(amounts, frozenset(share), frozenset(kind for kind in share if share[kind] >= MATERIAL))


def _alike(node: Node) -> str:
    return ""


def eager_steps(graph: Graph, counts: Sequence[int] = (), key: Callable[[Node], str] = _alike) -> Iterator[Step]:
    """Each call that is no view, on its own; calls of one ``key`` that cost the same are one step.

    ``counts`` says for how many calls each node stands, as ``without_repeats`` does; by default one.
    """
    # A copied block shares its operations and types: a deep net has a hundred calls that differ.
    steps = dict[tuple[int | str, ...], tuple[Node, int]]()
    for position, node in graph.calls:
        memo = id(node.op), id(node.ins), id(node.out), key(node)
        steps[memo] = node, (counts[position] if counts else 1) + (steps[memo][1] if memo in steps else 0)
    for node, times in steps.values():
        if not node.op.is_view:
            yield Step(node, eager_elements(node), eager_weights(node), times)


def fused_steps(graph: Graph, counts: Sequence[int] = (), key: Callable[[Node], str] = _alike) -> Iterator[Step]:
    """The passes that remain after all possible fusion; as ``eager_steps``."""
    steps = dict[tuple[int | str, ...], tuple[Pass, int]]()
    for each in passes(graph):
        node, position = each.anchor, next(iter(each.calls))
        memo = id(node.op), id(node.ins), id(node.out), each.writes, sum(each.reads.values()), key(node)
        steps[memo] = each, (counts[position] if counts else 1) + (steps[memo][1] if memo in steps else 0)
    for each, times in steps.values():
        if not each.anchor.op.is_view:
            yield Step(each.anchor, each.elements, each.weights, times)


def class_of(op: Op) -> WorkClass:
    """The class of an operation's FLOP."""
    if isinstance(op, Linear):
        return "linear"
    if not isinstance(op, Conv2d):
        return "products"
    if op.dilation > 1:
        return "dilated"
    if op.groups == 1:
        return "stem" if op.in_channels <= 4 else "conv1x1" if op.kernel_size == 1 else "conv3x3"
    return "depthwise" if op.groups == op.in_channels else "grouped"


def kind_of(op: Op) -> str:
    """The name of an operation among those that a calibration must have seen."""
    if isinstance(op, Conv2d | Linear):
        return class_of(op) + (" standardized" if op.standardized else "")
    return ALIKE.get(op.kind, op.kind)
