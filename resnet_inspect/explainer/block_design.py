"""How this net's blocks are built: the design that all of them share, with the numbers of one."""

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.outline import Outline, name_kind
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.report import Section
from resnet_inspect.resnet.choices import Split


def explain_design(net: Outline, say: Speaker) -> Section:
    """The design that all blocks of this net share, with the numbers of one block."""
    design = {"basic": _explain_basic_block}.get(net.spec.block, _explain_bottleneck)
    paragraphs = [
        _explain_split(net, net.spec.split, say) if net.spec.split else design(net, say),
        _explain_groups_or_width(net, say),
        _explain_order(net, say),
        _explain_group_norm(net, say),
        _explain_standardized_convolutions(net, say),
    ]
    paragraphs += [_explain_attention(net, say), _explain_antialiasing(net, say)]
    title = say("How its blocks are built: {name}", name=name_kind(net.usual, say))
    return Section("block", title, tuple(filter(None, paragraphs)))


def _explain_bottleneck(net: Outline, say: Speaker) -> str:
    kind = net.usual
    c, out = kind.source.shape[1], kind.out.shape[1]
    count = sum(write.count_weights(conv) for conv in kind.convs)
    return say(
        "A bottleneck is three convolutions: 1×1, 3×3, 1×1. The first brings the channels to the width, the 3×3 works "
        "at that width, and the last outputs expansion × planes, here {expansion}·{planes} = {out}. {block} goes {c} → "
        "{first} → {width} → {out} with {weights} = {count} weights. Two 3×3 with C = C_out = {out} would need "
        "2·3·3·{out}·{out} = {plain}.",
        expansion=str(net.spec.expansions[0]),
        planes=str(out // net.spec.expansions[0]),
        block=kind.path,
        c=str(c),
        first=str(kind.convs[0].out.shape[1]),
        width=str(kind.width),
        out=str(out),
        weights=" + ".join(write.kernel(conv) for conv in kind.convs),
        count=write.integer(count),
        plain=write.integer(2 * 9 * out * out),
    )


def _explain_basic_block(net: Outline, say: Speaker) -> str:
    kind = net.usual
    return say(
        "A basic block is two 3×3 convolutions; nothing narrows the channels between them. {block} goes {c} → {width} "
        "→ {out} with {weights} = {count} weights.",
        block=kind.path,
        c=str(kind.source.shape[1]),
        width=str(kind.width),
        out=str(kind.out.shape[1]),
        weights=" + ".join(write.kernel(conv) for conv in kind.convs),
        count=write.integer(sum(write.count_weights(conv) for conv in kind.convs)),
    )


def _explain_split(net: Outline, split: Split, say: Speaker) -> str:
    """What stands in for the 3×3, with the channels of each part."""
    kind = net.usual
    (conv, op), width = kind.spatial, str(kind.width)
    match split.kind:
        case "res2net":
            what = say(
                "Res2Net (arXiv:1904.01169) splits the {width} channels of the 3×3 into {parts} parts of {each}. Each "
                "part but the last goes through its own 3×3, summed with the part before. Where the shape changes, "
                "nothing is summed, and a pool takes the last part.",
                width=width,
                parts=str(split.parts),
                each=str(op.out_channels),
            )
        case "resnest":
            what = say(
                "ResNeSt (arXiv:2004.08955) runs its 3×3 {parts}-fold on the {width} channels: {conv} has "
                "groups={groups}. Two 1×1 on the means of their sum weigh the results against each other, channel by "
                "channel. A pool takes each stride.",
                width=width,
                parts=str(split.parts),
                groups=str(op.groups),
                conv=conv.name,
            )
        case "sk":
            what = say(
                "Selective kernels (arXiv:1903.06586): a 3×3 and a dilated 3×3 run side by side, each on {each} "
                "channels. Two 1×1 on the means of their sum weigh the results against each other, channel by channel.",
                each=str(op.in_channels),
            )
    cost = say(
        "{block} goes {c} → {out} channels with {count} parameters.",
        block=kind.path,
        c=str(kind.source.shape[1]),
        out=str(kind.out.shape[1]),
        count=write.integer(kind.params),
    )
    return say.paragraph(what, cost)


def _explain_groups_or_width(net: Outline, say: Speaker) -> str:
    """ResNeXt's groups or the wide ResNet's width; empty for a standard 3×3."""
    spec, (conv, op) = net.spec, net.usual.spatial
    if spec.split:
        return ""
    planes = spec.planes[0][-1]
    c, out = op.in_channels, op.out_channels
    if op.groups > 1:
        return say(
            "Its 3×3 has {groups} groups (ResNeXt, arXiv:1611.05431): each of the {out} output channels of {conv} "
            "reads only {each} of its {c} input channels. That takes 3·3·{each}·{out} = {count} weights; without "
            "groups it would take 3·3·{c}·{out} = {plain}.",
            groups=str(op.groups),
            out=str(out),
            conv=conv.name,
            each=str(c // op.groups),
            c=str(c),
            count=write.integer(write.count_weights(conv)),
            plain=write.integer(9 * c * out),
        )
    if spec.base_width != 64:
        return say(
            "The width of its 3×3 is {width}, where the standard ResNet has {planes} (wide ResNet, arXiv:1605.07146). "
            "C_out is still {out}.",
            width=str(c),
            planes=str(planes),
            out=str(net.usual.out.shape[1]),
        )
    return ""


def _explain_order(net: Outline, say: Speaker) -> str:
    if net.spec.norm == "none":
        return (
            say(
                "There is no normalisation. ReLU follows each of the {count} convolutions except the last, and it "
                "follows the sum.",
                count=str(len(net.usual.convs)),
            )
            if net.spec.order == "post"
            else say(
                "There is no normalisation. ReLU comes before each of the {count} convolutions.",
                count=str(len(net.usual.convs)),
            )
        )
    if net.spec.order == "pyramid":
        return say(
            "PyramidNet (arXiv:1610.02915): normalisation comes before each of the {count} convolutions and after the "
            "last one, ReLU before each but the first. Nothing follows the sum.",
            count=str(len(net.usual.convs)),
        )
    if net.spec.order == "pre":
        return say(
            "Pre-activation (arXiv:1603.05027): normalisation and ReLU come before each of the {count} convolutions, "
            "and nothing follows the sum. So x reaches the last sum through additions alone. The exception is a "
            "shortcut that changes the shape: it reads x after the first normalisation and ReLU.",
            count=str(len(net.usual.convs)),
        )
    return say(
        "Normalisation follows each of the {count} convolutions, and ReLU follows each except the last. The last ReLU "
        "comes after the sum, because a ReLU on F(x) would let it only increase x.",
        count=str(len(net.usual.convs)),
    )


def _explain_standardized_convolutions(net: Outline, say: Speaker) -> str:
    if net.spec.conv == "plain":
        return ""
    if net.spec.conv == "standardized":
        return say(
            "Each convolution standardizes its weight in each call: every output channel's weights get mean 0 and "
            "variance 1 (arXiv:1903.10520). That adds no parameter and no MAC."
        )
    return say(
        "In place of norms, each convolution standardizes its weight and multiplies it by a learned gain, one per "
        "output channel (NF-ResNet, arXiv:2101.08692). Fixed numbers scale what F reads and F(x) itself."
    )


def _explain_group_norm(net: Outline, say: Speaker) -> str:
    if net.spec.norm != "gn":
        return ""
    channels = net.usual.width
    return say(
        "The normalisation is group norm (arXiv:1803.08494). In {block} its 32 groups are {channels} / 32 = {each} "
        "wide. It normalises each group within one image, so the result does not depend on the batch. Like batch "
        "norm, it has 2 parameters per channel.",
        channels=str(channels),
        each=str(channels // 32),
        block=net.usual.path,
    )


def _explain_attention(net: Outline, say: Speaker) -> str:
    attention, kind = net.spec.attention, net.usual
    if attention is None:
        return ""
    nodes = {node.module: node for node in kind.attention if node.params}
    params = write.integer(sum(node.params for node in nodes.values()))
    channels = str(kind.attention[-1].out.shape[1])
    where = say("F(x) before the sum") if net.spec.attention_on == "residual" else say("the output of the 3×3")
    first = next(iter(nodes.values()))
    match attention.kind:
        case "se":
            return say(
                "Squeeze-and-excitation (arXiv:1709.01507) scales {where}. The means of its "
                "channels pass through {channels} → {hidden} → {channels} and a sigmoid. Each channel is then "
                "multiplied by its own result. In {block} this takes {params} parameters.",
                where=where,
                channels=channels,
                hidden=str(first.out.shape[1]),
                block=kind.path,
                params=params,
            )
        case "eca":
            return say(
                "Efficient channel attention (arXiv:1910.03151) scales {where}. A 1-D convolution runs "
                "over the means of its channels, and a sigmoid follows. Each channel is then multiplied by its own "
                "result. In {block} this takes {params} parameters.",
                where=where,
                block=kind.path,
                params=params,
            )
        case "dia":
            return say(
                "Dense-and-implicit attention (arXiv:1905.10671) scales {where}. An LSTM reads the means of its "
                "{channels} channels, and each channel is then multiplied by its own output. Its state goes on to the "
                "stage's next block. The blocks of a stage share its {params} parameters.",
                where=where,
                channels=channels,
                params=params,
            )
        case "gc":
            return say(
                "Global context (arXiv:1904.11492) scales {where}. A 1×1 and a softmax weigh the positions, and the "
                "weighted mean of the {channels} channels passes through {channels} → {hidden} → {channels} and a "
                "sigmoid. Each channel is then multiplied by its own result. In {block} this takes {params} "
                "parameters.",
                where=where,
                channels=channels,
                hidden=str(next(node for node in nodes.values() if node.kind == "GroupNorm").out.shape[1]),
                block=kind.path,
                params=params,
            )
        case "cbam":
            return say(
                "CBAM (arXiv:1807.06521) scales {where}. It first weighs the channels, by "
                "{channels} → {hidden} → {channels} on their means and maxima. It then weighs the positions, by a 7×7 "
                "on the mean and the maximum over channels. In {block} this takes {params} parameters.",
                where=where,
                channels=channels,
                hidden=str(first.out.shape[1]),
                block=kind.path,
                params=params,
            )


def _explain_antialiasing(net: Outline, say: Speaker) -> str:
    if net.spec.antialias is None:
        return ""
    strided = [kind for kinds in net.kinds.values() for kind in kinds if kind.stride > 1]
    if not strided:
        return ""
    kind = strided[0]
    conv, _ = kind.spatial
    return say(
        "Antialiasing: where a block has a stride, its 3×3 runs at stride 1 and a separate pool subsamples after it. "
        "So {conv} outputs {out} and takes {macs} MACs, {times} times what it would take with the stride.",
        conv=conv.name,
        out=write.shape(conv.out),
        macs=write.integer(conv.macs),
        times=str(kind.stride**2),
    )
