"""Many nets side by side: the zoo as a table, and a few models against the first of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Literal, NamedTuple, get_args

from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.report import Column, Report, Row, Table

Sort = Literal["name", "family", "params", "macs", "activations", "floor"]
SORTS: tuple[Sort, ...] = get_args(Sort)

# timm's CSV files hold parameters and activations in millions, MACs in billions.
PARAMS = Column("params", "params", "count", csv=("param_count", 1e6))
MACS = Column("macs", "MACs", "count", csv=("infer_gmacs", 1e9))
ACTIVATIONS = Column("activations", "activ.", "count", csv=("infer_macts", 1e6))


class Floor(NamedTuple):
    """The least time of a forward pass in ms; ``on`` what, for the reader: bf16 on NVIDIA A100 SXM 80 GB."""

    of: Callable[[Graph], float]
    on: str

    @property
    def note(self) -> str:
        return f"floor: the least time of the batch in {self.on}; `resnet-inspect roofline` has its parts"


def catalogue(
    graphs: Iterable[tuple[str, Graph]],
    sort: Sort | None = None,
    max_params: int | None = None,
    max_macs: int | None = None,
    floor: Floor | None = None,
    max_floor_ms: float | None = None,
) -> Report:
    """One row a variant, given as (family, graph), within the budgets; in the zoo's own order unless sorted."""
    columns: tuple[Column, ...] = (
        Column("name", "model", csv=("model", 1)),
        Column("family", "family"),
        Column("input", "input", "shape"),
        PARAMS,
        MACS,
        ACTIVATIONS,
    )
    if floor is not None:
        # What is asked for comes before what a narrow terminal may leave out.
        columns = (
            *(replace(column, optional=column.key in ("family", "input", "activations")) for column in columns),
            Column("floor_ms", "floor", "ms"),
            Column("images_per_s_floor", "images/s", "rate"),
        )
    rows: list[Row] = []
    for family, graph in graphs:
        work = work_of(graph)
        if (max_params is not None and work.params > max_params) or (max_macs is not None and work.macs > max_macs):
            continue
        times: Row = ()
        if floor is not None:
            least = floor.of(graph)
            if max_floor_ms is not None and least > max_floor_ms:
                continue
            times = (least, 1e3 * graph.input.shape[0] / least)
        rows.append((graph.name, family, graph.input.shape, work.params, work.macs, work.activations, *times))
    if sort is not None:
        rows.sort(key=itemgetter([column.key.removesuffix("_ms") for column in columns].index(sort), 0))
    table = Table("variants", "variants", columns, tuple(rows))
    return Report("list", None, f"{len(rows)} variants", tables=(table,), notes=(floor.note,) if floor else ())


def compare(graphs: Sequence[Graph], floor: Floor | None = None) -> Report:
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
        replace(ACTIVATIONS, optional=floor is not None),
        Column("activations_ratio", "ratio", "ratio", optional=floor is not None),
        *([Column("floor_ms", "floor", "ms"), Column("floor_ratio", "ratio", "ratio")] if floor else []),
    )
    least = [floor.of(graph) for graph in graphs] if floor else []
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
            *((least[i], _ratio(least[i], least[0])) if floor else ()),
        )
        for i, (graph, work) in enumerate(zip(graphs, works, strict=True))
    ]
    notes = [f"ratios are to {graphs[0].name}"]
    if len({graph.input for graph in graphs}) > 1:
        notes.append("the inputs differ; give --input to compare at one size")
    notes += [floor.note] if floor else []
    table = Table("models", "models", columns, tuple(rows))
    return Report("compare", graphs[0].name, f"{len(graphs)} models", tables=(table,), notes=tuple(notes))


def _ratio(value: float, reference: float) -> float:
    return round(value / reference, 6)
