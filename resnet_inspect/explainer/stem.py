"""The stem: every layer before the first stage, with each side worked out."""

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.outline import Outline, norm_channels
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.graph import Node
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.graph.ops.pointwise import Activation, ReLU
from resnet_inspect.graph.ops.pool import AvgPool2d, BlurPool2d, MaxPool2d
from resnet_inspect.report import Section
from resnet_inspect.units import text


def explain_stem(net: Outline, say: Speaker) -> Section:
    """From the image to the input of the first stage."""
    nodes = net.nodes("stem")
    convs = [node for node in nodes if isinstance(node.op, Conv2d)]
    pools = [node for node in nodes if isinstance(node.op, MaxPool2d | AvgPool2d | BlurPool2d)]
    paragraphs = [_explain_conv(node, say) for node in convs]
    paragraphs += filter(None, [_explain_deep_stem(net, convs, say), _explain_norm_and_act(net, nodes, say)])
    paragraphs += [_explain_pool(node, say) for node in pools]
    paragraphs.append(_explain_remaining(net, nodes[-1], say))
    title = say("The stem: {image} → {out}", image=write.shape(net.graph.input), out=write.shape(nodes[-1].out))
    return Section("stem", title, tuple(paragraphs))


def _explain_conv(node: Node, say: Speaker) -> str:
    op = node.op
    assert isinstance(op, Conv2d)
    return say(
        "{conv} is a {k}×{k} convolution with stride {stride} and padding {padding}. The side becomes {sides}, so "
        "{source} becomes {out}. Its parameters are {weights} = {count}, its MACs {work} = {macs}.",
        conv=node.name,
        k=str(op.kernel_size),
        stride=str(op.stride),
        padding=str(op.padding),
        sides=say.listed(write.sides(node, op.kernel_size, op.stride, op.padding)),
        source=write.shape(node.ins[0]),
        out=write.shape(node.out),
        weights=write.weights(node),
        count=write.integer(node.params),
        work=write.work([node]),
        macs=write.integer(node.macs),
    )


def _explain_deep_stem(net: Outline, convs: list[Node], say: Speaker) -> str:
    if [kernel for kernel, _, _ in net.spec.stem] != [3, 3, 3]:
        return ""
    return say(
        "Three 3×3 convolutions replace one 7×7 (the ResNet-C stem of Bag of Tricks, arXiv:1812.01187). They take "
        "{parameters} parameters; a 7×7 to as many channels would take 7·7·{image}·{channels} = {plain}.",
        parameters=write.multiples([(1, conv.params) for conv in convs[:3]]),
        channels=str(convs[2].out.shape[1]),
        image=str(net.spec.in_channels),
        plain=write.integer(7 * 7 * net.spec.in_channels * convs[2].out.shape[1]),
    )


def _explain_norm_and_act(net: Outline, nodes: list[Node], say: Speaker) -> str:
    """Normalisation and activation, or which of the two is missing."""
    channels, active = norm_channels(nodes), any(isinstance(node.op, ReLU | Activation) for node in nodes)
    sentences = []
    if channels and active:
        sentences.append(
            say(
                "Normalisation ({worked} parameters) and ReLU (no parameters) follow and keep the shape.",
                worked=write.scales_and_shifts(channels),
            )
        )
    elif channels:
        sentences.append(
            say(
                "Normalisation ({worked} parameters) follows and keeps the shape.",
                worked=write.scales_and_shifts(channels),
            )
        )
    elif active:
        sentences.append(say("ReLU follows and keeps the shape. There is no normalisation."))
    if net.spec.stem_bare:
        sentences.append(say("Neither follows the first {count}.", count=str(net.spec.stem_bare)))
    if not net.spec.has_stem_norm_act:
        sentences.append(
            say(
                "Neither normalisation nor ReLU follows the stem's last convolution: the first block begins with its "
                "own, on the same channels."
            )
            if net.spec.order == "pre"
            else say(
                "Unlike in the paper, neither normalisation nor ReLU follows the stem's last convolution. Stage 1 "
                "reads its output unchanged."
            )
        )
    elif not net.spec.stem_act:
        sentences.append(
            say("Unlike in the paper, no ReLU follows the last convolution: the values passed on may be negative.")
        )
    return say.paragraph(*sentences)


def _explain_pool(node: Node, say: Speaker) -> str:
    source, out = write.shape(node.ins[0]), write.shape(node.out)
    match node.op:
        case MaxPool2d(kernel_size=k, stride=s, padding=p, ceil_mode=False):
            return say(
                "The {k}×{k} max pool with stride {stride} and padding {padding} keeps the largest of {values} values. "
                "The side becomes {sides}, so {source} becomes {out}. It has no parameters.",
                k=str(k),
                stride=str(s),
                padding=str(p),
                values=str(k * k),
                sides=say.listed(write.sides(node, k, s, p)),
                source=source,
                out=out,
            )
        case MaxPool2d(kernel_size=k, stride=s):
            return say(
                "The {k}×{k} max pool with stride {stride} and no padding rounds up, as Caffe did: {source} becomes "
                "{out}. It has no parameters.",
                k=str(k),
                stride=str(s),
                source=source,
                out=out,
            )
        case BlurPool2d(stride=s):
            return say(
                "A fixed 3×3 blur with stride {stride} does the subsampling (arXiv:1904.11486): {source} becomes "
                "{out}. It has no learned parameters.",
                stride=str(s),
                source=source,
                out=out,
            )
    return say(
        "A 2×2 average pool with stride 2 does the subsampling: {source} becomes {out}. It has no parameters.",
        source=source,
        out=out,
    )


def _explain_remaining(net: Outline, last: Node, say: Speaker) -> str:
    """How many positions the stem leaves to the stages, and its share of the MACs."""
    part = net.works["stem"]
    height, width = net.graph.input.shape[2:]
    rows, columns = last.out.shape[2:]
    share = text(part.macs / net.total.macs if net.total.macs else 0, "share")
    if (rows, columns) == (height, width):
        return say(
            "So the stem keeps all {positions} positions and drops nothing before the first stage. It takes {share} of "
            "the MACs.",
            positions=f"{rows}·{columns}",
            share=share,
        )
    remaining = say(
        "So the stem leaves {left} of {positions} positions, and every later layer is cheaper by the same factor.",
        left=f"{rows}·{columns}",
        positions=f"{height}·{width}",
    )
    cost = (
        say(
            "The stem takes {share} of the MACs, because the image has so few channels: {channels}.",
            share=share,
            channels=str(net.graph.input.shape[1]),
        )
        if len(net.spec.stem) == 1
        else say("The stem takes {share} of the MACs.", share=share)
    )
    return say.paragraph(remaining, cost)
