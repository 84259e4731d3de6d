"""A net told from the image to the classes, so that a newcomer can rebuild its table by hand."""

from resnet_inspect.explainer.block import block
from resnet_inspect.explainer.choices import bias, dilation, flops, v15
from resnet_inspect.explainer.head import head
from resnet_inspect.explainer.net import net_of
from resnet_inspect.explainer.overview import overview, rules, together
from resnet_inspect.explainer.residual import residual
from resnet_inspect.explainer.speech import Voice
from resnet_inspect.explainer.stage import stages
from resnet_inspect.explainer.stem import stem
from resnet_inspect.graph import Graph
from resnet_inspect.report import Report, Section
from resnet_inspect.resnet.spec import ResNetSpec


def lesson(spec: ResNetSpec, graph: Graph, language: str) -> Report:
    """``graph`` is ``spec`` lowered; the main table is the one that the prose has built up to."""
    net, say = net_of(spec, graph), Voice(language)
    last, table = together(net, say)
    told: list[Section | None] = [
        overview(net, say),
        rules(net, say),
        stem(net, say),
        residual(net, say),
        block(net, say),
        *stages(net, say),
        head(net, say),
        bias(net, say),
        v15(net, say),
        dilation(net, say),
        flops(net, say),
        last,
    ]
    return Report(
        kind="explain",
        model=graph.name,
        title=say("{model}, input {input}", model=graph.name, input=str(graph.input)),
        tables=(table,),
        sections=tuple(section for section in told if section),
    )
