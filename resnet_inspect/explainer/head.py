"""The head: final norm, global pool, classifier."""

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.outline import Outline, norm_channels
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.graph import Node
from resnet_inspect.graph.ops.linear import Conv2d, Linear
from resnet_inspect.report import Section
from resnet_inspect.units import text


def explain_head(net: Outline, say: Speaker) -> Section:
    """How the last map becomes class scores, and what that costs."""
    nodes = net.nodes("head")
    pool = next(i for i, node in enumerate(nodes) if node.kind == "AdaptiveAvgPool2d")
    features = [node for node in nodes[:pool] if isinstance(node.op, Conv2d)]
    before_features = nodes[: nodes.index(features[0])] if features else nodes[:pool]
    source = nodes[0].ins[0]
    paragraphs = []
    if final := norm_channels(before_features):
        paragraphs.append(
            say(
                "Neither normalisation nor ReLU has followed the last sum yet, so both come here: {worked} parameters.",
                worked=write.scales_and_shifts(final),
            )
            if net.spec.order != "post"
            else say(
                "Normalisation and ReLU follow the last sum: {worked} parameters.",
                worked=write.scales_and_shifts(final),
            )
        )
    paragraphs += [_explain_features(node, say) for node in features]
    channels, (rows, columns) = nodes[pool].ins[0].shape[1], nodes[pool].ins[0].shape[2:]
    paragraphs.append(
        say(
            "The global average pool takes the mean of each {height}×{width} map: {source} becomes one number per "
            "channel, {channels} in all. It has no parameters and accepts maps of any size. So the net also accepts "
            "images of other sizes than {image}.",
            height=str(rows),
            width=str(columns),
            source=write.shape(nodes[pool].ins[0]),
            channels=write.integer(channels),
            image=write.shape(net.graph.input),
        )
    )
    for node in nodes[pool:]:
        if node.module == "hidden":
            paragraphs.append(_explain_hidden(node, norm_channels(nodes[pool:]), say))
        elif isinstance(node.op, Conv2d | Linear):
            paragraphs.append(_explain_classifier(net, node, say))
    if not net.spec.num_classes:
        paragraphs.append(
            say("No classifier follows (num_classes=0): these numbers are the features that another net builds on.")
        )
    title = say("The head: {source} → {out}", source=write.shape(source), out=write.shape(net.graph.output))
    return Section("head", title, tuple(paragraphs))


def _explain_features(node: Node, say: Speaker) -> str:
    return say(
        "{conv} is a 1×1 convolution to {channels} channels, and normalisation and ReLU follow: {weights} = {params} "
        "weights.",
        conv=node.name,
        channels=write.integer(node.out.shape[1]),
        weights=write.weights(node),
        params=write.integer(node.params),
    )


def _explain_hidden(node: Node, norms: list[int], say: Speaker) -> str:
    layer = say(
        "{layer} is a fully connected layer to {channels} features, and ReLU follows: {weights} = {params} parameters.",
        layer=node.name,
        channels=write.integer(node.out.shape[1]),
        weights=write.weights(node),
        params=write.integer(node.params),
    )
    if not norms:
        return layer
    worked = write.scales_and_shifts(norms)
    return say.paragraph(layer, say("Normalisation comes before it: {worked} parameters.", worked=worked))


def _explain_classifier(net: Outline, node: Node, say: Speaker) -> str:
    layer = (
        say("fc is a 1×1 convolution on the pooled map, which equals a fully connected layer")
        if isinstance(node.op, Conv2d)
        else say("fc is a fully connected layer")
    )
    return say(
        "{what}: {weights} = {params} parameters, one weight from each feature to each class, and one bias per "
        "class. These are {share} of all parameters and {macs_share} of the MACs "
        "({macs}): each weight is used once here, not at every position of a map.",
        what=layer,
        weights=write.weights(node),
        params=write.integer(node.params),
        share=text(node.params / net.total.params, "share"),
        macs_share=text(node.macs / net.total.macs, "share"),
        macs=write.integer(node.macs),
    )
