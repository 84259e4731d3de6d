"""Receptive field and stride of a feature map's values, in pixels of the input."""

from collections.abc import Iterator
from dataclasses import dataclass

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.ops.base import ONE_PIXEL


@dataclass(frozen=True, slots=True)
class View:
    """What one value sees, in pixels of the input along one axis (Araujo et al. 2019, Distill, equations 1 to 4).

    ``field``: side of the square that can change the value. ``jump``: distance between the centres of two neighbours.
    ``padding``: how far the first value's square reaches beyond the border. As is usual, attention gates do not count,
    although they see the whole image.
    """

    field: int = 1
    jump: int = 1
    padding: int = 0


def views(graph: Graph) -> list[View | None]:
    """The view of each node's output; None after the global pool, where a value sees the whole image."""
    outputs: list[View | None] = [View()]
    for node in graph.nodes[1:]:
        outputs.append(_after(node, [outputs[i] for i in node.inputs]))
    return outputs


def by_stage(graph: Graph) -> Iterator[tuple[str, View | None]]:
    """The view at the end of each stage."""
    last = {node.stage: view for node, view in zip(graph.nodes, views(graph), strict=True) if node.stage}
    yield from last.items()


def _after(node: Node, inputs: list[View | None]) -> View | None:
    """The view of the node's output: a sum takes its wider branch, a product ignores its gate."""
    window = node.op.window
    limited = [view for view in inputs if view is not None]
    if window is None or not limited:
        return None
    view = limited[0] if len(limited) == 1 else max(limited, key=lambda view: view.field)
    if window == ONE_PIXEL:
        return view
    kernel, stride, padding = window
    return View(view.field + (kernel - 1) * view.jump, view.jump * stride, view.padding + padding * view.jump)
