"""A net and its costs as the row of a table: the columns, orders and notes that all tables of nets share."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar, get_args

from resnet_inspect.counting.accuracy import Accuracy
from resnet_inspect.graph import Graph
from resnet_inspect.graph.facts.work import work_of
from resnet_inspect.questions.accuracy import accuracy_columns
from resnet_inspect.questions.predicted import predicted_columns
from resnet_inspect.report import Column
from resnet_inspect.resnet.zoo import Variant
from resnet_inspect.sources.costs import Costs
from resnet_inspect.units import text

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Prediction

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

EAGER_NOTE = "eager floor: every call reads and writes memory, as torch runs without compile"
SIZES_DIFFER = "the inputs differ; give --input to compare at one size"


class Floor(NamedTuple):
    """``of`` gives the least times of a forward pass in ms, fused and eager; ``on`` names where they hold: bf16 on
    NVIDIA A100 SXM 80 GB. ``figures`` tell apart two devices of one title, as a user may write them."""

    of: Callable[[Graph], tuple[float, float]]
    on: str
    figures: str = ""

    @property
    def note(self) -> str:
        return f"floor: the least time of the batch in {self.on}; `resnet-inspect roofline` shows its parts"


class Net(NamedTuple):
    """``variant`` and ``graph`` are None for a library's net, ``top`` where no accuracy is published or asked for."""

    costs: Costs
    graph: Graph | None = None
    variant: Variant | None = None
    top: Accuracy | None = None

    @property
    def family(self) -> str:
        return self.variant.family if self.variant else ""


def price(name: str, graph: Graph, floor: Floor | None, predict: "Callable[[Graph], Prediction] | None") -> Costs:
    """What ``graph``, called ``name``, costs, with its floors and its predicted time where they are asked for."""
    work = work_of(graph)
    floor_ms, eager_ms = floor.of(graph) if floor else (0.0, 0.0)
    costs = Costs(name, graph.input.shape, work.params, work.macs, work.activations, floor_ms, eager_ms)
    if predict is None:
        return costs
    time = predict(graph)
    return replace(costs, predicted_ms=time.ms, low_ms=time.low_ms, high_ms=time.high_ms, outside=time.reason)


NAME: Column[Net] = Column("name", "model", lambda net: net.costs.name, csv=("model", 1))
FAMILY: Column[Net] = Column("family", "family", lambda net: net.family)
INPUT: Column[Net] = Column("input", "input", lambda net: net.costs.input, "shape")
# timm's CSV files hold parameters and activations in millions, MACs in billions, both as fvcore counts them.
PARAMS: Column[Net] = Column("params", "params", lambda net: net.costs.params, "count", csv=("param_count", 1e6))
MACS: Column[Net] = Column("macs", "MACs", lambda net: net.costs.macs, "count")
ACTIVATIONS: Column[Net] = Column("activations", "activ.", lambda net: net.costs.activations, "count")
FLOOR: Column[Net] = Column("floor_ms", "floor", lambda net: net.costs.floor_ms, "ms")
ON_A_DEVICE: tuple[Column[Net], ...] = (
    FLOOR,
    Column("eager_floor_ms", "eager floor", lambda net: net.costs.eager_ms, "ms"),
    Column("images_per_s_floor", "images/s at most", lambda net: 1e3 * net.costs.input[0] / net.costs.floor_ms, "rate"),
)
PREDICTED: tuple[Column[Net], ...] = predicted_columns(
    lambda net: (net.costs.predicted_ms, net.costs.low_ms, net.costs.high_ms)
)
TOP1: tuple[Column[Net], ...] = accuracy_columns(lambda net: net.top)

ORDERS: dict[Sort, Callable[[Net], str | float]] = {
    "name": lambda net: net.costs.name,
    "family": lambda net: net.family or net.costs.name,  # a library has none
    "params": lambda net: net.costs.params,
    "macs": lambda net: net.costs.macs,
    "activations": lambda net: net.costs.activations,
    "floor": lambda net: net.costs.floor_ms,
    "latency": lambda net: inf if net.costs.predicted_ms is None else net.costs.predicted_ms,
    "top1": lambda net: -net.top.top1 if net.top else 0.0,  # the best first
}


def most_common_size(sizes: Iterable[tuple[int, ...]]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The height and width of most nets, whose costs can be ranked, and a note on the others if there are any."""
    from collections import Counter

    (usual, _), *others = Counter(sizes).most_common()
    counts = ", ".join(f"{count} of {text(size, 'shape')}" for size, count in others)
    note = f"nets for {text(usual, 'shape')} alone; left out: {counts}; --input ranks all nets at one size"
    return usual, (note,) if others else ()


def make_room(columns: Sequence[Column[T]], sizes_differ: bool) -> tuple[Column[T], ...]:
    """The columns; a narrow terminal leaves out others before the floors, which the user asked for.

    Images of several sizes stay, as nothing else tells them.
    """
    spared = ("family", "macs", "activations") if sizes_differ else ("family", "input", "activations")
    return tuple(replace(column, optional=column.key in spared) for column in columns)
