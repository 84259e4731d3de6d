"""Receptive field and stride of a feature map's values, in pixels of the input."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.ops.base import ONE_PIXEL
from resnet_inspect.graph.ops.pointwise import GroupNorm

WholeThrough = Literal["", "GroupNorm", "gate"]


@dataclass(frozen=True, slots=True)
class View:
    """What one value sees, in pixels of the input along one axis (Araujo et al. 2019, Distill, equations 1 to 4).

    ``field``: side of the square that can change the value, through convolutions and pools alone. ``jump``: distance
    between the centres of two neighbours. ``padding``: how far the first value's square reaches beyond the border.
    ``whole_through``: the first call through which the whole image changes it too, GroupNorm or a gate; or empty.
    """

    field: int = 1
    jump: int = 1
    padding: int = 0
    whole_through: WholeThrough = ""


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
    """The view of the node's output: a sum takes its wider branch, a product the branch that is not its gate."""
    window = node.op.window
    limited = [view for view in inputs if view is not None]
    if window is None or not limited or _flattens(node):
        return None
    view = limited[0] if len(limited) == 1 else max(limited, key=lambda view: view.field)
    whole = _whole_through(node, inputs)
    if window == ONE_PIXEL and whole == view.whole_through:
        return view
    kernel, stride, padding = window
    field, above = view.field + (kernel - 1) * view.jump, view.padding + padding * view.jump
    return View(field, view.jump * stride, above, whole)


def _whole_through(node: Node, inputs: list[View | None]) -> WholeThrough:
    for view in inputs:
        if view and view.whole_through:
            return view.whole_through
    if isinstance(node.op, GroupNorm):  # its mean and deviation are of all positions
        return "GroupNorm"
    return "gate" if None in inputs else ""


def _flattens(node: Node) -> bool:
    """Whether it joins all positions of a map to one row."""
    return len(node.out.shape) == 2 and prod(node.ins[0].shape[2:]) > 1
