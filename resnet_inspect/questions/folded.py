"""What folding BatchNorm into the convolutions changes: the answer for the folded net, and both nets side by side."""

from dataclasses import replace

from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.graph.ops.pointwise import BatchNorm2d
from resnet_inspect.report import Column, Fact, Report, Row, Table
from resnet_inspect.vocabulary import Precision

COLUMNS = (
    Column("net", "net"),
    Column("params", "params", "count"),
    Column("buffers", "buffers", "count"),
    Column("macs", "MACs", "count"),
    Column("calls", "calls", "integer"),
    Column("elements", "elements", "count"),
    Column("peak_bytes", "peak memory", "bytes"),
)


def beside(answer: Report, graph: Graph, folded: Graph, precision: Precision = "fp32") -> Report:
    """``answer``, which is about ``folded``, with a table of ``graph`` and ``folded`` and what lies between them."""
    before, after = _costs(graph, precision), _costs(folded, precision)
    difference = [b - a for a, b in zip(before, after, strict=True)]
    rows: tuple[Row, ...] = (("unfused", *before), ("fused", *after), ("difference", *difference))
    gone, left = len(graph.nodes) - len(folded.nodes), _norms(folded)
    return replace(
        answer,
        title=f"{answer.title}, Conv+BatchNorm folded",
        facts=(
            *answer.facts,
            Fact("folded_norms", "norms folded", gone, "integer"),
            Fact("left_norms", "norms left", left, "integer"),
        ),
        tables=(*answer.tables, Table("fused", "folded and not, in inference", COLUMNS, rows)),
        notes=(*answer.notes, _said(gone, left)),
    )


def _costs(graph: Graph, precision: Precision) -> tuple[int, ...]:
    work = work_of(graph)
    elements = sum(node.op.elementwise(node.ins, node.out) for node in graph.nodes)
    return work.params, work.buffers, work.macs, len(graph.nodes) - 1, elements, peak_bytes(graph, "infer", precision)


def _norms(graph: Graph) -> int:
    return sum(isinstance(node.op, BatchNorm2d) for node in graph.nodes)


def _said(gone: int, left: int) -> str:
    if not gone:
        return "nothing to fold: no BatchNorm directly follows a convolution"
    stay = f"{left} stay, behind a sum, a ReLU, a pool or a convolution that others read too" if left else "none stays"
    saved = "what is saved is calls and the elements that they touch, no MACs"
    return f"{gone} BatchNorms are folded into the convolution before them, {stay}; {saved}"
