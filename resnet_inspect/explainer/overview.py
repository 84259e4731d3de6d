"""The first section of a lesson and the last: the net as a whole."""

import re
from collections.abc import Iterator, Mapping
from operator import itemgetter

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.outline import CONVOLUTIONS, Outline
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.graph.facts.blocks import alias
from resnet_inspect.graph.facts.receptive_field import View, by_stage
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.report import Column, Row, Section, Table, tabulate
from resnet_inspect.resnet.choices import ACTIVATIONS


def explain_whole(net: Outline, say: Speaker) -> Section:
    """Input, output, cost, and depth in layers."""
    task = say.paragraph(_explain_task(net, say), _explain_cost(net, say))
    paragraphs = filter(None, (task, _explain_depth(net, say), _explain_activation(net, say)))
    return Section("overview", say("{model} at a glance", model=net.graph.name), tuple(paragraphs))


def count_layers_by_part(net: Outline) -> tuple[int, int, int]:
    """Layers with weights on the longest path: in the stem, in each block, in the head."""
    stem = sum(isinstance(node.op, Conv2d) for node in net.nodes("stem"))
    head = sum(isinstance(node.op, Conv2d | Linear) for node in net.nodes("head"))
    return stem, CONVOLUTIONS[net.spec.block], head


def count_layers(net: Outline) -> int:
    stem, block, head = count_layers_by_part(net)
    return stem + net.blocks * block + head


def _explain_task(net: Outline, say: Speaker) -> str:
    batch, image = net.graph.input.shape[0], write.shape(net.graph.input)
    out = write.integer(net.graph.output.shape[1])
    if not net.spec.num_classes:
        task = say(
            "{model} turns an image of {image} (channels × height × width) into a feature vector of length {out}. It "
            "is a backbone: it has no classifier.",
            model=net.graph.name,
            image=image,
            out=out,
        )
    else:
        task = say(
            "{model} turns an image of {image} (channels × height × width) into one score per class, {out} in all.",
            model=net.graph.name,
            image=image,
            out=out,
        )
    if batch == 1:
        return task
    many = say(
        "Here {batch} images go in at once. The shapes below are for one image, the MACs for the whole batch.",
        batch=write.integer(batch),
    )
    return say.paragraph(task, many)


def _explain_cost(net: Outline, say: Speaker) -> str:
    return say(
        "It has {params} parameters and takes {macs} multiply-accumulates (MACs). Between its stem and its head are "
        "the residual blocks, counted by stage: {blocks}.",
        params=write.integer(net.total.params),
        macs=write.integer(net.total.macs),
        blocks=write.multiples([(1, count) for count in _count_blocks(net).values()]),
    )


def _explain_activation(net: Outline, say: Speaker) -> str:
    """The activation, if it is not the ReLU that every other sentence names."""
    if net.spec.act == "relu":
        return ""
    return say(
        "The activation is {activation}. Where this text says ReLU, this net has {activation}.",
        activation=ACTIVATIONS[net.spec.act],
    )


def _explain_depth(net: Outline, say: Speaker) -> str:
    stem, block, head = count_layers_by_part(net)
    count = count_layers(net)
    worked = say(
        "Its depth is the number of layers with weights on the longest path: {stem} in the stem, {block} in each "
        "block, {head} in the head. That makes {stem} + {blocks}·{block} + {head} = {layers}.",
        stem=str(stem),
        block=str(block),
        blocks=str(net.blocks),
        head=str(head),
        layers=str(count),
    )
    if str(count) not in re.findall("[0-9]+", net.graph.name):
        return worked
    return say.paragraph(
        worked,
        say("This is the {layers} in its name; layers on shortcuts do not count.", layers=str(count)),
    )


