"""Rules on resolution: how large the maps are, and how much of them a window or a value sees."""

from collections.abc import Iterator
from math import prod

from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.receptive_field import by_stage, views
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.graph.ops.gate import Reduction
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pool import AvgPool2d, BlurPool2d, GlobalPool, MaxPool2d
from resnet_inspect.graph.ops.reshape import Subsample
from resnet_inspect.linter.rule import MAP_DIMENSIONS, SMALL_IMAGE, Hit, Subject, is_in_body, join_values, name_span
from resnet_inspect.linter.windows import is_window, share_of_live_weights, share_of_padding, share_read, window_side
from resnet_inspect.units import text

DEEP_STEM_STRIDE = 4  # the 7×7 of stride 2 and its pool


def small_image_stem(subject: Subject) -> Iterator[Hit]:
    """An ImageNet stem on small images

    A 7×7 convolution and a max pool, both of stride 2, reduce 224 pixels to 56 before the blocks
    begin. They reduce CIFAR's 32 pixels to 8, and the stages see 8, 4, 2 and 1. The last stage
    convolves single pixels, and detail is gone before the first block could use it. A 3×3 of stride
    2 before the pool keeps no more.

    For 32×32 images He et al. 2015 (arXiv:1512.03385, section 4.2) begin with one 3×3 of stride 1
    and no pool. Wide ResNets (arXiv:1605.07146) and SimCLR on CIFAR-10 (arXiv:2002.05709, appendix
    B.9) do the same. ResNet-18 then sees 32, 16, 8 and 4 pixels.

    It is not free: 16 times the pixels take about 15 times the MACs (555 M instead of 37 M in
    ResNet-18). If that is too much, a 3×3 stem of stride 2 without the pool lies between.
    """
    image = subject.image
    stem = dict(by_stage(subject.graph)).get("stem")
    if not image or min(image) >= SMALL_IMAGE or stem is None or stem.jump < DEEP_STEM_STRIDE:
        return
    channels = subject.spec.stem[-1][-1] if subject.spec else 0
    remedied = subject.try_lower(subject.change(stem=((3, 1, channels),), stem_pool="none"))
    before, after = work_of(subject.graph).macs, work_of(remedied).macs if remedied else None
    values = {
        "image": text(image, "shape"),
        "stride": f"{stem.jump}",
        "maps": _list_maps(subject.graph),
        "better": _list_maps(remedied) if remedied else text(None),
        "before": text(before, "count"),
        "after": text(after, "count"),
        "ratio": text(after / before if after else None, "ratio"),
        "channels": f"{channels}",
    }
    yield Hit("stem", values)


def _list_maps(graph: Graph) -> str:
    """``8×8, 4×4, 2×2, 1×1``: the map that each stage of blocks outputs."""
    last = {node.stage: node.out.shape for node in graph.nodes if is_in_body(node)}
    return join_values([shape[2:] for shape in last.values() if len(shape) == MAP_DIMENSIONS], "shape")


def mostly_padding(subject: Subject) -> Iterator[Hit]:
    """A stage whose windows reach past the edge

    A 3×3 window with padding 1 reads many zeros on a map of 3×3 or less: 40% of its input on 3×3,
    56% on 2×2, 89% on 1×1. The MACs are spent all the same.

    On a map of one pixel, only the middle weight of nine ever meets it. The other eight get no
    gradient, never train, and are saved with every checkpoint. ResNet-18's last stage at 32×32 is
    an example: of the 8.26 M weights in its 3×3s, only 1.31 M meet a pixel.

    Use larger images, keep more resolution in the stem (RI003), or drop the stage. The paper's nets
    for small images have three stages (arXiv:1512.03385, section 4.2).
    """
    windows = [node for node in subject.graph.nodes if is_window(subject, node)]
    outputs = {node.stage: node.out.shape[2:] for node in windows}
    for node in subject.graph.nodes:
        if node.stage in outputs and len(node.out.shape) == MAP_DIMENSIONS:
            outputs[node.stage] = node.out.shape[2:]
    jumps = {
        node.stage: view.jump
        for node, view in zip(subject.graph.nodes, views(subject.graph), strict=True)
        if view and node.stage in outputs
    }
    small = dict.fromkeys(node.stage for node in windows if min(outputs[node.stage]) <= window_side(node))
    if not small:
        return
    windows_of = {stage: [node for node in windows if node.stage == stage] for stage in small}
    needed = max(jumps[stage] * (window_side(nodes[-1]) + 1) for stage, nodes in windows_of.items())
    shares = [
        f"{text(share_of_padding(nodes), 'share')} ({text(outputs[stage], 'shape')})"
        for stage, nodes in windows_of.items()
    ]
    weights = {
        node: prod(node.op.weight) for nodes in windows_of.values() for node in nodes if isinstance(node.op, Conv2d)
    }
    values = {
        "shares": ", ".join(shares),
        "idle": text(round(sum((1 - share_of_live_weights(node)) * count for node, count in weights.items())), "count"),
        "weights": text(sum(weights.values()), "count"),
        "side": f"{needed}",
    }
    yield Hit(", ".join(windows_of), values)


