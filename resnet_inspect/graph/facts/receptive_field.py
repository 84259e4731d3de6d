"""How much of the image one value of a feature map has seen, and how far apart two neighbours look."""

from collections.abc import Iterator
from dataclasses import dataclass

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.ops.base import ONE_PIXEL


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
    window = node.op.window
    known = [view for view in inputs if view is not None]
    if window is None or not known:
        return None
    view = known[0] if len(known) == 1 else max(known, key=lambda view: view.field)
    if window == ONE_PIXEL:
        return view
    kernel, stride, padding = window
    return View(view.field + (kernel - 1) * view.jump, view.jump * stride, view.padding + padding * view.jump)
