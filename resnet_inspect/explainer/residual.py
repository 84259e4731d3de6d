"""The idea of a residual block, and what the shortcuts of this net cost."""

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.outline import Outline
from resnet_inspect.explainer.overview import count_layers
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.report import Section
from resnet_inspect.units import text


def explain_residual(net: Outline, say: Speaker) -> Section:
    """F(x) + x, the degradation that it cures (He et al. 2015, arXiv:1512.03385), and the cost of the shortcuts."""
    after = say("and nothing follows the sum") if net.spec.order != "post" else say("and ReLU follows the sum")
    idea = say(
        "Every residual block computes F(x) + x. The residual path F is a few convolutions, the shortcut carries x "
        "past them, {after}. To add nothing, a block only needs F(x) = 0.",
        after=after,
    )
    degradation = say(
        "Residual blocks cure degradation: without shortcuts, more layers made a net worse. They did so on the "
        "training images too, so the cause was not overfitting. On CIFAR-10, 56 plain layers did worse than 20 (He et "
        "al. 2015, figure 1). On ImageNet, 34 plain layers had a top-1 error of 28.54%, and 18 had 27.94%. With "
        "shortcuts the errors were 25.03% and 27.88% (table 2). Depth pays again, here for {layers} layers.",
        layers=str(count_layers(net)),
    )
    return Section("residual", say("What a residual block adds"), (idea, degradation, _explain_shortcuts(net, say)))


def _explain_shortcuts(net: Outline, say: Speaker) -> str:
    """How many shortcuts are identities, projections and zero-padded, and what they cost."""
    projecting = [kind for kinds in net.kinds.values() for kind in kinds if kind.projects]
    count = sum(len(kind.places) for kind in projecting)
    padded = sum(
        len(kind.places) for kinds in net.kinds.values() for kind in kinds if kind.shortcut and not kind.projects
    )
    identity = net.blocks - count - padded
    params = sum(
        len(kind.places) * node.params for kind in projecting for node in kind.shortcut if isinstance(node.op, Conv2d)
    )
    macs = sum(len(kind.places) * node.macs for kind in projecting for node in kind.shortcut)
    cost = {
        "count": str(count),
        "params": write.integer(params),
        "share": text(params / net.total.params, "share"),
        "macs": write.integer(macs),
        "macs_share": text(macs / net.total.macs, "share"),
    }
    sentences = [say("Identity shortcuts: {count}; they cost nothing.", count=str(identity)) if identity else ""]
    if net.spec.shortcut == "C":
        sentences.append(
            say(
                "Projections: {count}, by a 1×1 convolution in every shortcut (the paper's option C). In all they take "
                "{params} parameters ({share}) and {macs} MACs ({macs_share}).",
                **cost,
            )
        )
    elif count:
        sentences.append(
            say(
                "Projections: {count}, with a 1×1 convolution where the two shapes differ. In all they take {params} "
                "parameters ({share}) and {macs} MACs ({macs_share}).",
                **cost,
            )
        )
    if padded:
        sentences.append(
            say(
                "Zero-padded shortcuts: {count} (the paper's option A). They subsample x, fill the new channels with "
                "zeros, and have 0 parameters.",
                count=str(padded),
            )
        )
    if count and net.spec.shortcut == "D":
        sentences.append(
            say(
                "The projections follow ResNet-D (arXiv:1812.01187): a 2×2 average comes before the 1×1, so at stride "
                "2 it reads all 4 values."
            )
        )
    return say.paragraph(*sentences)