def strided_1x1(subject: Subject) -> Iterator[Hit]:
    """A strided 1×1 that skips most of its input

    A 1×1 convolution of stride 2 reads one pixel in four. In the paper's bottleneck (v1) it is the
    first convolution, and the shortcut's 1×1 reads the same pixels. So nothing reads three quarters
    of the previous stage's output. At inference that stage's last 3×3 and 1×1 compute three
    quarters of their output for nothing: in ResNet-50, 376 M of 3.86 GMACs.

    v1.5 has the stride in the 3×3 that follows, whose windows overlap. ResNet-50 gains 0.45 points
    of top-1 accuracy, from 76.21 to 76.66% (He et al. 2018, arXiv:1812.01187, table 5, as B), for
    6% more MACs.

    The shortcut's own strided 1×1, which v1.5 and torchvision keep, is no finding: the residual
    branch reads every pixel. A 2×2 average before it (ResNet-D) gains another 0.3 points in the
    same table.
    """
    strided = [
        node
        for node in subject.graph.nodes
        if subject.is_in_body(node)
        and not subject.is_on_shortcut(node)
        and isinstance(node.op, Conv2d)
        and window_side(node) < node.op.stride
        and share_read(node) < 1
    ]
    if not strided:
        return
    first = strided[0]
    assert isinstance(first.op, Conv2d)
    _, macs = subject.extra_cost_of(subject.change(stride_on="3x3"))
    values = {
        "count": f"{len(strided)}",
        "kernel": f"{first.op.kernel_size}×{first.op.kernel_size}",
        "stride": f"{first.op.stride}",
        "share": text(share_read(first), "share"),
        "macs": macs,
    }
    yield Hit(name_span([node.name for node in strided]), values)


def small_receptive_field(subject: Subject) -> Iterator[Hit]:
    """A last stage that sees less than half of the image

    A value of the last map depends on a square of the input, its receptive field: 427 pixels in
    ResNet-50, 435 in ResNet-18, for images of any size. If the field is less than half of a side,
    no value sees even a quarter of the image. Only the average at the end combines the parts. The
    middle of the field counts most, and it grows only with the square root of the depth (Luo et al.
    2016, arXiv:1701.04128).

    This is no error: BagNets (arXiv:1904.00760) classify from 33 pixels, with less accuracy. But a
    net that must see a whole object needs a field of that size. Add blocks in the last stage, use
    attention, whose gates see everything, or use smaller images. A field larger than the image, as
    in every CIFAR net, is the usual case and no finding: the shortcuts keep smaller fields alive.
    """
    body = [
        (node, view) for node, view in zip(subject.graph.nodes, views(subject.graph), strict=True) if is_in_body(node)
    ]
    sees_all = any(view is None or isinstance(node.op, Reduction | GlobalPool) for node, view in body)
    if sees_all or not body or not subject.image:
        return
    last, view = body[-1]
    side = min(subject.image)
    if view is None or view.whole_through == "attention" or 2 * view.field >= side:
        return
    block = last.name.rpartition(".")[0] + "."
    inside = [node for node, _ in body if node.name.startswith(block) and is_window(subject, node)]
    step = sum((window_side(node) - 1) * view.jump for node in inside)
    yield Hit(last.stage, {"field": f"{view.field}", "side": f"{side}", "step": f"{step}"})


def uneven_input(subject: Subject) -> Iterator[Hit]:
    """An image that the strides do not divide

    Each stride of 2 halves the map and rounds an odd side: 3×3 convolutions and padded pools round
    up, unpadded pools round down. Maps of two stages then no longer align. A feature pyramid that
    doubles a 6×6 gets 12×12, but has to add it to an 11×11. Where the branches of a block round
    differently, as with antialiasing pools, the sum is refused.

    The last map also covers more than the image: 6×6 at stride 32 is 192 pixels for 176. So part of
    the work is done on padding.

    Resize or crop to sides that are multiples of the total stride, which is 32 in most ResNets.
    """
    graph = subject.graph
    jumps = [view.jump for _, view in by_stage(graph) if view]
    image = subject.image
    uneven = next((node for node in graph.nodes if _rounds_the_side(node) and not subject.is_in_gate(node)), None)
    if uneven is None or not jumps or not image:
        return
    jump = jumps[-1]
    if all(side % jump == 0 for side in image):
        return
    below = tuple(side // jump * jump for side in image)
    nearest = tuple(round(side / jump) * jump for side in image)
    above = tuple(-(side // -jump) * jump for side in image)
    around = [size for size in dict.fromkeys((below, nearest, above)) if min(size)]
    sizes = [text(size, "shape") for size in around]
    if subject.spec is not None:
        sizes = [
            f"{text(size, 'shape')} ({text(work_of(even).macs, 'count')} MACs)"
            for size in around
            if (even := subject.try_lower(subject.spec, (size[0], size[1])))
        ]
    values = {
        "image": text(image, "shape"),
        "stride": f"{jump}",
        "before": text(uneven.ins[0].shape[2:], "shape"),
        "after": text(uneven.out.shape[2:], "shape"),
        "sizes": ", ".join(sizes),
    }
    yield Hit(uneven.name, values)


def _rounds_the_side(node: Node) -> bool:
    match node.op:
        case Conv2d(stride=s) | MaxPool2d(stride=s) | AvgPool2d(stride=s) | BlurPool2d(stride=s) | Subsample(s):
            return any(size % s for size in node.ins[0].shape[2:])
    return False
