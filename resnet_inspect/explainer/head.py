"""The head: final norm, global pool, classifier."""

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.outline import Outline, norm_channels
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.graph import Node
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.report import Section
from resnet_inspect.units import text


def explain_head(net: Outline, say: Speaker) -> Section:
    """How the last map becomes class scores, and what that costs."""
    nodes = net.nodes("head")
    attends = net.spec.head == "attention"
    pool = next(i for i, node in enumerate(nodes) if node.kind == ("Reshape" if attends else "AdaptiveAvgPool2d"))
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
    paragraphs.append((_explain_attention if attends else _explain_pool)(net, nodes[pool], say))
    for node in nodes[pool:]:
        if node.module == "hidden":
            paragraphs.append(_explain_hidden(node, norm_channels(nodes[pool:]), say))
        elif node.module == "fc":
            paragraphs.append(_explain_classifier(net, node, say))
        elif node.module == "attnpool.c_proj":
            paragraphs.append(_explain_projection(node, say))
    if not net.spec.num_classes:
        paragraphs.append(
            say("No classifier follows (num_classes=0): these numbers are the features that another net builds on.")
        )
    title = say("The head: {source} → {out}", source=write.shape(source), out=write.shape(net.graph.output))
    return Section("head", title, tuple(paragraphs))


def _explain_features(node: Node, say: Speaker) -> str:
    assert isinstance(node.op, Conv2d)
    return say(
        "{conv} is a {k}×{k} convolution to {channels} channels, and normalisation and ReLU follow: {weights} = "
        "{params} weights.",
        conv=node.name,
        k=str(node.op.kernel_size),
        channels=write.integer(node.out.shape[1]),
        weights=write.weights(node),
        params=write.integer(node.params),
    )


def _explain_pool(net: Outline, node: Node, say: Speaker) -> str:
    channels, *sides = node.ins[0].shape[1:]
    return say(
        "The global average pool takes the mean of each {height}×{width} map: {source} becomes one number per "
        "channel, {channels} in all. It has no parameters and accepts maps of any size. So the net also accepts "
        "images of other sizes than {image}.",
        height=str(sides[0]),
        width=str(sides[1]),
        source=write.shape(node.ins[0]),
        channels=write.integer(channels),
        image=write.shape(net.graph.input),
    )


def _explain_attention(net: Outline, node: Node, say: Speaker) -> str:
    """CLIP's attention in place of a pool, from its first call on."""
    nodes = {each.module.removeprefix("attnpool."): each for each in net.nodes("head")}
    products = next(each for each in net.nodes("head") if each.kind == "ScaledDotProductAttention")
    _, heads, rows, width = products.out.shape
    return say.paragraph(
        say(
            "Attention stands in for the global pool (CLIP, arXiv:2103.00020). The {positions} positions of {source} "
            "and their mean are {rows} rows, to which learned embeddings are added: {embeddings} parameters. They "
            "belong to images of one size, here {image}.",
            positions=str(rows - 1),
            source=write.shape(node.ins[0]),
            rows=str(rows),
            embeddings=write.integer(nodes["positions"].params),
            image=write.shape(net.graph.input),
        ),
        say(
            "Queries, keys and values are a fully connected layer each: {weights} = {params} parameters and {macs} "
            "MACs. In {heads} heads of {width} channels, each row takes the values of the rows that its query fits. "
            "These {products} products have no learned weight. The mean's row goes on as the features.",
            weights=write.weights(nodes["q_proj"]),
            params=write.integer(nodes["q_proj"].params),
            macs=write.integer(nodes["q_proj"].macs),
            heads=str(heads),
            width=str(width),
            products=write.integer(products.macs_without_weights),
        ),
    )


def _explain_projection(node: Node, say: Speaker) -> str:
    return say(
        "{layer} is a fully connected layer from each row to {classes} numbers: {weights} = {params} parameters and "
        "{macs} MACs.",
        layer=node.name,
        classes=write.integer(node.out.shape[-1]),
        weights=write.weights(node),
        params=write.integer(node.params),
        macs=write.integer(node.macs),
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
