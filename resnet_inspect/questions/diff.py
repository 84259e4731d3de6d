"""Compare two nets stage by stage: what changes in the spec, and what that costs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from resnet_inspect.counting.training import training_flops
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.liveness import peak_by_stage
from resnet_inspect.graph.facts.memory import peak_bytes
from resnet_inspect.graph.facts.training import refuse_to_train
from resnet_inspect.graph.facts.work import stage_of, work_by
from resnet_inspect.hardware.devices import Device
from resnet_inspect.hardware.floor import floors
from resnet_inspect.report import Column, Fact, Report, Table, tabulate
from resnet_inspect.resnet.check import typed
from resnet_inspect.resnet.choices import Widths
from resnet_inspect.resnet.fields import to_mapping
from resnet_inspect.resnet.spec import ResNetSpec
from resnet_inspect.units import CHANGES, Unit
from resnet_inspect.vocabulary import ELEMENT_BYTES, Precision, Task

# The fields of a spec that define the stem, a layer and the head.
STEM = (
    "in_channels", "stem", "stem_pool", "stem_norm_act", "stem_act", "norm", "conv", "act", "conv_bias", "antialias",
)  # fmt: skip
LAYER = (
    "block", "depths", "widths", "expansion", "groups", "base_width", "group_width", "split", "strides", "stride_on",
    "order", "shortcut", "output_stride", "norm", "conv", "act", "conv_bias", "attention", "attention_on", "antialias",
)  # fmt: skip
HEAD = ("final_norm", "num_features", "norm", "act", "head", "num_classes")
# What the values of a field stand for; the papers' option letters: arXiv:1512.03385, table 3; D: arXiv:1812.01187.
MEANINGS = {
    "shortcut": "shortcut, where the shape changes: A subsamples and pads with zero channels, B projects by a 1×1 "
    "convolution, D averages 2×2 and then projects; C projects in every block",
    "stem": "stem: kernel:stride:channels of each convolution",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two nets."""

    spec: ResNetSpec
    graph: Graph


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a stage or a net.

    ``macs`` are those of the task; ``alive`` is the peak of its activation bytes, and in training of its gradients too;
    the floor is the forward pass's.
    """

    params: int = 0
    macs: int = 0
    activations: int = 0
    alive: int = 0
    floor_ms: float = 0.0


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


class Field(NamedTuple):
    """A field of the spec with both values, as ``--set`` takes them."""

    name: str
    a: str
    b: str


STAGES: tuple[Column[Change], ...] = (
    Column("stage", "stage", lambda change: change.stage),
    Column("changed", "changed", lambda change: change.why),
    Column("params_change", "params", lambda change: change.more.params, "count_change"),
    Column("macs_change", "MACs", lambda change: change.more.macs, "count_change"),
    Column("activations_change", "activ.", lambda change: change.more.activations, "count_change"),
    Column("alive_change_bytes", "alive", lambda change: change.more.alive, "bytes_change"),
    Column("floor_change_ms", "floor", lambda change: change.more.floor_ms, "ms_change"),
)
CHANGE_OF: dict[Unit, Unit] = {unit: change for change, unit in CHANGES.items()}


def diff(a: Side, b: Side, device: Device, precision: Precision, task: Task = "infer") -> Report:
    """What changes from ``a`` to ``b``: a table of stages, one of totals and one of the spec's fields.

    Raises:
        RequestError: the device has no known peak at that precision, or a net has no training step.
    """
    before, after = (_costs(side.graph, device, precision, task) for side in (a, b))
    changes = [
        Change(stage, _changed(a, b, stage), _more(before.get(stage, Cost()), after.get(stage, Cost())))
        for stage in _stages(a.graph, b.graph)
    ]
    fields = _fields(a.spec, b.spec)
    one_size = a.graph.input == b.graph.input
    equal = not fields and one_size
    x, y = _sum(before), _sum(after)
    more = _more(x, y)
    peaks = peak_bytes(a.graph, task, precision), peak_bytes(b.graph, task, precision)
    notes = [] if one_size else ["the inputs differ; give --input to compare at one size"]
    notes += ["no difference"] if equal else [] if fields else ["the specs are equal"]
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
                STAGES,
                changes,
                {
                    "stage": "total",
                    "params_change": more.params,
                    "macs_change": more.macs,
                    "activations_change": more.activations,
                    "floor_change_ms": more.floor_ms,
                },
            ),
            _totals(a, b, x, y, peaks, f"{precision} on {device.name}", task),
            *([_specs(a, b, fields)] if fields else []),
        ),
        notes=(
            *notes,
            *(meaning for field, meaning in MEANINGS.items() if any(each.name == field for each in fields)),
            f"alive: the peak of {'activations' if task == 'infer' else 'activations and gradients'} in each stage, "
            "which does not add up",
            f"floor: the least time of a forward pass in {precision} on {device.title}; --device names another",
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


def _totals(a: Side, b: Side, x: Cost, y: Cost, peaks: tuple[int, int], on: str, task: Task) -> Table:
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
    )
    return tabulate("totals", "totals", columns, quantities)


def _more(a: Cost, b: Cost) -> Cost:
    return Cost(
        b.params - a.params,
        b.macs - a.macs,
        b.activations - a.activations,
        b.alive - a.alive,
        b.floor_ms - a.floor_ms,
    )


def _costs(graph: Graph, device: Device, precision: Precision, task: Task) -> dict[str, Cost]:
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
            1e3 * floor[stage].floor_s,
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
    )


def _stages(a: Graph, b: Graph) -> list[str]:
    """The stages of both nets in the order they run: stem, each layer of either net, head."""
    layers = {stage for stage in (*a.stages, *b.stages) if stage.startswith("layer")}
    return ["stem", *sorted(layers, key=lambda stage: int(stage.removeprefix("layer"))), "head"]


def _changed(a: Side, b: Side, stage: str) -> str | None:
    """``depths 6 → 23; widths 64 → 128``: what changes a stage; None where it stays as it is."""
    before_nodes, after_nodes = _nodes(a.graph, stage), _nodes(b.graph, stage)
    if not (before_nodes and after_nodes):
        return f"only in {(a if before_nodes else b).graph.name}"
    if [(node.name, node.op) for node in before_nodes] != [(node.name, node.op) for node in after_nodes]:
        before, after = _values(a.spec, stage), _values(b.spec, stage)
        changes = [f"{field} {value} → {after[field]}" for field, value in before.items() if value != after[field]]
        if changes:
            return "; ".join(changes)
    if before_nodes[0].ins != after_nodes[0].ins:
        return f"input {before_nodes[0].ins[0]} → {after_nodes[0].ins[0]}"
    return None


def _nodes(graph: Graph, stage: str) -> list[Node]:
    return [node for node in graph.nodes if node.stage == stage]


def _values(spec: ResNetSpec, stage: str) -> dict[str, str]:
    """The fields that define a stage; a field with a value for each stage gives this stage's."""
    values = _effective(spec)
    if stage in ("stem", "head"):
        return {field: _text(field, values[field]) for field in (STEM if stage == "stem" else HEAD)}
    i = int(stage.removeprefix("layer")) - 1
    values |= {"depths": spec.depths[i], "widths": _widths(spec)[i], "strides": spec.stage_strides[i]}
    values |= {"expansion": spec.expansions[i], "group_width": spec.group_widths[i]}
    return {field: _text(field, values[field]) for field in LAYER}


def _fields(a: ResNetSpec, b: ResNetSpec) -> list[Field]:
    """The fields whose values differ."""
    before, after = _effective(a), _effective(b)
    fields = [Field(name, _text(name, value), _text(name, after[name])) for name, value in before.items()]
    return [field for field in fields if field.a != field.b]


def _effective(spec: ResNetSpec) -> dict[str, object]:
    """Every field with its effective value, derived from other fields where the spec leaves it out."""
    return {
        **to_mapping(spec),
        "widths": _widths(spec),
        "expansion": spec.expansions,
        "strides": spec.stage_strides,
        "stem_norm_act": spec.has_stem_norm_act,
        "final_norm": spec.has_final_norm,
    }


def _widths(spec: ResNetSpec) -> Widths:
    """A width for each stage, or for each block of a stage whose blocks differ."""
    return tuple(planes if len(set(planes)) > 1 else planes[0] for planes in spec.planes)


def _text(field: str, value: object) -> str:
    return typed(value, ":" if field == "stem" else "/")
