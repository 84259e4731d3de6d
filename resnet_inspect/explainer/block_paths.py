"""One kind of block: the shapes along its residual path and its shortcut, and the cost of each layer."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.outline import BlockKind, Outline, name_kind, norm_channels, stride_of
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.graph import Node
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pool import AvgPool2d, BlurPool2d
from resnet_inspect.graph.ops.reshape import Pad, Subsample
from resnet_inspect.report import Column, Row, Section, Table, tabulate
from resnet_inspect.units import text


def explain_kind(net: Outline, kind: BlockKind, say: Speaker) -> Section:
    """The input and output of a block, the reason for its shortcut, and the cost of each layer."""
    numbers = ", ".join(map(str, kind.signature))
    shortcut = say("projection") if kind.projects else say("zero-padded") if kind.shortcut else say("identity")
    title = say(
        "{paths}: {name} ({numbers}), {shortcut}",
        paths=_list_paths(kind, say),
        name=name_kind(kind, say),
        numbers=numbers,
        shortcut=shortcut,
    )
    paragraphs = (
        _explain_signature(kind, numbers, say),
        _draw_residual_path(kind, say),
        _explain_shortcut(net, kind, say),
        _explain_cost(kind, say),
    )
    return Section(kind.path, title, paragraphs, _tabulate(kind, say))


def _list_paths(kind: BlockKind, say: Speaker) -> str:
    """``layer1.1 to layer1.2``: one run of consecutive blocks, or several."""
    runs = []
    for _, run in groupby(enumerate(kind.places), lambda pair: pair[1] - pair[0]):
        places = [place for _, place in run]
        first, last = f"{kind.stage}.{places[0]}", f"{kind.stage}.{places[-1]}"
        runs.append(first if first == last else say("{first} to {last}", first=first, last=last))
    return say.listed(runs)


def _explain_signature(kind: BlockKind, numbers: str, say: Speaker) -> str:
    c, *width, out, stride = map(str, kind.signature)
    if width:
        signature = say(
            "(C, width, C_out, stride) = ({numbers}): the channels go from {c} through {width} in the 3×3 to {out}, "
            "and the stride is {stride}.",
            numbers=numbers,
            c=c,
            width=width[0],
            out=out,
            stride=stride,
        )
    else:
        signature = say(
            "(C, C_out, stride) = ({numbers}): the channels go from {c} to {out}, and the stride is {stride}.",
            numbers=numbers,
            c=c,
            out=out,
            stride=stride,
        )
    if len(kind.places) == 1:
        return signature
    return say.paragraph(
        signature,
        say("These {count} blocks are equal, so one stands for all.", count=write.integer(len(kind.places))),
    )


def _draw_residual_path(kind: BlockKind, say: Speaker) -> str:
    gate = [node for node in kind.attention if node.kind == "Mul"][-1:]
    steps = [node for node in kind.nodes if node in kind.residual or node in gate]
    return say("Residual path: {path}.", path=_draw_path(kind, steps))


def _explain_shortcut(net: Outline, kind: BlockKind, say: Speaker) -> str:
    (c, *before), (out, *after) = kind.source.shape[1:], kind.out.shape[1:]
    if not kind.shortcut:
        return say(
            "Shortcut: identity, because input and output have the same shape, {shape}; it costs nothing.",
            shape=write.shape(kind.out),
        )
    values = {"before": text(before, "shape"), "after": text(after, "shape"), "c": str(c), "out": str(out)}
    if before != after and c != out:
        why = say("the map ({before} to {after}) and the channels ({c} to {out}) change", **values)
    elif before != after:
        why = say("the map changes from {before} to {after}", before=values["before"], after=values["after"])
    elif c != out:
        why = say("the channels change from {c} to {out} (the stride is 1)", c=values["c"], out=values["out"])
    else:
        why = say(
            "every shortcut of this net projects (option C), although the shape stays {shape}",
            shape=write.shape(kind.out),
        )
    path = _draw_path(kind, kind.shortcut)
    if kind.projects:
        return say("Shortcut: {path}. It is a projection, because {why}.", path=path, why=why)
    return say("Shortcut: {path}. It is padded with zeros, because {why}.", path=path, why=why)


def _draw_path(kind: BlockKind, steps: Sequence[Node]) -> str:
    """``256×56×56 → conv1 → 128×56×56 → conv2 /2 → 128×28×28``."""
    links = [write.shape(steps[0].ins[0])]
    for node in steps:
        stride = node.op.stride if isinstance(node.op, Subsample) else stride_of(node)
        name = kind.name_inside(node) + (f" /{stride}" if stride > 1 else "")
        links += [name, write.shape(node.out)]
    return " → ".join(links)


def _explain_cost(kind: BlockKind, say: Speaker) -> str:
    return say(
        "MACs, weights times positions: {work} = {macs}.", work=write.work(kind.nodes), macs=write.integer(kind.macs)
    )


def _tabulate(kind: BlockKind, say: Speaker) -> Table:
    """One row per layer with weights of its own, and one row for all norms; the rows add up to the block."""
    columns: tuple[Column[Row], ...] = (
        Column("layer", say("layer"), itemgetter(0)),
        Column("op", say("operation"), itemgetter(1)),
        Column("output", say("output"), itemgetter(2), "shape"),
        Column("weights", say("weights"), itemgetter(3)),
        Column("params", say("parameters"), itemgetter(4), "integer"),
        Column("macs", say("MACs"), itemgetter(5), "integer"),
    )
    rows: list[Row] = []
    owned: set[str] = set()
    for node in kind.nodes:
        if node.macs or isinstance(node.op, AvgPool2d | BlurPool2d | Linear | Pad | Subsample):
            new = bool(node.params) and kind.owns(node) and node.module not in owned
            owned.add(node.module)
            weights, params = (write.weights(node), node.params) if new else (None, None)
            operation, out = _name_operation(node, say), node.out.shape[1:]
            rows.append((kind.name_inside(node), operation, out, weights, params, node.macs or None))
    if channels := norm_channels(kind.nodes):
        worked = write.scales_and_shifts(channels).partition(" = ")[0]
        rows.append((say("normalisation"), None, None, worked, 2 * sum(channels), None))
    total = (say("total"), None, None, None, kind.params, kind.macs)
    return tabulate(kind.path, kind.path, columns, rows, total)


def _name_operation(node: Node, say: Speaker) -> str:
    match node.op:
        case Conv2d(kernel_size=k, stride=s, dilation=d, groups=g):
            parts = [f"{k}×{k}" + (f" /{s}" if s > 1 else "")]
            parts += [say("dilation {n}", n=str(d))] if d > 1 else []
            parts += [say("{n} groups", n=str(g))] if g > 1 else []
            return " ".join(parts)
        case AvgPool2d(kernel_size=k, stride=s):
            return say("{k}×{k} average", k=str(k)) + (f" /{s}" if s > 1 else "")
        case BlurPool2d(stride=s):
            return say("blur") + f" /{s}"
        case Subsample(stride=s):
            return say("subsample") + f" /{s}"
        case Pad():
            return say("zeros")
    return {"Linear": say("fully connected"), "Conv1d": say("1-D convolution")}.get(node.kind, node.kind)
