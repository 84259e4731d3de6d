"""Compare two nets stage by stage: what changes in the spec or in the calls, and what that costs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from resnet_inspect.counting.training import training_flops
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.liveness import peak_by_stage
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.graph.facts.training import refuse_to_train
from resnet_inspect.graph.facts.work import stage_of, work_by
from resnet_inspect.hardware.devices import Device
from resnet_inspect.hardware.floor import floors
from resnet_inspect.questions.call_changes import align, changed_calls
from resnet_inspect.questions.predicted import prediction_notes
from resnet_inspect.questions.spec_changes import MEANINGS, Field, changed_fields, values_of
from resnet_inspect.report import Column, Fact, Report, Table, tabulate
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.units import CHANGES, Unit
from resnet_inspect.vocabulary import ELEMENT_BYTES, Precision, Task

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Profile


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two nets; code has no spec."""

    spec: ResNetSpec | None
    graph: Graph


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a stage or a net.

    ``macs`` are those of the task; ``alive`` is the peak of its activation bytes, and in training of its gradients too;
    the floor and the predicted time are the forward pass's.
    """

    params: int = 0
    macs: int = 0
    activations: int = 0
    alive: int = 0
    floor_ms: float = 0.0
    predicted_ms: float = 0.0


class Change(NamedTuple):
    """The fields that change a stage, None where none does, and its additional cost."""

    stage: str
    why: str | None
    more: Cost


class Quantity(NamedTuple):
    """One total of both nets."""

    name: str
    unit: Unit
    a: float
    b: float


STAGES: tuple[Column[Change], ...] = (
    Column("stage", "stage", lambda change: change.stage),
    Column("changed", "changed", lambda change: change.why),
    Column("params_change", "params", lambda change: change.more.params, "count_change"),
    Column("macs_change", "MACs", lambda change: change.more.macs, "count_change"),
    Column("activations_change", "activ.", lambda change: change.more.activations, "count_change"),
    Column("alive_change_bytes", "alive", lambda change: change.more.alive, "bytes_change"),
    Column("floor_change_ms", "floor", lambda change: change.more.floor_ms, "ms_change"),
)
PREDICTED: Column[Change] = Column(
    "predicted_change_ms", "predicted", lambda change: change.more.predicted_ms, "ms_change"
)
CHANGE_OF: dict[Unit, Unit] = {unit: change for change, unit in CHANGES.items()}


def diff(
    a: Side, b: Side, device: Device, precision: Precision, task: Task = "infer", profile: "Profile | None" = None
) -> Report:
    """What changes from ``a`` to ``b``: a table of stages, one of totals and one of the spec's fields.

    ``profile`` adds the predicted times of both, unless a net is outside it.

    Raises:
        RequestError: the device has no known peak at that precision, or a net has no training step.
    """
    x_graph, y_graph = align(a.graph, b.graph)
    a, b = replace(a, graph=x_graph), replace(b, graph=y_graph)
    times = [profile.predict_parts(side.graph, stage_of) if profile else {} for side in (a, b)]
    before, after = (
        _costs(side.graph, device, precision, task, parts) for side, parts in zip((a, b), times, strict=True)
    )
    changes = [
        Change(stage, why_changed(a, b, stage), _more(before.get(stage, Cost()), after.get(stage, Cost())))
        for stage in in_order(a.graph.stages, b.graph.stages)
    ]
    fields = changed_fields(a.spec, b.spec) if a.spec and b.spec else []
    one_size = a.graph.input == b.graph.input
    specs = a.spec is not None and b.spec is not None
    equal = one_size and not (fields if specs else any(change.why for change in changes))
    x, y = _sum(before), _sum(after)
    more = _more(x, y)
    peaks = peak_bytes(a.graph, task, precision), peak_bytes(b.graph, task, precision)
    notes = [] if one_size else ["the inputs differ; give --input to compare at one size"]
    notes += ["no difference"] if equal else ["the specs are equal"] if specs and not fields else []
    notes += [] if specs else ["fields are compared where both models have a spec; here calls are"]
    return Report(
        kind="diff",
        model=b.graph.name,
        title=_title(a.graph, b.graph),
        facts=(
            Fact("equal", "equal", equal),
            Fact("task", "task", task),
            Fact("precision", "precision", precision),
            Fact("device", "device", device.name),
        ),
        tables=(
            tabulate(
                "stages",
                "by stage",
                (*STAGES, *([PREDICTED] if all(times) else [])),
                changes,
                {
                    "stage": "total",
                    "params_change": more.params,
                    "macs_change": more.macs,
                    "activations_change": more.activations,
                    "floor_change_ms": more.floor_ms,
                    **({"predicted_change_ms": more.predicted_ms} if all(times) else {}),
                },
            ),
            _totals(a, b, x, y, peaks, f"{precision} on {device.name}", task, _predicted(a, b, profile)),
            *([_specs(a, b, fields)] if fields else []),
        ),
        notes=(
            *notes,
            *(meaning for field, meaning in MEANINGS.items() if any(each.name == field for each in fields)),
            f"alive: the peak of {'activations' if task == 'infer' else 'activations and gradients'} in each stage, "
            "which does not add up",
            f"floor: the least time of a forward pass in {precision} on {device.title}; --device names another",
            *dict.fromkeys(note for side in (a, b) if profile for note in prediction_notes(side.graph, profile)),
        ),
    )


def _title(a: Graph, b: Graph) -> str:
    if a.input == b.input:
        return f"from {a.name} to {b.name}, input {a.input}"
    return f"from {a.name} at {a.input} to {b.name} at {b.input}"


def _specs(a: Side, b: Side, fields: list[Field]) -> Table:
    columns: tuple[Column[Field], ...] = (
        Column("field", "field", lambda field: field.name),
        Column("a", a.graph.name, lambda field: field.a),
        Column("b", b.graph.name, lambda field: field.b),
    )
    return tabulate("fields", "spec fields", columns, fields)


def _totals(
    a: Side, b: Side, x: Cost, y: Cost, peaks: tuple[int, int], on: str, task: Task, times: list[Quantity]
) -> Table:
    step = "" if task == "infer" else " of a training step"
    columns: tuple[Column[Quantity], ...] = (
        Column("quantity", "quantity", lambda quantity: quantity.name),
        Column("unit", "", lambda quantity: quantity.unit),
        Column("a", a.graph.name, lambda quantity: quantity.a, lambda quantity: quantity.unit),
        Column("b", b.graph.name, lambda quantity: quantity.b, lambda quantity: quantity.unit),
        Column("change", "change", lambda quantity: quantity.b - quantity.a, lambda quantity: CHANGE_OF[quantity.unit]),
        Column("ratio", "ratio", lambda quantity: round(quantity.b / quantity.a, 6) if quantity.a else None, "ratio"),
    )
    quantities = (
        Quantity("parameters", "count", x.params, y.params),
        Quantity(f"MACs{step}", "count", x.macs, y.macs),
        Quantity(f"FLOPs{step}", "count", 2 * x.macs, 2 * y.macs),
        Quantity("activations", "count", x.activations, y.activations),
        Quantity(f"peak memory{step}", "bytes", *peaks),
        Quantity(f"floor, {on}", "ms", x.floor_ms, y.floor_ms),
        *times,
    )
    return tabulate("totals", "totals", columns, quantities)


def _predicted(a: Side, b: Side, profile: "Profile | None") -> list[Quantity]:
    """The predicted times of a forward pass; nothing where one net is outside the calibration."""
    if profile is None:
        return []
    x, y = (profile.predict(side.graph).ms for side in (a, b))
    return [] if x is None or y is None else [Quantity("predicted", "ms", x, y)]


def _more(a: Cost, b: Cost) -> Cost:
    return Cost(
        b.params - a.params,
        b.macs - a.macs,
        b.activations - a.activations,
        b.alive - a.alive,
        b.floor_ms - a.floor_ms,
        b.predicted_ms - a.predicted_ms,
    )


def _costs(
    graph: Graph, device: Device, precision: Precision, task: Task, predicted: Mapping[str, float]
) -> dict[str, Cost]:
    train = task == "train"
    if train:
        refuse_to_train(graph)
    alive = peak_by_stage(graph, ELEMENT_BYTES[precision], train)
    floor = floors(graph, device, precision)
    step = Counter[str]()
    for position, flops in training_flops(graph).items() if train else ():
        step[graph.nodes[position].stage] += flops
    return {
        stage: Cost(
            part.params,
            step[stage] // 2 if train else part.macs,
            part.activations,
            alive[stage],
            1e3 * floor[stage].floor_s if stage in floor else 0.0,
            predicted.get(stage, 0.0),
        )
        for stage, part in work_by(graph, stage_of).items()
    }


def _sum(costs: Mapping[str, Cost]) -> Cost:
    parts = costs.values()
    return Cost(
        sum(part.params for part in parts),
        sum(part.macs for part in parts),
        sum(part.activations for part in parts),
        max(part.alive for part in parts),
        sum(part.floor_ms for part in parts),
        sum(part.predicted_ms for part in parts),
    )


def in_order(a: Sequence[str], b: Sequence[str]) -> list[str]:
    """The stages of both nets in the order they run; a stage of ``b`` alone follows the one before it in ``b``."""
    stages = [*a]
    place = 0
    for stage in b:
        if stage not in stages:
            stages.insert(place, stage)
        place = stages.index(stage) + 1
    return stages


def why_changed(a: Side, b: Side, stage: str) -> str | None:
    """``depths 6 → 23; widths 64 → 128``, or ``Conv2d 9 → 12``: what changes a stage; None where it stays as it is."""
    before_nodes, after_nodes = _nodes(a.graph, stage), _nodes(b.graph, stage)
    if not (before_nodes and after_nodes):
        return f"only in {(a if before_nodes else b).graph.name}"
    if not (a.spec and b.spec):
        if changes := changed_calls(before_nodes, after_nodes):
            return "; ".join(changes)
    elif [(node.name, node.op) for node in before_nodes] != [(node.name, node.op) for node in after_nodes]:
        before, after = values_of(a.spec, stage), values_of(b.spec, stage)
        changes = [f"{field} {value} → {after[field]}" for field, value in before.items() if value != after[field]]
        if changes:
            return "; ".join(changes)
    if before_nodes[0].ins != after_nodes[0].ins:
        return f"input {before_nodes[0].ins[0]} → {after_nodes[0].ins[0]}"
    return None


def _nodes(graph: Graph, stage: str) -> list[Node]:
    return [node for node in graph.nodes if node.stage == stage]
