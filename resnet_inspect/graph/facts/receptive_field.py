"""Receptive field and stride of a feature map's values, in pixels of the input."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log2, prod
from typing import Literal

from resnet_inspect.graph import Graph, Node, TensorType
from resnet_inspect.graph.ops.base import ONE_PIXEL
from resnet_inspect.graph.ops.linear import Linear
from resnet_inspect.graph.ops.pointwise import GroupNorm
from resnet_inspect.graph.ops.torch_call import Constant, TorchCall
from resnet_inspect.graph.ops.weighing import MatMul

WholeThrough = Literal["", "GroupNorm", "gate", "attention"]


@dataclass(frozen=True, slots=True)
class View:
    """What one value sees, in pixels of the input along one axis (Araujo et al. 2019, Distill, equations 1 to 4).

    ``field``: side of the square that can change the value, through convolutions and pools alone. ``jump``: distance
    between the centres of two neighbours. ``padding``: how far the first value's square reaches beyond the border.
    ``whole_through``: the first call through which the whole image changes it too: GroupNorm, a gate, attention; or
    empty.
    """

    field: int = 1
    jump: int = 1
    padding: int = 0
    whole_through: WholeThrough = ""


def views(graph: Graph) -> list[View | None]:
    """The view of each node's output; None after the global pool, where a value sees the whole image."""
    rows = _views_along(graph, 0)
    if not any(isinstance(node.op, TorchCall) and len({*(node.op.windows or ())}) > 1 for node in graph.nodes):
        return rows
    columns = _views_along(graph, 1)
    return [max(row, column, key=_side) if row and column else None for row, column in zip(rows, columns, strict=True)]


def _side(view: View) -> int:
    return view.field


def _views_along(graph: Graph, axis: int) -> list[View | None]:
    outputs: list[View | None] = []
    for node in graph.nodes:
        known = [outputs[i] for i in node.inputs if not isinstance(graph.nodes[i].op, Constant)]
        outputs.append(_after(graph, node, known, axis) if known else View())
    return outputs


def by_stage(graph: Graph) -> Iterator[tuple[str, View | None]]:
    """The view at the end of each stage."""
    last = {node.stage: view for node, view in zip(graph.nodes, views(graph), strict=True) if node.stage}
    yield from last.items()


def _after(graph: Graph, node: Node, inputs: list[View | None], axis: int) -> View | None:
    """The view of the node's output: a sum takes its wider branch, a product the branch that is not its gate."""
    windows = node.op.windows or (_of_each_position(node) and (ONE_PIXEL, ONE_PIXEL))
    limited = [view for view in inputs if view is not None]
    if not windows or not limited or _flattens(node):
        return None
    window = windows[axis]
    of_the_first = len(limited) == 1 or node.macs_without_weights  # attention's output has its queries' positions
    view = limited[0] if of_the_first else max(limited, key=_side)
    if isinstance(node.op, Linear) and (merged := _jump_of(node, graph.input)) > view.jump:
        window = merged // view.jump, merged // view.jump, 0  # neighbours were moved into its channels
    whole = _whole_through(node, inputs)
    if window == ONE_PIXEL and whole == view.whole_through:
        return view
    kernel, stride, padding = window
    field, above = view.field + (kernel - 1) * view.jump, view.padding + padding * view.jump
    jump = view.jump * stride if stride > 0 else view.jump / -stride
    return View(field, int(jump), above, whole) if jump == int(jump) else None


def _whole_through(node: Node, inputs: list[View | None]) -> WholeThrough:
    for view in inputs:
        if view and view.whole_through:
            return view.whole_through
    if isinstance(node.op, GroupNorm):  # its mean and deviation are of all positions
        return "GroupNorm"
    if node.macs_without_weights and len(inputs) > 1:  # its factors are of all positions
        return "attention"
    return "gate" if None in inputs else ""


def _of_each_position(node: Node) -> bool:
    """Whether its output has positions: of a linear layer over the last dimension, or of a product of two maps."""
    return isinstance(node.op, Linear | MatMul) and prod(node.out.shape[1:-1]) > 1 and node.out.shape[-1] > 1


def _flattens(node: Node) -> bool:
    """Whether it joins all positions of a map to one row."""
    shape = node.ins[0].shape
    positions = prod(shape[2:]) if len(shape) > 3 else prod(shape[1:-1])
    return len(shape) > len(node.out.shape) == 2 and node.out.shape[0] == shape[0] and positions > 1


def _jump_of(node: Node, image: TensorType) -> int:
    """Distance between the positions of a linear layer's output, as a power of 2; 1 where the input is no image."""
    if len(image.shape) != 4 or len(node.out.shape) == 2:
        return 1
    pixels, positions = image.shape[0] * prod(image.shape[2:]), prod(node.out.shape[:-1])
    return 1 << max(round(log2(pixels / positions) / 2), 0)
