"""Compare the costs of many nets: the zoo as a table, or a few models with ratios to the first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar, get_args

from resnet_inspect.counting.accuracy import Accuracy, best, highest, side_of
from resnet_inspect.counting.conventions import FVCORE, FVCORE_ACTIVATIONS
from resnet_inspect.counting.count import Convention, count
from resnet_inspect.counting.writing import as_written
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import Work, work_of
from resnet_inspect.questions.accuracy import OF_WEIGHTS, accuracy_columns
from resnet_inspect.questions.predicted import interval_of, predicted_columns, predicted_note
from resnet_inspect.questions.unseen import unseen_notes
from resnet_inspect.report import Column, Report, tabulate
from resnet_inspect.resnet.zoo import Variant
from resnet_inspect.units import counted, text

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Prediction, Profile

T = TypeVar("T")
Sort = Literal["name", "family", "params", "macs", "activations", "floor", "latency", "top1"]
SORTS: tuple[Sort, ...] = get_args(Sort)
OF_AN_IMAGE: tuple[Sort, ...] = (
    "macs",
    "activations",
    "floor",
    "latency",
    "top1",
)  # what depends on the size of the image


class Net(NamedTuple):
    """A net and its costs; ``floor_ms`` and ``eager_ms`` are 0 where no device is given.

    ``variant`` is None where the nets are any models, ``top`` where no accuracy is published or asked for,
    ``prediction`` where no profile is given.
    """

    variant: Variant | None
    graph: Graph
    work: Work
    floor_ms: float
    eager_ms: float
    top: Accuracy | None = None
    prediction: "Prediction | None" = None

    @property
    def predicted_ms(self) -> float | None:
        return self.prediction.ms if self.prediction else None


NAME: Column[Net] = Column("name", "model", lambda net: net.graph.name, csv=("model", 1))
INPUT: Column[Net] = Column("input", "input", lambda net: net.graph.input.shape, "shape")
# timm's CSV files hold parameters and activations in millions, MACs in billions, both as fvcore counts them.
PARAMS: Column[Net] = Column("params", "params", lambda net: net.work.params, "count", csv=("param_count", 1e6))
MACS: Column[Net] = Column("macs", "MACs", lambda net: net.work.macs, "count")
ACTIVATIONS: Column[Net] = Column("activations", "activ.", lambda net: net.work.activations, "count")
FLOOR: Column[Net] = Column("floor_ms", "floor", lambda net: net.floor_ms, "ms")
TOP1: tuple[Column[Net], ...] = accuracy_columns(lambda net: net.top)
PREDICTED: tuple[Column[Net], ...] = predicted_columns(lambda net: interval_of(net.prediction))


def _family(net: Net) -> str:
    return net.variant.family if net.variant else ""


def _counted_by(tool: Convention, name: str, factor: float) -> Column[Net]:
    """What ``tool`` counts of one image, for programs, under timm's name; None for a batch of several."""

    def total(net: Net) -> int | None:
        if net.variant is None or net.graph.input.shape[0] != 1:
            return None
        return count(tool, as_written(net.graph, net.variant.writing)).total

    return Column(tool.name, "", total, "count", csv=(name, factor))


ORDERS: dict[Sort, Callable[[Net], str | float]] = {
    "name": lambda net: net.graph.name,
    "family": _family,
    "params": lambda net: net.work.params,
    "macs": lambda net: net.work.macs,
    "activations": lambda net: net.work.activations,
    "floor": lambda net: net.floor_ms,
    "latency": lambda net: inf if net.predicted_ms is None else net.predicted_ms,
    "top1": lambda net: -net.top.top1 if net.top else 0.0,  # the best first
}


class Floor(NamedTuple):
    """``of`` gives the least times of a forward pass in ms, fused and eager; ``on`` names where they hold: bf16 on
    NVIDIA A100 SXM 80 GB. ``figures`` tell apart two devices of one title, as a user may write them."""

    of: Callable[[Graph], tuple[float, float]]
    on: str
    figures: str = ""

    @property
    def note(self) -> str:
        return f"floor: the least time of the batch in {self.on}; `resnet-inspect roofline` shows its parts"


EAGER_NOTE = "eager floor: every call reads and writes memory, as torch runs without compile"


SIZES_DIFFER = "the inputs differ; give --input to compare at one size"


