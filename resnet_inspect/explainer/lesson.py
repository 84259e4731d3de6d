"""A net explained from the image to the classes, so that a newcomer can rebuild its table by hand."""

from resnet_inspect.explainer.bias import explain_bias
from resnet_inspect.explainer.block_design import explain_design
from resnet_inspect.explainer.flops import explain_flops
from resnet_inspect.explainer.head import explain_head
from resnet_inspect.explainer.outline import outline
from resnet_inspect.explainer.overview import add_up, explain_formulas, explain_whole
from resnet_inspect.explainer.residual import explain_residual
from resnet_inspect.explainer.speech import Speaker
from resnet_inspect.explainer.stage import explain_stages
from resnet_inspect.explainer.stem import explain_stem
from resnet_inspect.explainer.stride import explain_dilation, explain_stride_placement
from resnet_inspect.graph import Graph
from resnet_inspect.report import Report, Section
from resnet_inspect.resnet.spec import ResNetSpec


def write_lesson(spec: ResNetSpec, graph: Graph, language: str) -> Report:
    """The lesson on ``graph``, which is ``spec`` lowered; its main table is the sum of all sections."""
    net, say = outline(spec, graph), Speaker(language)
    summary, table = add_up(net, say)
    sections: list[Section | None] = [
        explain_whole(net, say),
        explain_formulas(net, say),
        explain_stem(net, say),
        explain_residual(net, say),
        explain_design(net, say),
        *explain_stages(net, say),
        explain_head(net, say),
        explain_bias(net, say),
        explain_stride_placement(net, say),
        explain_dilation(net, say),
        explain_flops(net.total.macs, say),
        summary,
    ]
    return Report(
        kind="explain",
        model=graph.name,
        title=say("{model}, input {input}", model=graph.name, input=str(graph.input)),
        tables=(table,),
        sections=tuple(section for section in sections if section),
    )
