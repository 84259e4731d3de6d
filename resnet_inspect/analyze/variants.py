"""Many nets side by side: the zoo as a table, and a few models against the first of them."""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Literal, get_args

from resnet_inspect.analyze.work import work_of
from resnet_inspect.graph import Graph
from resnet_inspect.report import Column, Report, Row, Table

Sort = Literal["name", "family", "params", "macs", "activations"]
SORTS: tuple[Sort, ...] = get_args(Sort)

# timm's CSV files hold parameters and activations in millions, MACs in billions.
PARAMS = Column("params", "params", "count", csv=("param_count", 1e6))
MACS = Column("macs", "MACs", "count", csv=("infer_gmacs", 1e9))
ACTIVATIONS = Column("activations", "activ.", "count", csv=("infer_macts", 1e6))


def catalogue(
    graphs: Iterable[tuple[str, Graph]],
    sort: Sort | None = None,
    max_params: int | None = None,
    max_macs: int | None = None,
) -> Report:
    """One row a variant, given as (family, graph), within the budgets; in the zoo's own order unless sorted."""
    columns = (
        Column("name", "model", csv=("model", 1)),
        Column("family", "family"),
        Column("input", "input", "shape"),
        PARAMS,
        MACS,
        ACTIVATIONS,
    )
    rows: list[Row] = []
    for family, graph in graphs:
        work = work_of(graph)
        if (max_params is None or work.params <= max_params) and (max_macs is None or work.macs <= max_macs):
            rows.append((graph.name, family, graph.input.shape, work.params, work.macs, work.activations))
    if sort is not None:
        rows.sort(key=itemgetter([column.key for column in columns].index(sort), 0))
    return Report("list", None, f"{len(rows)} variants", tables=(Table("variants", "variants", columns, tuple(rows)),))


def compare(graphs: Sequence[Graph]) -> Report:
    """One row a model, with its ratios to the first."""
    works = [work_of(graph) for graph in graphs]
    first = works[0]
    columns = (
        Column("name", "model", csv=("model", 1)),
        Column("input", "input", "shape", optional=True),
        PARAMS,
        Column("params_ratio", "ratio", "ratio"),
        MACS,
        Column("macs_ratio", "ratio", "ratio"),
        Column("flops", "FLOPs", "count", optional=True),
        ACTIVATIONS,
        Column("activations_ratio", "ratio", "ratio"),
    )
    rows: list[Row] = [
        (
            graph.name,
            graph.input.shape,
            work.params,
            _ratio(work.params, first.params),
            work.macs,
            _ratio(work.macs, first.macs),
            2 * work.macs,
            work.activations,
            _ratio(work.activations, first.activations),
        )
        for graph, work in zip(graphs, works, strict=True)
    ]
    notes = [f"ratios are to {graphs[0].name}"]
    if len({graph.input for graph in graphs}) > 1:
        notes.append("the inputs differ; give --input to compare at one size")
    table = Table("models", "models", columns, tuple(rows))
    return Report("compare", graphs[0].name, f"{len(graphs)} models", tables=(table,), notes=tuple(notes))


def _ratio(value: int, reference: int) -> float:
    return round(value / reference, 6)
