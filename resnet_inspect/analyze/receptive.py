"""How much of the image one value of a feature map has seen, and how far apart two neighbours look."""

from collections.abc import Iterator
from dataclasses import dataclass

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.ops.gate import Mul, Reduction
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pool import AvgPool2d, BlurPool2d, GlobalPool, MaxPool2d
from resnet_inspect.graph.ops.reshape import Subsample


@dataclass(frozen=True, slots=True)
class View:
    """What one value sees, in pixels of the input along one axis (Araujo et al. 2019, Distill, equations 1 to 4).

    ``field`` is the side of the square that can change it, ``jump`` the distance between the centres of neighbours,
    ``padding`` how far the first value's square reaches beyond the border. Attention gates, which see everything, are
    left out, as is usual.
    """

    field: int = 1
    jump: int = 1
    padding: int = 0


def views(graph: Graph) -> list[View | None]:
    """The view of each node's output; None from the global pool on, where a value sees the whole image."""
    seen: list[View | None] = [View()]
    for node in graph.nodes[1:]:
        seen.append(_after(node, [seen[i] for i in node.inputs]))
    return seen


def by_stage(graph: Graph) -> Iterator[tuple[str, View | None]]:
    """The view at the end of each stage."""
    last = {node.stage: view for node, view in zip(graph.nodes, views(graph), strict=True) if node.stage}
    yield from last.items()


def _after(node: Node, inputs: list[View | None]) -> View | None:
    """Of the two branches of a sum, the one that sees more; of a gate and what it multiplies, the latter."""
    if len(node.out.shape) != 4 or isinstance(node.op, GlobalPool | Reduction):
        return None
    known = [view for view in inputs if view is not None]
    if not known:
        return None
    view = known[0] if isinstance(node.op, Mul) else max(known, key=lambda view: view.field)
    kernel, stride, padding = _window(node)
    return View(view.field + (kernel - 1) * view.jump, view.jump * stride, view.padding + padding * view.jump)


def _window(node: Node) -> tuple[int, int, int]:
    """Extent, stride and padding of what slides over the image; of elementwise work, one pixel."""
    match node.op:
        case Conv2d(kernel_size=k, stride=s, padding=p, dilation=d):
            return d * (k - 1) + 1, s, p
        case MaxPool2d(k, s, p):
            return k, s, p
        case AvgPool2d(k, s):
            return k, s, 0
        case BlurPool2d(stride=s):
            return 3, s, 1
        case Subsample(s):
            return 1, s, 0
    return 1, 1, 0
