"""What the nets of a library cost: a row for each that matches."""

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING

from resnet_inspect.counting.accuracy import Accuracy, best
from resnet_inspect.questions.accuracy import OF_WEIGHTS, accuracy_columns
from resnet_inspect.questions.predicted import predicted_columns, predicted_note
from resnet_inspect.questions.variants import (
    EAGER_NOTE,
    SIZES_DIFFER,
    Floor,
    Sort,
    make_room,
    most_common_size,
)
from resnet_inspect.report import Column, Report, tabulate
from resnet_inspect.sources.costs import Costs
from resnet_inspect.units import counted

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Profile

COLUMNS: tuple[Column[Costs], ...] = (
    Column("name", "model", lambda net: net.name, csv=("model", 1)),
    Column("input", "input", lambda net: net.input, "shape"),
    Column("params", "params", lambda net: net.params, "count", csv=("param_count", 1e6)),
    Column("macs", "MACs", lambda net: net.macs, "count"),
    Column("activations", "activ.", lambda net: net.activations, "count"),
)


def _top(net: Costs) -> Accuracy | None:
    return best(net.name, net.input)


ON_A_DEVICE: tuple[Column[Costs], ...] = (
    Column("floor_ms", "floor", lambda net: net.floor_ms, "ms"),
    Column("eager_floor_ms", "eager floor", lambda net: net.eager_ms, "ms"),
    Column("images_per_s_floor", "images/s at most", lambda net: 1e3 * net.input[0] / net.floor_ms, "rate"),
)
PREDICTED: tuple[Column[Costs], ...] = predicted_columns(lambda net: (net.predicted_ms, net.low_ms, net.high_ms))
ORDERS: dict[Sort, Callable[[Costs], str | float]] = {
    "name": lambda net: net.name,
    "family": lambda net: net.name,  # a library has none
    "params": lambda net: net.params,
    "macs": lambda net: net.macs,
    "activations": lambda net: net.activations,
    "floor": lambda net: net.floor_ms,
    "latency": lambda net: inf if net.predicted_ms is None else net.predicted_ms,
    "top1": lambda net: -top.top1 if (top := _top(net)) else 0.0,  # the best first
}


def library(
    nets: Sequence[Costs],
    sort: Sort | None = None,
    max_params: float | None = None,
    max_macs: float | None = None,
    floor: Floor | None = None,
    max_floor_ms: float | None = None,
    one_size: bool = False,
    profile: "Profile | None" = None,
    max_latency_ms: float | None = None,
) -> Report:
    """A row for each net within the limits, in the given order unless ``sort`` names another.

    ``profile`` is what predicted the times; a net outside it keeps no ``max_latency_ms``.
    ``one_size`` leaves out nets for images of another size than most.
    """

    def keeps(net: Costs) -> bool:
        limited = ((net.params, max_params), (net.macs, max_macs), (net.floor_ms, max_floor_ms))
        if max_latency_ms is not None and (net.predicted_ms is None or net.predicted_ms > max_latency_ms):
            return False
        return all(limit is None or cost <= limit for cost, limit in limited)

    read = [net for net in nets if not net.refusal]
    others: tuple[str, ...] = ()
    if one_size and read:
        usual, others = most_common_size(net.input[2:] for net in read)
        read = [net for net in read if net.input[2:] == usual]
    kept = sorted(filter(keeps, read), key=lambda net: (ORDERS[sort or "name"](net), net.name))
    sizes_differ = len({net.input for net in kept}) > 1
    columns = COLUMNS
    if floor is not None:
        columns = (*make_room(COLUMNS, sizes_differ), *ON_A_DEVICE)
    notes = [floor.note, EAGER_NOTE] if floor else []
    if profile is not None:
        columns = (*make_room(columns, sizes_differ), *PREDICTED) if floor is None else (*columns, *PREDICTED)
        notes.append(predicted_note(profile, sum(net.predicted_ms is None for net in read)))
    if sort == "top1":
        columns = (*columns, *accuracy_columns(_top, optional=False))
        notes.append(OF_WEIGHTS)
    notes += others
    if sizes_differ:
        notes.append(SIZES_DIFFER)
    if refused := [net for net in nets if net.refusal]:
        share = f"{len(refused)} of {len(nets)}"
        notes.append(f"left out, as their calls cannot be read: {share}; {refused[0].name}: {refused[0].refusal}")
    table = tabulate("nets", "nets", columns, kept)
    return Report("list", None, counted(len(kept), "net"), tables=(table,), notes=tuple(notes))
