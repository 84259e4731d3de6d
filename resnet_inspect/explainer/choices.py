"""The choices behind a net, each with what the other choice would cost: bias, stride, dilation, and what a FLOP is."""

from dataclasses import replace
from itertools import pairwise

from resnet_inspect.explainer import arithmetic as a
from resnet_inspect.explainer.net import Net
from resnet_inspect.explainer.speech import Voice
from resnet_inspect.graph import Node
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import BatchNorm2d
from resnet_inspect.report import Section
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.units import giga, text


def bias(net: Net, say: Voice) -> Section | None:
    """Why a convolution before a normalisation carries no bias, or what it wastes if it does; None without norms."""
    if net.spec.norm == "none":
        return None
    if net.spec.norm == "gn":
        return _beside_group_norm(net, say)
    normed = _normed(net)
    biased = [conv for conv, op in normed if op.bias]
    paragraphs = [_wasted(biased, say) if biased else _saved([conv for conv, _ in normed], say)]
    if net.spec.order == "pre":
        paragraphs.append(
            say(
                "The last convolution of each of the {blocks} blocks feeds the sum, not a normalisation. But the next "
                "block, or the head, begins with a normalisation, which removes what a bias would add to the sum.",
                blocks=str(net.blocks),
            )
            if net.spec.has_final_norm
            else say(
                "The last convolution of each of the {blocks} blocks feeds the sum, not a normalisation. In this net "
                "no normalisation follows the last sum.",
                blocks=str(net.blocks),
            )
        )
    if gates := {node.module for node in net.usual.attention if isinstance(node.op, Conv2d | Linear) and node.op.bias}:
        paragraphs.append(
            say(
                "{gates} in the attention do carry a bias: no normalisation follows them.",
                gates=say.listed(sorted(gates)),
            )
        )
    title = say("Why the convolutions have no bias") if not biased else say("A bias that batch normalisation cancels")
    return Section("bias", title, tuple(paragraphs))


