"""What folding BatchNorm into the convolutions changes: the answer for the folded net, and both nets side by side."""

from dataclasses import replace
from typing import NamedTuple

from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.graph.ops.pointwise import BatchNorm2d
from resnet_inspect.report import Column, Fact, Report, tabulate
from resnet_inspect.vocabulary import Precision


class Costs(NamedTuple):
    """What folding changes of a net, or the difference that it makes."""

    net: str
    params: int
    buffers: int
    macs: int
    calls: int
    elements: int
    peak_bytes: int


COLUMNS: tuple[Column[Costs], ...] = (
    Column("net", "net", lambda costs: costs.net),
    Column("params", "params", lambda costs: costs.params, "count"),
    Column("buffers", "buffers", lambda costs: costs.buffers, "count"),
    Column("macs", "MACs", lambda costs: costs.macs, "count"),
    Column("calls", "calls", lambda costs: costs.calls, "integer"),
    Column("elements", "elements", lambda costs: costs.elements, "count"),
    Column("peak_bytes", "peak memory", lambda costs: costs.peak_bytes, "bytes"),
)


def beside(answer: Report, graph: Graph, folded: Graph, precision: Precision = "fp32") -> Report:
    """``answer``, which is about ``folded``, with a table of ``graph`` and ``folded`` and what lies between them."""
    before, after = _costs("unfused", graph, precision), _costs("fused", folded, precision)
    costs = (before, after, _difference(before, after))
    gone, left = len(graph.nodes) - len(folded.nodes), _norms(folded)
    return replace(
        answer,
        title=f"{answer.title}, Conv+BatchNorm folded",
        facts=(
            *answer.facts,
            Fact("folded_norms", "norms folded", gone, "integer"),
            Fact("left_norms", "norms left", left, "integer"),
        ),
        tables=(*answer.tables, tabulate("fused", "folded and not, in inference", COLUMNS, costs)),
        notes=(*answer.notes, _said(gone, left)),
    )


def _costs(net: str, graph: Graph, precision: Precision) -> Costs:
    work = work_of(graph)
    return Costs(
        net,
        params=work.params,
        buffers=work.buffers,
        macs=work.macs,
        calls=len(graph.nodes) - 1,
        elements=sum(node.op.elementwise(node.ins, node.out) for node in graph.nodes),
        peak_bytes=peak_bytes(graph, "infer", precision),
    )


def _difference(before: Costs, after: Costs) -> Costs:
    return Costs("difference", *(b - a for a, b in zip(before[1:], after[1:], strict=True)))


def _norms(graph: Graph) -> int:
    return sum(isinstance(node.op, BatchNorm2d) for node in graph.nodes)


def _said(gone: int, left: int) -> str:
    if not gone:
        return "nothing to fold: no BatchNorm directly follows a convolution"
    stay = f"{left} stay, behind a sum, a ReLU, a pool or a convolution that others read too" if left else "none stays"
    saved = "what is saved is calls and the elements that they touch, no MACs"
    return f"{gone} BatchNorms are folded into the convolution before them, {stay}; {saved}"
