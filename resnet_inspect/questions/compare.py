"""A few models in one table, with ratios to the first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from resnet_inspect.counting.accuracy import Accuracy, highest, side_of
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import stage_of
from resnet_inspect.questions.accuracy import OF_WEIGHTS
from resnet_inspect.questions.nets import (
    ACTIVATIONS,
    FLOOR,
    INPUT,
    MACS,
    NAME,
    PARAMS,
    PREDICTED,
    SIZES_DIFFER,
    TOP1,
    Floor,
    Net,
    price,
)
from resnet_inspect.questions.predicted import parts_note, predicted_note
from resnet_inspect.questions.unseen import unseen_notes
from resnet_inspect.report import Column, Report, Table, tabulate
from resnet_inspect.units import counted

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Profile


def compare(
    graphs: Sequence[Graph],
    floor: Floor | None = None,
    published: Sequence[Sequence[Accuracy]] = (),
    profile: "Profile | None" = None,
    of_runs: str = "",
) -> Report:
    """A row for each model, with its ratios to the first; ``published`` are the results of each model's weights.

    ``of_runs`` says that they are results of the user's own runs instead, and of which.
    """
    nets = [
        Net(
            price(graph.name, graph, floor, profile.predict if profile else None),
            top=highest(results, side_of(graph.input.shape), "any" if of_runs else "imagenet-1k"),
        )
        for graph, results in zip(graphs, published or [()] * len(graphs), strict=True)
    ]
    rated = bool(of_runs) or any(net.top for net in nets)

    def ratio(key: str, cost: Callable[[Net], float], optional: bool = False) -> Column[Net]:
        first = cost(nets[0])
        return Column(key, "ratio", lambda net: round(cost(net) / first, 6) if first else None, "ratio", optional)

    def slowdown(net: Net) -> float | None:
        ms, first_ms = net.costs.predicted_ms, nets[0].costs.predicted_ms
        return None if ms is None or first_ms is None else round(ms / first_ms, 6)

    columns: tuple[Column[Net], ...] = (
        NAME,
        replace(INPUT, optional=True),
        PARAMS,
        ratio("params_ratio", lambda net: net.costs.params),
        MACS,
        ratio("macs_ratio", lambda net: net.costs.macs),
        Column("flops", "FLOPs", lambda net: 2 * net.costs.macs, "count", optional=True),
        replace(ACTIVATIONS, optional=floor is not None),
        ratio("activations_ratio", lambda net: net.costs.activations, optional=floor is not None),
        *((FLOOR, ratio("floor_ratio", lambda net: net.costs.floor_ms)) if floor else ()),
        *((*PREDICTED, Column("predicted_ratio", "ratio", slowdown, "ratio")) if profile else ()),
        *(TOP1 if rated else ()),
    )
    notes = [f"ratios are to {graphs[0].name}"]
    if len({graph.input for graph in graphs}) > 1:
        notes.append(SIZES_DIFFER)
    notes += [floor.note] if floor else []
    notes += [predicted_note(profile, sum(net.costs.predicted_ms is None for net in nets))] if profile else []
    notes += [of_runs or OF_WEIGHTS] if rated else []
    notes += [note for graph in graphs for note in unseen_notes(graph)]
    notes += parts_note(profile) if profile else ()
    tables = (tabulate("models", "models", columns, nets), *(_by_stage(graphs, profile) if profile else ()))
    return Report("compare", graphs[0].name, counted(len(graphs), "model"), tables=tables, notes=tuple(notes))


def _by_stage(graphs: Sequence[Graph], profile: "Profile") -> Iterator[Table]:
    """Each model's predicted time by stage, which add up; nothing where all are outside the calibration."""
    rows = [(graph.name, profile.predict_parts(graph, stage_of)) for graph in graphs]
    stages = dict.fromkeys(stage for _, parts in rows for stage in parts)

    def column(stage: str) -> Column[tuple[str, dict[str, float]]]:
        return Column(f"{stage}_ms", stage, lambda row: row[1].get(stage), "ms")

    columns: tuple[Column[tuple[str, dict[str, float]]], ...] = (
        Column("name", "model", lambda row: row[0]),
        *map(column, stages),
        Column("predicted_ms", "predicted", lambda row: sum(row[1].values()) or None, "ms"),
    )
    if stages:
        yield tabulate("stages", "predicted, by stage", columns, rows)