def most_common_size(sizes: Iterable[tuple[int, ...]]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The height and width of most nets, whose costs can be ranked, and a note on the others if there are any."""
    from collections import Counter

    (usual, _), *others = Counter(sizes).most_common()
    counts = ", ".join(f"{count} of {text(size, 'shape')}" for size, count in others)
    note = f"nets for {text(usual, 'shape')} alone; left out: {counts}; --input ranks all nets at one size"
    return usual, (note,) if others else ()


def images_per_s(net: Net) -> float:
    return 1e3 * net.graph.input.shape[0] / net.floor_ms


def make_room(columns: Sequence[Column[T]], sizes_differ: bool) -> tuple[Column[T], ...]:
    """The columns; a narrow terminal leaves out others before the floors, which the user asked for.

    Images of several sizes stay, as nothing else tells them.
    """
    spared = ("family", "macs", "activations") if sizes_differ else ("family", "input", "activations")
    return tuple(replace(column, optional=column.key in spared) for column in columns)


def catalogue(
    graphs: Iterable[tuple[Variant, Graph]],
    sort: Sort | None = None,
    max_params: float | None = None,
    max_macs: float | None = None,
    floor: Floor | None = None,
    max_floor_ms: float | None = None,
    profile: "Profile | None" = None,
    max_latency_ms: float | None = None,
) -> Report:
    """A row for each (variant, graph) within the limits, in the given order unless ``sort`` names another.

    ``profile`` adds predicted times; a net outside it keeps no ``max_latency_ms``.
    """
    nets: list[Net] = []
    outside = 0
    for variant, graph in graphs:
        work = work_of(graph)
        if (max_params is not None and work.params > max_params) or (max_macs is not None and work.macs > max_macs):
            continue
        floor_ms, eager_ms = floor.of(graph) if floor else (0.0, 0.0)
        if max_floor_ms is not None and floor_ms > max_floor_ms:
            continue
        prediction = profile.predict(graph) if profile else None
        outside += prediction is not None and prediction.ms is None
        top = best(variant.name, graph.input.shape) if sort == "top1" else None
        net = Net(variant, graph, work, floor_ms, eager_ms, top, prediction)
        if max_latency_ms is None or (net.predicted_ms is not None and net.predicted_ms <= max_latency_ms):
            nets.append(net)
    sizes_differ = len({net.graph.input.shape for net in nets}) > 1
    columns: tuple[Column[Net], ...] = (
        NAME,
        Column("family", "family", _family),
        INPUT,
        PARAMS,
        MACS,
        ACTIVATIONS,
        _counted_by(FVCORE, "infer_gmacs", 1e9),
        _counted_by(FVCORE_ACTIVATIONS, "infer_macts", 1e6),
    )
    if floor is not None:
        columns = (
            *make_room(columns, sizes_differ),
            FLOOR,
            Column("eager_floor_ms", "eager floor", lambda net: net.eager_ms, "ms"),
            Column("images_per_s_floor", "images/s at most", images_per_s, "rate"),
        )
    if profile is not None:
        columns = (*make_room(columns, sizes_differ), *PREDICTED) if floor is None else (*columns, *PREDICTED)
    if sort == "top1":
        columns = (*columns, *(replace(column, optional=False) for column in TOP1))
    if sort is not None:
        nets.sort(key=lambda net: (ORDERS[sort](net), net.graph.name))
    table = tabulate("variants", "variants", columns, nets)
    notes = ((floor.note, EAGER_NOTE) if floor else ()) + ((OF_WEIGHTS,) if sort == "top1" else ())
    notes += (predicted_note(profile, outside),) if profile else ()
    notes += (SIZES_DIFFER,) if sizes_differ and (floor or sort in OF_AN_IMAGE) else ()
    return Report("list", None, counted(len(nets), "variant"), tables=(table,), notes=notes)


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
            None,
            graph,
            work_of(graph),
            *(floor.of(graph) if floor else (0.0, 0.0)),
            highest(results, side_of(graph.input.shape), "any" if of_runs else "imagenet-1k"),
            profile.predict(graph) if profile else None,
        )
        for graph, results in zip(graphs, published or [()] * len(graphs), strict=True)
    ]
    rated = bool(of_runs) or any(net.top for net in nets)

    def ratio(key: str, cost: Callable[[Net], float], optional: bool = False) -> Column[Net]:
        return Column(key, "ratio", lambda net: round(cost(net) / cost(nets[0]), 6), "ratio", optional)

    def slowdown(net: Net) -> float | None:
        ms, first_ms = net.predicted_ms, nets[0].predicted_ms
        return None if ms is None or first_ms is None else round(ms / first_ms, 6)

    columns: tuple[Column[Net], ...] = (
        NAME,
        replace(INPUT, optional=True),
        PARAMS,
        ratio("params_ratio", lambda net: net.work.params),
        MACS,
        ratio("macs_ratio", lambda net: net.work.macs),
        Column("flops", "FLOPs", lambda net: 2 * net.work.macs, "count", optional=True),
        replace(ACTIVATIONS, optional=floor is not None),
        ratio("activations_ratio", lambda net: net.work.activations, optional=floor is not None),
        *((FLOOR, ratio("floor_ratio", lambda net: net.floor_ms)) if floor else ()),
        *((*PREDICTED, Column("predicted_ratio", "ratio", slowdown, "ratio")) if profile else ()),
        *(TOP1 if rated else ()),
    )
    notes = [f"ratios are to {graphs[0].name}"]
    if len({graph.input for graph in graphs}) > 1:
        notes.append(SIZES_DIFFER)
    notes += [floor.note] if floor else []
    notes += [predicted_note(profile, sum(net.predicted_ms is None for net in nets))] if profile else []
    notes += [of_runs or OF_WEIGHTS] if rated else []
    notes += [note for graph in graphs for note in unseen_notes(graph)]
    table = tabulate("models", "models", columns, nets)
    return Report("compare", graphs[0].name, counted(len(graphs), "model"), tables=(table,), notes=tuple(notes))