def _beside_group_norm(net: Net, say: Voice) -> Section:
    channels = net.usual.width
    return Section(
        "bias",
        say("Bias and group norm"),
        (
            say(
                "Group norm subtracts the mean of a group ({each} of {channels} channels in {block}) and then adds one "
                "shift per channel. Unlike batch normalisation, it does not fully cancel a bias before it. But the "
                "{channels} shifts leave the bias little to do.",
                each=str(channels // 32),
                channels=str(channels),
                block=net.usual.path,
            ),
        ),
    )


def _saved(convs: list[Node], say: Voice) -> str:
    return say(
        "Convolutions directly before batch normalisation: {count}, all without a bias. Batch normalisation subtracts "
        "each channel's mean, and with it anything that a bias added to the whole channel. Its own shift then does "
        "what a bias would do. A bias in {conv} would be {channels} parameters without effect; one in each would be "
        "{wasted}.",
        count=str(len(convs)),
        conv=convs[0].name,
        channels=str(convs[0].out.shape[1]),
        wasted=a.integer(_channels(convs)),
    )


def _wasted(convs: list[Node], say: Voice) -> str:
    return say(
        "Convolutions with a bias directly before batch normalisation: {count}. The normalisation subtracts each "
        "channel's mean, and the bias with it, then adds a shift of its own. So {wasted} parameters here have no "
        "effect on the output.",
        count=str(len(convs)),
        wasted=a.integer(_channels(convs)),
    )


def _channels(convs: list[Node]) -> int:
    return sum(conv.out.shape[1] for conv in convs)


def _normed(net: Net) -> list[tuple[Node, Conv2d]]:
    """The convolutions that a batch normalisation reads at once, attention apart."""
    return [
        (node, node.op)
        for place, (node, after) in enumerate(pairwise(net.graph.nodes))
        if isinstance(node.op, Conv2d)
        and isinstance(after.op, BatchNorm2d)
        and after.inputs == (place,)
        and ".se." not in node.name
    ]


def v15(net: Net, say: Voice) -> Section | None:
    """Where a bottleneck's stride stands, and what that costs; None where there is no such choice."""
    spec = net.spec
    if not any(kind.stride > 1 for kinds in net.kinds.values() for kind in kinds):
        return None
    title = say("v1 and v1.5")
    if spec.block == "basic":
        told = say(
            "v1 and v1.5 differ in which convolution of a bottleneck has the stride. Basic blocks have no 1×1 that "
            "could take it. So this net, with {blocks} basic blocks, is the same in both.",
            blocks=str(net.blocks),
        )
        return Section("v1.5", title, (told,))
    if spec.antialias:
        return None
    other = _macs(net, replace(spec, stride_on="3x3" if spec.stride_on == "1x1" else "1x1"))
    if other == net.total.macs:
        return None
    strided = next(kind for kinds in net.kinds.values() for kind in kinds if kind.stride > 1)
    values = {
        "block": strided.path,
        "stride": str(strided.stride),
        "macs": a.integer(net.total.macs),
        "other": a.integer(other),
        "more": a.integer(abs(net.total.macs - other)),
        "share": text(abs(net.total.macs - other) / net.total.macs, "share"),
        "positions": str(strided.stride**2),
    }
    if spec.stride_on == "3x3":
        where = say(
            "In {block} the 3×3 has the stride of {stride}: this is v1.5, the version in torchvision and timm. The "
            "paper's v1 has the stride in the first 1×1, which then reads one position in {positions} and drops the "
            "others.",
            **values,
        )
        cost = say(
            "As v1 this net would take {other} MACs instead of {macs}: {more} ({share}) fewer, with the same "
            "parameters. It would be cheaper because conv1 of these blocks would run after the subsampling.",
            **values,
        )
    else:
        where = say(
            "In {block} the first 1×1 has the stride of {stride}: this is the paper's v1. That 1×1 reads one position "
            "in {positions} and drops the others. v1.5, the version in torchvision and timm, has the stride in the "
            "3×3.",
            **values,
        )
        cost = say(
            "As v1.5 this net would take {other} MACs instead of {macs}: {more} ({share}) more, with the same "
            "parameters. It would cost more because conv1 of these blocks would run before the subsampling.",
            **values,
        )
    return Section("v1.5", title, (where, cost))


def dilation(net: Net, say: Voice) -> Section | None:
    """What keeping the resolution costs; None where no stride became dilation."""
    spec = net.spec
    plain = replace(spec, output_stride=None)
    if spec.output_stride is None or (other := _macs(net, plain)) == net.total.macs:
        return None
    last = next(reversed(net.kinds.values()))[-1]
    return Section(
        "dilation",
        say("What the output stride costs"),
        (
            say(
                "With output_stride={output_stride} the last map is {map}, a resolution for segmentation. The "
                "parameters stay at {params}, but each weight is used at more positions: {macs} MACs instead of "
                "{other}, {times}.",
                output_stride=str(spec.output_stride),
                map=text(last.out.shape[2:], "shape"),
                params=a.integer(net.total.params),
                macs=a.integer(net.total.macs),
                other=a.integer(other),
                times=text(net.total.macs / other, "ratio"),
            ),
        ),
    )


def flops(net: Net, say: Voice) -> Section:
    """MACs against FLOPs, the factor of 2 that tables disagree by."""
    macs = net.total.macs
    told = say(
        "A MAC is one multiplication and one addition, so 2 FLOPs. {macs} MACs are 2·{macs} = {flops} FLOPs: "
        "{giga_macs} GMACs or {giga_flops} GFLOPs.",
        macs=a.integer(macs),
        flops=a.integer(2 * macs),
        giga_macs=giga(macs),
        giga_flops=giga(2 * macs),
    )
    papers = say(
        "Papers call the first number FLOPs: the ResNet paper's 3.8·10⁹ for ResNet-50 counts multiply-adds, and counts "
        "them for v1. torchvision and timm print the first number too, as GFLOPS and GMACs; torch's FlopCounterMode "
        "gives the second. Before you compare a table with {giga_macs}, ask which of the two it shows.",
        giga_macs=giga(macs),
    )
    return Section(
        "flops",
        say("{giga_macs} or {giga_flops} GFLOPs?", giga_macs=giga(macs), giga_flops=giga(2 * macs)),
        (told, papers),
    )


def _macs(net: Net, spec: ResNetSpec) -> int:
    shape = net.graph.input.shape
    return work_of(lower(spec, net.graph.name, (shape[0], shape[1], shape[2], shape[3]))).macs
