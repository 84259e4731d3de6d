"""How this net's blocks are made: the design that all of them share, on the numbers of one."""

from resnet_inspect.explainer import arithmetic as a
from resnet_inspect.explainer.net import Net, named
from resnet_inspect.explainer.speech import Voice
from resnet_inspect.report import Section


def block(net: Net, say: Voice) -> Section:
    """The design that all blocks of this net share, on the numbers of one."""
    design = {"bottleneck": _bottleneck, "basic": _basic}[net.spec.block]
    paragraphs = [design(net, say), _grouped(net, say), _order(net, say), _norm(net, say)]
    paragraphs += [_attention(net, say), _antialias(net, say)]
    title = say("How its blocks are made: {name}", name=named(net.usual, say))
    return Section("block", title, tuple(filter(None, paragraphs)))


def _bottleneck(net: Net, say: Voice) -> str:
    kind = net.usual
    c, out = kind.source.shape[1], kind.out.shape[1]
    count = sum(a.weight_count(conv) for conv in kind.convs)
    return say(
        "A bottleneck is 1×1, 3×3, 1×1: the first brings the channels to the width, the 3×3 works there, the last "
        "expands to 4 times the stage's planes, here 4·{planes} = {out}. {block} goes {c} → {width} → {width} → "
        "{out}, for {weights} = {count} weights; two 3×3 on {out} channels would have 2·3·3·{out}·{out} = {plain}.",
        planes=str(out // net.spec.expansion),
        block=kind.path,
        c=str(c),
        width=str(kind.width),
        out=str(out),
        weights=" + ".join(a.kernel(conv) for conv in kind.convs),
        count=a.integer(count),
        plain=a.integer(2 * 9 * out * out),
    )


def _basic(net: Net, say: Voice) -> str:
    kind = net.usual
    return say(
        "A basic block is two 3×3 convolutions, with nothing to narrow the channels between. {block} goes {c} → "
        "{width} → {out}, for {weights} = {count} weights.",
        block=kind.path,
        c=str(kind.source.shape[1]),
        width=str(kind.width),
        out=str(kind.out.shape[1]),
        weights=" + ".join(a.kernel(conv) for conv in kind.convs),
        count=a.integer(sum(a.weight_count(conv) for conv in kind.convs)),
    )


def _grouped(net: Net, say: Voice) -> str:
    """ResNeXt's groups and the wide net's width."""
    spec, (conv, op) = net.spec, net.usual.spatial
    planes = spec.planes[0][-1]
    c, out = op.in_channels, op.out_channels
    if spec.groups > 1:
        return say(
            "Its 3×3 has {groups} groups (ResNeXt, arXiv:1611.05431): each of the {out} channels that leave {conv} "
            "reads {each} of the {c} that enter it. That takes 3·3·{each}·{out} = {count} weights; without groups it "
            "would be 3·3·{c}·{out} = {plain}.",
            groups=str(spec.groups),
            out=str(out),
            conv=conv.name,
            each=str(c // spec.groups),
            c=str(c),
            count=a.integer(a.weight_count(conv)),
            plain=a.integer(9 * c * out),
        )
    if spec.base_width != 64:
        return say(
            "Its 3×3 is {width} channels wide where the plain net has {planes} (wide ResNet, arXiv:1605.07146); what "
            "goes out stays at {out}.",
            width=str(c),
            planes=str(planes),
            out=str(net.usual.out.shape[1]),
        )
    return ""


def _order(net: Net, say: Voice) -> str:
    if net.spec.norm == "none":
        return (
            say(
                "There is no normalisation; ReLU follows each of the {count} convolutions but the last, and the sum.",
                count=str(len(net.usual.convs)),
            )
            if net.spec.order == "post"
            else say(
                "There is no normalisation; ReLU stands before each of the {count} convolutions.",
                count=str(len(net.usual.convs)),
            )
        )
    if net.spec.order == "pre":
        return say(
            "Pre-activation (arXiv:1603.05027): normalisation and ReLU stand before each of the {count} convolutions, "
            "and nothing after the sum. So x reaches the last of the {blocks} sums by additions alone, but where a "
            "shortcut changes the shape: there it reads x after the first normalisation and ReLU.",
            count=str(len(net.usual.convs)),
            blocks=str(net.blocks),
        )
    return say(
        "Normalisation follows each of the {count} convolutions, ReLU all but the last: that one waits until after "
        "the sum, or F(x) could only ever raise x.",
        count=str(len(net.usual.convs)),
    )


def _norm(net: Net, say: Voice) -> str:
    if net.spec.norm != "gn":
        return ""
    channels = net.usual.width
    return say(
        "The normalisation is group norm (arXiv:1803.08494): 32 groups of {channels} / 32 = {each} channels in "
        "{block}, each normalised inside one image, so that the result does not depend on the batch. Its parameters "
        "are those of batch norm, 2 a channel.",
        channels=str(channels),
        each=str(channels // 32),
        block=net.usual.path,
    )


def _attention(net: Net, say: Voice) -> str:
    attention, kind = net.spec.attention, net.usual
    if attention is None:
        return ""
    nodes = {node.module: node for node in kind.attention if node.params}
    params = a.integer(sum(node.params for node in nodes.values()))
    channels = str(kind.out.shape[1])
    first = next(iter(nodes.values()))
    match attention.kind:
        case "se":
            return say(
                "Squeeze-and-excitation (arXiv:1709.01507) weighs F(x) before the sum: the means of its {channels} "
                "channels go through {channels} → {hidden} → {channels} and a sigmoid, and each channel is multiplied "
                "by its own result. In {block} this takes {params} parameters.",
                channels=channels,
                hidden=str(first.out.shape[1]),
                block=kind.path,
                params=params,
            )
        case "eca":
            return say(
                "Efficient channel attention (arXiv:1910.03151) weighs F(x) before the sum: one 1-D convolution runs "
                "over the means of its {channels} channels, then a sigmoid, and each channel is multiplied by its own "
                "result. In {block} this takes {params} parameters.",
                channels=channels,
                block=kind.path,
                params=params,
            )
        case "cbam":
            return say(
                "CBAM (arXiv:1807.06521) weighs F(x) before the sum, first its {channels} channels ({channels} → "
                "{hidden} → {channels}, on their means and maxima), then its positions (a 7×7 on the mean and the "
                "maximum over channels). In {block} this takes {params} parameters.",
                channels=channels,
                hidden=str(first.out.shape[1]),
                block=kind.path,
                params=params,
            )


def _antialias(net: Net, say: Voice) -> str:
    if net.spec.antialias is None:
        return ""
    strided = [kind for kinds in net.kinds.values() for kind in kinds if kind.stride > 1]
    if not strided:
        return ""
    kind = strided[0]
    conv, _ = kind.spatial
    return say(
        "Antialiasing: where a block has a stride, its 3×3 runs at stride 1 and a pool of its own subsamples after "
        "it. {conv} so leaves {out} and takes {macs} MACs, {times} times what it would with the stride.",
        conv=conv.name,
        out=a.shape(conv.out),
        macs=a.integer(conv.macs),
        times=str(kind.stride**2),
    )