def explain_formulas(net: Outline, say: Speaker) -> Section:
    """The formulas of shape, parameters and MACs, applied to this net's first 3×3."""
    conv, op = net.first.spatial
    shapes = say(
        "Shape: a k×k window with stride s and padding p turns a side of n into ⌊(n + 2p − k) / s⌋ + 1. A 1×1, or a "
        "3×3 with p = 1, keeps the side at s = 1. At s = 2 it halves the side and rounds up."
    )
    if any(isinstance(node.op, Conv2d) and node.op.dilation > 1 for node in net.graph.nodes):
        shapes = say.paragraph(
            shapes, say("With dilation d a window spans d·(k − 1) + 1. With padding p = d, a 3×3 still keeps the side.")
        )
    weights = say(
        "Parameters: a k×k convolution from C to C_out channels has k·k·C·C_out weights. A normalisation has 2 per "
        "channel, scale and shift. {conv} is a 3×3 with C = {c} and C_out = {c_out}: {weights} = {count}.",
        conv=conv.name,
        c=str(op.in_channels // op.groups),
        c_out=str(op.out_channels),
        weights=write.weights(conv),
        count=write.integer(conv.params),
    )
    if op.groups > 1:
        weights = say.paragraph(
            weights,
            say(
                "It has {groups} groups, and each output channel reads only its own, so C is {c} / {groups} = {each}.",
                groups=str(op.groups),
                c=str(op.in_channels),
                each=str(op.in_channels // op.groups),
            ),
        )
    macs = say(
        "MACs: each weight is used once at every position of the output. {conv} outputs {out}, so its {count} weights "
        "take {worked} = {macs} MACs. By convention, normalisation, ReLU, pools and sums count none.",
        conv=conv.name,
        out=write.shape(conv.out),
        count=write.integer(write.count_weights(conv)),
        worked=write.work([conv]),
        macs=write.integer(conv.macs),
    )
    return Section("rules", say("Three formulas that explain the rest"), (shapes, weights, macs))


def add_up(net: Outline, say: Speaker) -> tuple[Section, Table]:
    """The table of stages, which the reader could now write, and its introduction."""
    views = dict(by_stage(net.graph))
    sums = say(
        "The stages add up to the {params} parameters and {macs} MACs at the top. The column “sees” is the "
        "receptive field: the side of the square of pixels that can change one value.",
        params=write.integer(net.total.params),
        macs=write.integer(net.total.macs),
    )
    section = Section("together", say("All stages together"), (say.paragraph(sums, *_explain_whole_image(views, say)),))
    blocks = _count_blocks(net)
    rows: list[Row] = []
    for stage, work in net.works.items():
        view = views.get(stage)
        rows.append(
            (
                stage,
                alias(stage),
                blocks.get(stage, 0),
                work.output.shape,
                view.field if view else None,
                work.params,
                work.macs,
                (view and view.whole_through) or None,
            )
        )
    columns: tuple[Column[Row], ...] = (
        Column("stage", say("stage"), itemgetter(0)),
        Column("alias", say("paper"), itemgetter(1), optional=True),
        Column("blocks", say("blocks"), itemgetter(2), "integer"),
        Column("output", say("output"), itemgetter(3), "shape"),
        Column("field", say("sees"), itemgetter(4), "integer", optional=True),
        Column("params", say("parameters"), itemgetter(5), "integer"),
        Column("macs", say("MACs"), itemgetter(6), "integer"),
        Column("whole_image_through", "", itemgetter(7)),
    )
    total = (say("total"), None, net.blocks, None, None, net.total.params, net.total.macs, None)
    return section, tabulate("stages", say("stages"), columns, rows, total)


def _explain_whole_image(views: Mapping[str, View | None], say: Speaker) -> Iterator[str]:
    """What the receptive fields leave out, from the first stage on that has it."""
    for stage, view in views.items():
        match view.whole_through if view else "":
            case "GroupNorm":
                yield say(
                    "It is through convolutions and pools alone: from {stage} on, GroupNorm sees the whole image.",
                    stage=stage,
                )
                return
            case "gate":
                yield say(
                    "It is through convolutions and pools alone: from {stage} on, a gate sees the whole image.",
                    stage=stage,
                )
                return


def _count_blocks(net: Outline) -> dict[str, int]:
    return {stage: sum(len(kind.places) for kind in kinds) for stage, kinds in net.kinds.items()}
