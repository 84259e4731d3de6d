"""Compare a net with the same net after its BatchNorms are folded into convolutions."""

from dataclasses import replace
from typing import NamedTuple

from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.graph.ops.pointwise import BatchNorm2d
from resnet_inspect.report import Column, Fact, Report, tabulate
from resnet_inspect.vocabulary import Precision


class Costs(NamedTuple):
    """The costs that folding changes, of a net or as a difference of two."""

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


def compare_folded(answer: Report, graph: Graph, folded: Graph, precision: Precision = "fp32") -> Report:
    """``answer``, which is about ``folded``, with one more table: ``graph``, ``folded`` and their difference."""
    before, after = _costs("unfolded", graph, precision), _costs("folded", folded, precision)
    costs = (before, after, _difference(before, after))
    folded_norms, left_norms = len(graph.nodes) - len(folded.nodes), _count_norms(folded)
    return replace(
        answer,
        title=f"{answer.title}, Conv+BatchNorm folded",
        facts=(
            *answer.facts,
            Fact("folded_norms", "norms folded", folded_norms, "integer"),
            Fact("left_norms", "norms left", left_norms, "integer"),
        ),
        tables=(*answer.tables, tabulate("folded", "unfolded and folded, in inference", COLUMNS, costs)),
        notes=(*answer.notes, _note(folded_norms, left_norms)),
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


def _count_norms(graph: Graph) -> int:
    return sum(isinstance(node.op, BatchNorm2d) for node in graph.nodes)


def _note(folded_norms: int, left_norms: int) -> str:
    if not folded_norms:
        return "nothing to fold: no BatchNorm directly follows a convolution"
    left = "none stays"
    if left_norms:
        left = f"{left_norms} stay, after a sum, a ReLU, a pool or a convolution with other readers"
    saving = "folding saves calls and the elements that they touch, no MACs"
    return f"{folded_norms} BatchNorms fold into the convolution before them, {left}; {saving}"
