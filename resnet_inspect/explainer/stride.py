"""Where the strides are and what they cost: v1 against v1.5, and dilation in place of a stride."""

from dataclasses import replace

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.outline import Outline
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.report import Section
from resnet_inspect.resnet.lower import lower
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.units import text


def explain_stride_placement(net: Outline, say: Speaker) -> Section | None:
    """Which convolution of a bottleneck has the stride, and the MACs of the other choice; None without a choice."""
    spec = net.spec
    if not any(kind.stride > 1 for kinds in net.kinds.values() for kind in kinds):
        return None
    title = say("v1 and v1.5")
    if spec.block == "basic":
        no_choice = say(
            "v1 and v1.5 differ in which convolution of a bottleneck has the stride. Basic blocks have no 1×1 that "
            "could take it. So this net is the same in both."
        )
        return Section("v1.5", title, (no_choice,))
    if spec.block != "bottleneck" or spec.order == "pyramid" or spec.antialias or spec.split:
        return None
    other_macs = _count_macs(net, replace(spec, stride_on="3x3" if spec.stride_on == "1x1" else "1x1"))
    if other_macs == net.total.macs:
        return None
    strided = next(kind for kinds in net.kinds.values() for kind in kinds if kind.stride > 1)
    values = {
        "block": strided.path,
        "stride": str(strided.stride),
        "macs": write.integer(net.total.macs),
        "other": write.integer(other_macs),
        "more": write.integer(abs(net.total.macs - other_macs)),
        "share": text(abs(net.total.macs - other_macs) / net.total.macs, "share"),
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


def explain_dilation(net: Outline, say: Speaker) -> Section | None:
    """The MACs that a finer output stride costs; None where no stride became dilation."""
    spec = net.spec
    plain = replace(spec, output_stride=None)
    if spec.output_stride is None or (other_macs := _count_macs(net, plain)) == net.total.macs:
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
                params=write.integer(net.total.params),
                macs=write.integer(net.total.macs),
                other=write.integer(other_macs),
                times=text(net.total.macs / other_macs, "ratio"),
            ),
        ),
    )


def _count_macs(net: Outline, spec: ResNetSpec) -> int:
    shape = net.graph.input.shape
    return work_of(lower(spec, net.graph.name, (shape[0], shape[1], shape[2], shape[3]))).macs
