"""The first page of a lesson, and the last: the net as a whole."""

import re
from operator import itemgetter

from resnet_inspect.explainer import arithmetic as a
from resnet_inspect.explainer.net import PER_BLOCK, Net
from resnet_inspect.explainer.speech import Voice
from resnet_inspect.graph.facts.blocks import alias
from resnet_inspect.graph.facts.receptive_field import by_stage
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.report import Column, Row, Section, Table, tabulate


def overview(net: Net, say: Voice) -> Section:
    """What goes in and comes out, what it costs, and how many layers deep it is."""
    return Section(
        "overview",
        say("{model} at a glance", model=net.graph.name),
        (say.paragraph(_task(net, say), _cost(net, say)), _depth(net, say)),
    )


def depth(net: Net) -> tuple[int, int, int]:
    """Layers with weights on the longest path: in the stem, in each block, in the head."""
    stem = sum(isinstance(node.op, Conv2d) for node in net.nodes("stem"))
    head = sum(isinstance(node.op, Conv2d | Linear) for node in net.nodes("head"))
    return stem, PER_BLOCK[net.spec.block], head


def layers(net: Net) -> int:
    stem, block, head = depth(net)
    return stem + net.blocks * block + head


def _task(net: Net, say: Voice) -> str:
    batch, image = net.graph.input.shape[0], a.shape(net.graph.input)
    out = a.integer(net.graph.output.shape[1])
    if not net.spec.num_classes:
        task = say(
            "{model} turns an image of {image} (channels × height × width) into {out} features; it is a backbone, "
            "without a classifier.",
            model=net.graph.name,
            image=image,
            out=out,
        )
    else:
        task = say(
            "{model} turns an image of {image} (channels × height × width) into {out} numbers, one score a class.",
            model=net.graph.name,
            image=image,
            out=out,
        )
    if batch == 1:
        return task
    many = say(
        "Here {batch} images go in at once: shapes below are those of one image, MACs those of the whole batch.",
        batch=a.integer(batch),
    )
    return say.paragraph(task, many)


def _cost(net: Net, say: Voice) -> str:
    return say(
        "For that it holds {params} parameters and spends {macs} multiply-accumulates (MACs). Between its stem and "
        "its head stand the residual blocks, counted by stage: {blocks}.",
        params=a.integer(net.total.params),
        macs=a.integer(net.total.macs),
        blocks=a.multiples([(1, count) for count in _blocks(net).values()]),
    )


def _depth(net: Net, say: Voice) -> str:
    stem, block, head = depth(net)
    count = layers(net)
    worked = say(
        "Layers with weights on its longest path: {stem} in the stem, {block} in each of {blocks} blocks, {head} in "
        "the head: {stem} + {blocks}·{block} + {head} = {layers}.",
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
        say("This is the {layers} of its name; what stands on shortcuts is not counted.", layers=str(count)),
    )


def rules(net: Net, say: Voice) -> Section:
    """The three formulas that all the rest applies, with this net's first 3×3."""
    conv, op = net.first.spatial
    shapes = say(
        "Shape: a window of k×k with stride s and padding p turns a side of n into ⌊(n + 2p − k) / s⌋ + 1. A 1×1, and "
        "a 3×3 with p = 1, keep the side at s = 1 and halve it, rounded up, at s = 2."
    )
    if any(isinstance(node.op, Conv2d) and node.op.dilation > 1 for node in net.graph.nodes):
        shapes = say.paragraph(
            shapes, say("With dilation d a window spans d·(k − 1) + 1; padded by p = d, a 3×3 still keeps the side.")
        )
    weights = say(
        "Parameters: a k×k convolution of C channels into C_out has k·k·C·C_out weights, a normalisation 2 a channel "
        "(scale and shift). {conv} is a 3×3 of {c} channels into {c_out}: {weights} = {count}.",
        conv=conv.name,
        c=str(op.in_channels // op.groups),
        c_out=str(op.out_channels),
        weights=a.weights(conv),
        count=a.integer(conv.params),
    )
    if op.groups > 1:
        weights = say.paragraph(
            weights,
            say(
                "It has {groups} groups, and an output channel reads only its own group: {c} / {groups} = {each}.",
                groups=str(op.groups),
                c=str(op.in_channels),
                each=str(op.in_channels // op.groups),
            ),
        )
    macs = say(
        "MACs: each weight is used once at every position of the output. {conv} leaves {out}, so that its {count} "
        "weights take {worked} = {macs} MACs. Normalisation, ReLU, pools and sums have none by convention.",
        conv=conv.name,
        out=a.shape(conv.out),
        count=a.integer(a.weight_count(conv)),
        worked=a.work([conv]),
        macs=a.integer(conv.macs),
    )
    return Section("rules", say("Three rules to read all that follows"), (shapes, weights, macs))


def together(net: Net, say: Voice) -> tuple[Section, Table]:
    """The stage table, which the reader could now write."""
    section = Section(
        "together",
        say("Put together"),
        (
            say(
                "The stages add up to the {params} parameters and {macs} MACs of the beginning. Sees: the side of the "
                "square of pixels that can change one value (its receptive field).",
                params=a.integer(net.total.params),
                macs=a.integer(net.total.macs),
            ),
        ),
    )
    seen = dict(by_stage(net.graph))
    blocks = _blocks(net)
    rows: list[Row] = []
    for name, part in net.works.items():
        view = seen.get(name)
        rows.append(
            (
                name,
                alias(name),
                blocks.get(name, 0),
                part.output.shape,
                view.field if view else None,
                part.params,
                part.macs,
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
    )
    total = (say("total"), None, net.blocks, None, None, net.total.params, net.total.macs)
    return section, tabulate("stages", say("stages"), columns, rows, total)


def _blocks(net: Net) -> dict[str, int]:
    return {stage: sum(len(kind.places) for kind in kinds) for stage, kinds in net.kinds.items()}
