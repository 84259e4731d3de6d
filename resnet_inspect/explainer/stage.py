"""A stage: what it does to the map, each kind of block once, and their sum."""

from resnet_inspect.explainer import arithmetic as write
from resnet_inspect.explainer.block_paths import explain_kind
from resnet_inspect.explainer.outline import BlockKind, Outline
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.graph.facts.blocks import alias
from resnet_inspect.graph.ops.linear import Conv2d
from resnet_inspect.report import Section
from resnet_inspect.units import text


def explain_stages(net: Outline, say: Speaker) -> list[Section]:
    """For each stage: its purpose, a section for each kind of block, and their sum."""
    sections = []
    for place, (stage, kinds) in enumerate(net.kinds.items(), start=1):
        sections.append(_introduce(net, stage, place, kinds, say))
        sections += [explain_kind(net, kind, say) for kind in kinds]
        sections.append(_add_up(net, stage, place, kinds, say))
    return sections


def _introduce(net: Outline, stage: str, place: int, kinds: list[BlockKind], say: Speaker) -> Section:
    source, out = kinds[0].source, kinds[-1].out
    title = say(
        "Stage {place} ({stage}, {paper} in the paper): {source} → {out}",
        place=str(place),
        stage=stage,
        paper=alias(stage) or stage,
        source=write.shape(source),
        out=write.shape(out),
    )
    return Section(stage, title, (_explain_resolution(net, place, kinds[0], say), _list_blocks(net, kinds, say)))


def _list_blocks(net: Outline, kinds: list[BlockKind], say: Speaker) -> str:
    """``1 × (64, 64, 256, 1) and 2 × (256, 64, 256, 1)``: the kinds of block, usually a first one and the rest."""
    counted = [f"{len(kind.places)} × ({', '.join(map(str, kind.signature))})" for kind in kinds]
    if net.spec.block == "basic":
        return say("Its blocks, written (C, C_out, stride): {kinds}.", kinds=say.listed(counted))
    return say("Its blocks, written (C, width, C_out, stride): {kinds}.", kinds=say.listed(counted))


def _explain_resolution(net: Outline, place: int, kind: BlockKind, say: Speaker) -> str:
    """Whether the stage downsamples, and why."""
    source, out = kind.source.shape[2:], kind.out.shape[2:]
    before, after = text(source, "shape"), text(out, "shape")
    image = text(net.graph.input.shape[2:], "shape")
    dilation = max(op.dilation for node in kind.nodes if isinstance(op := node.op, Conv2d))
    last = next(reversed(net.kinds[kind.stage])).spatial[1].dilation
    if kind.stride > 1:
        return _explain_downsampling(net, kind, before, after, say)
    if max(dilation, last) > 1 and net.spec.output_stride:
        return say(
            "This stage keeps {before}: dilation replaces its stride. The taps of its 3×3 are {dilation} apart and see "
            "as far as they would after downsampling (output_stride={output_stride}).",
            before=before,
            dilation=str(max(dilation, last)),
            output_stride=str(net.spec.output_stride),
        )
    if place > 1:
        return say("This stage has stride 1 and keeps {before}.", before=before)
    if before == image:
        return say(
            "This stage does not downsample (stride 1): the stem has kept {image}, so the first stage works at full "
            "size.",
            image=image,
        )
    if kind.source.shape[1] == kind.out.shape[1]:
        return say(
            "This stage does not downsample (stride 1): the stem has already brought {image} down to {before}. The "
            "channels stay {channels}.",
            image=image,
            before=before,
            channels=str(kind.out.shape[1]),
        )
    return say(
        "This stage does not downsample (stride 1): the stem has already brought {image} down to {before}. Only the "
        "channels change, from {c} to {out}.",
        image=image,
        before=before,
        c=str(kind.source.shape[1]),
        out=str(kind.out.shape[1]),
    )


def _explain_downsampling(net: Outline, kind: BlockKind, before: str, after: str, say: Speaker) -> str:
    c, out = kind.source.shape[1], kind.out.shape[1]
    values = {"stride": str(kind.stride), "before": before, "after": after}
    summary = (
        say("Its only block has stride {stride} and takes the map from {before} to {after}.", **values)
        if sum(len(each.places) for each in net.kinds[kind.stage]) == 1
        else say(
            "Its first block has stride {stride} and takes the map from {before} to {after}; the later blocks keep "
            "that size.",
            **values,
        )
    )
    if kind.stride == 2 and out == 2 * c:
        return say.paragraph(
            summary,
            say(
                "The channels double from {c} to {out} where the side halves. A quarter of the positions with four "
                "times the weights keeps a layer's work the same (He et al. 2015, section 3.3).",
                c=str(c),
                out=str(out),
            ),
        )
    return summary


def _add_up(net: Outline, stage: str, place: int, kinds: list[BlockKind], say: Speaker) -> Section:
    part = net.works[stage]
    params = [(len(kind.places), kind.params) for kind in kinds]
    macs = [(len(kind.places), kind.macs) for kind in kinds]
    if net.spec.levels == "stages" or net.spec.cross_stage:
        params.append((1, part.params - sum(times * each for times, each in params)))
        macs.append((1, part.macs - sum(times * each for times, each in macs)))
    summary = say(
        "{params} parameters ({share} of the net) and {macs} MACs ({macs_share}).",
        params=write.multiples(params),
        share=text(part.params / net.total.params, "share"),
        macs=write.multiples(macs),
        macs_share=text(part.macs / net.total.macs, "share"),
    )
    paragraphs = filter(None, (_explain_frame(net, stage, say), summary))
    return Section(f"{stage}.sum", say("Stage {place} in total", place=str(place)), tuple(paragraphs))


def _explain_frame(net: Outline, stage: str, say: Speaker) -> str:
    """What a stage has outside its blocks."""
    if net.spec.cross_stage:
        return say(
            "This is a cross stage (CSPNet, arXiv:1911.11929). A 3×3 takes the stride, if any. A 1×1 makes twice the "
            "channels of a block. One half goes through the blocks and a 1×1, the other past them, and a last 1×1 "
            "reads both. The last terms are those of these convolutions."
        )
    if net.spec.levels == "blocks":
        return ""
    if stage == next(reversed(net.kinds)):
        return say(
            "A 1×1 shortcut goes around the stage, and one around all stages (RoR, arXiv:1608.02908): the last terms "
            "are theirs. ReLU follows the last sum."
        )
    return say(
        "A 1×1 shortcut goes around the stage (RoR, arXiv:1608.02908): the last terms are its own. ReLU follows the "
        "sum, and a max pool takes the next stage's stride."
    )
