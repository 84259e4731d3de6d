"""What the window of a convolution reads: pixels or padding, all of its input or a part."""

from math import prod

from resnet_inspect.graph import Node
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.linter.rule import Subject


def is_window(subject: Subject, node: Node) -> bool:
    """Whether the node is a convolution of a block that reads more than one pixel, outside attention gates."""
    return isinstance(node.op, Conv2d) and node.op.kernel_size > 1 and subject.is_in_body(node)


def window_side(node: Node) -> int:
    """The side of the window in pixels, with dilation."""
    assert isinstance(node.op, Conv2d)
    return node.op.dilation * (node.op.kernel_size - 1) + 1


def _find_reading_taps(node: Node) -> list[list[list[bool]]]:
    """Whether a weight reads a pixel and not padding, by axis, place of the window, and weight along the axis."""
    op = node.op
    assert isinstance(op, Conv2d)
    return [
        [
            [0 <= place * op.stride - op.padding + tap * op.dilation < size for tap in range(op.kernel_size)]
            for place in range(places)
        ]
        for size, places in zip(node.ins[0].shape[2:], node.out.shape[2:], strict=True)
    ]


def share_on_pixels(node: Node) -> float:
    """The share of pixels, not padding, in what the windows read."""
    return prod(sum(map(sum, axis)) / sum(map(len, axis)) for axis in _find_reading_taps(node))


def share_of_padding(nodes: list[Node]) -> float:
    """The share of these convolutions' MACs that multiplies padding."""
    return 1 - sum(share_on_pixels(node) * node.macs for node in nodes) / sum(node.macs for node in nodes)


def share_of_live_weights(node: Node) -> float:
    """The share of the weights that read a pixel in at least one place."""
    return prod(sum(map(any, zip(*axis, strict=True))) / len(axis[0]) for axis in _find_reading_taps(node))


def share_read(node: Node) -> float:
    """The share of its input that a convolution reads whose windows do not overlap."""
    assert isinstance(node.op, Conv2d)
    axes = zip(node.ins[0].shape[2:], node.out.shape[2:], strict=True)
    return prod(min(size, places * node.op.kernel_size) / size for size, places in axes)
