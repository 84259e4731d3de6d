"""Why a convolution before a normalisation carries no bias."""

from itertools import pairwise

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.outline import Outline
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.graph import Node
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.graph.ops.pointwise import BatchNorm2d
from resnet_inspect.report import Section


def explain_bias(net: Outline, say: Speaker) -> Section | None:
    """Why a convolution before a normalisation needs no bias, or what its bias wastes; None for a net without norms."""
    if net.spec.norm == "none":
        return None
    if net.spec.norm == "gn":
        return _explain_group_norm(net, say)
    normalised = _find_normalised(net)
    biased = [conv for conv, op in normalised if op.bias]
    paragraphs = [_explain_waste(biased, say) if biased else _explain_absence([conv for conv, _ in normalised], say)]
    if net.spec.order != "post":
        paragraphs.append(
            say(
                "The last convolution of each block feeds the sum, not a normalisation. But the next block, or the "
                "head, begins with a normalisation, which removes what a bias would add to the sum."
            )
            if net.spec.has_final_norm
            else say(
                "The last convolution of each block feeds the sum, not a normalisation. In this net no normalisation "
                "follows the last sum."
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


def _explain_group_norm(net: Outline, say: Speaker) -> Section:
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


def _explain_absence(convs: list[Node], say: Speaker) -> str:
    return say(
        "Convolutions directly before batch normalisation: {count}, all without a bias. Batch normalisation subtracts "
        "each channel's mean, and with it anything that a bias added to the whole channel. Its own shift then does "
        "what a bias would do. Parameters without effect that biases would add: {channels} in {conv}, {wasted} in "
        "all.",
        count=str(len(convs)),
        conv=convs[0].name,
        channels=str(convs[0].out.shape[1]),
        wasted=write.integer(_count_channels(convs)),
    )


def _explain_waste(convs: list[Node], say: Speaker) -> str:
    return say(
        "Convolutions with a bias directly before batch normalisation: {count}. The normalisation subtracts each "
        "channel's mean, and the bias with it, then adds a shift of its own. So {wasted} parameters here have no "
        "effect on the output.",
        count=str(len(convs)),
        wasted=write.integer(_count_channels(convs)),
    )


def _count_channels(convs: list[Node]) -> int:
    return sum(conv.out.shape[1] for conv in convs)


def _find_normalised(net: Outline) -> list[tuple[Node, Conv2d]]:
    """The convolutions whose output goes straight into batch normalisation, outside attention modules."""
    return [
        (node, node.op)
        for position, (node, following) in enumerate(pairwise(net.graph.nodes))
        if isinstance(node.op, Conv2d)
        and isinstance(following.op, BatchNorm2d)
        and following.inputs == (position,)
        and ".se." not in node.name
    ]
