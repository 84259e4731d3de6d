"""Top-1 accuracy against a cost of each net, with the front: the nets that no other beats in both."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, get_args

from resnet_inspect.chart import Axis, Chart, Line, Point, Points
from resnet_inspect.errors import RequestError
from resnet_inspect.questions.choose import Candidate, front, is_floor
from resnet_inspect.report import Column, tabulate
from resnet_inspect.units import Unit, counted, text

Against = Literal["time", "macs", "params"]
AGAINST: tuple[Against, ...] = get_args(Against)
TIMES = {"measured": "measured time", "predicted": "predicted time", "floor": "least time"}
FLOORS = "a floor: at least that time"
FRONT = 0  # slot of the palette
FEW = 12  # nets that all have their names written


class Cost(NamedTuple):
    """What accuracy is held against."""

    title: str
    unit: Unit
    of: Callable[[Candidate], float | None]


COSTS: dict[Against, Cost] = {
    "time": Cost("time of a batch", "ms", lambda net: net.ms),
    "macs": Cost("MACs of a batch", "count", lambda net: net.costs.macs),
    "params": Cost("parameters", "count", lambda net: net.costs.params),
}


class Rated(NamedTuple):
    """A net with a top-1 in percent and a cost."""

    net: Candidate
    top1: float
    cost: float

    @property
    def name(self) -> str:
        return self.net.costs.name

    @property
    def basis(self) -> str | None:
        return self.net.time.basis if self.net.time else None


BASIS: Column[Rated] = Column("basis", "basis", lambda each: each.basis)
PARAMS: Column[Rated] = Column("params", "params", lambda each: each.net.costs.params, "count")


def pareto(nets: Sequence[Candidate], against: Against, on: str = "") -> Chart:
    """A point for each net with a published top-1 and that cost; ``on`` says where times hold.

    The nets on the front have their names written; where nets are few, all have.

    Raises:
        RequestError: no net has both.
    """
    cost = COSTS[against]
    rated = [Rated(net, net.top1, value) for net in nets if net.top1 is not None and (value := cost.of(net))]
    if not rated:
        raise RequestError(f"no net has a published top-1 and a {cost.title}", hint="--among names other nets")
    rated.sort(key=lambda each: (each.cost, -each.top1))
    best = front(nets) if against == "time" else _front(rated)
    ahead = [each for each in rated if each.name in best]
    bases = {each.basis for each in rated} if against == "time" else set()
    floors = {each.name for each in rated if is_floor(each.net)} if len(bases) > 1 else set()
    title = TIMES[str(min(bases, key=str))] if len(bases) == 1 else cost.title
    few = len(rated) <= FEW
    columns: tuple[Column[Rated], ...] = (
        Column("model", "model", lambda each: each.name),
        Column("top1", "top-1", lambda each: each.top1, "percent"),
        Column(against, title, lambda each: each.cost, cost.unit),
        *([BASIS] if bases else []),
        *([PARAMS] if against != "params" else []),
        Column("pareto", "front", lambda each: each.name in best, "mark"),
    )

    def points(
        label: str, color: int | None, chosen: Callable[[Rated], bool], written: bool = True, hollow: bool = False
    ) -> Points:
        dots = (
            Point(each.cost, each.top1, each.name if written else "", each.net.costs.params, _tell(each, cost))
            for each in rated
            if chosen(each)
        )
        return Points(tuple(dots), label, color, hollow)

    return Chart(
        key="pareto",
        title=f"Top-1 against {title}{f', {on}' if against == 'time' and on else ''}",
        x=Axis(title, cost.unit, "log"),
        y=Axis("top-1 on ImageNet", "percent"),
        marks=(
            *([points(FLOORS, None, lambda each: each.name in floors, few, hollow=True)] if floors else []),
            points("beaten in both", None, lambda each: each.name not in best | floors, few),
            Line(tuple((each.cost, each.top1) for each in ahead), color=FRONT, step=True),
            points("the front: beaten by none", FRONT, lambda each: each.name in best),
        ),
        table=tabulate("nets", f"top-1 against {title}", columns, rated),
        alt=f"Top-1 against {title} of {counted(len(rated), 'net')}. On the front: "
        + ", ".join(each.name for each in ahead),
        area="area: parameters",
    )


def _front(rated: Sequence[Rated]) -> frozenset[str]:
    """The names of the nets that none beats, of nets by rising cost: each is more accurate than all cheaper ones."""
    best: set[str] = set()
    highest = (-1.0, 0.0)  # top-1, and the cost at which it is first reached
    for each in rated:
        if each.top1 > highest[0]:
            highest = each.top1, each.cost
        if (each.top1, each.cost) == highest:
            best.add(each.name)
    return frozenset(best)


def _tell(each: Rated, cost: Cost) -> str:
    basis = f" {each.basis}" if cost.unit == "ms" else ""
    params = text(each.net.costs.params, "count")
    return f"{each.name}: {text(each.top1, 'percent')}, {text(each.cost, cost.unit)}{basis}, {params} parameters"
