"""Many nets as a table: the zoo's variants, or those that a library makes by name."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from resnet_inspect.counting.accuracy import best
from resnet_inspect.counting.conventions import FVCORE, FVCORE_ACTIVATIONS
from resnet_inspect.counting.count import Convention, count
from resnet_inspect.counting.writing import as_written
from resnet_inspect.questions.accuracy import OF_WEIGHTS
from resnet_inspect.questions.nets import (
    ACTIVATIONS,
    EAGER_NOTE,
    FAMILY,
    INPUT,
    MACS,
    NAME,
    OF_AN_IMAGE,
    ON_A_DEVICE,
    ORDERS,
    PARAMS,
    PREDICTED,
    SIZES_DIFFER,
    TOP1,
    Floor,
    Net,
    Sort,
    make_room,
    most_common_size,
)
from resnet_inspect.questions.predicted import predicted_note
from resnet_inspect.report import Column, Report, tabulate
from resnet_inspect.sources.costs import Costs
from resnet_inspect.units import counted

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Profile


class Limits(NamedTuple):
    """The most that a net may have; None is no limit. A net outside the profile keeps no ``latency_ms``."""

    params: float | None = None
    macs: float | None = None
    floor_ms: float | None = None
    latency_ms: float | None = None

    def hold(self, costs: Costs) -> bool:
        limited = ((costs.params, self.params), (costs.macs, self.macs), (costs.floor_ms, self.floor_ms))
        if self.latency_ms is not None and (costs.predicted_ms is None or costs.predicted_ms > self.latency_ms):
            return False
        return all(limit is None or cost <= limit for cost, limit in limited)


NO_LIMITS = Limits()


def _counted_by(tool: Convention, name: str, factor: float) -> Column[Net]:
    """What ``tool`` counts of one image, for programs, under timm's name; None for a batch of several."""

    def total(net: Net) -> int | None:
        if net.variant is None or net.graph is None or net.costs.input[0] != 1:
            return None
        return count(tool, as_written(net.graph, net.variant.writing)).total

    return Column(tool.name, "", total, "count", csv=(name, factor))


COSTS: tuple[Column[Net], ...] = (PARAMS, MACS, ACTIVATIONS)
BY_FVCORE = (_counted_by(FVCORE, "infer_gmacs", 1e9), _counted_by(FVCORE_ACTIVATIONS, "infer_macts", 1e6))


def variants(
    nets: Iterable[Net],
    sort: Sort | None = None,
    limits: Limits = NO_LIMITS,
    floor: Floor | None = None,
    profile: "Profile | None" = None,
) -> Report:
    """A row for each variant within the limits, in the given order unless ``sort`` names another.

    ``floor`` and ``profile`` are what their costs were priced with.
    """
    return _listing("variant", (NAME, FAMILY, INPUT, *COSTS, *BY_FVCORE), [*nets], sort, limits, floor, profile)


def library(
    costs: Sequence[Costs],
    sort: Sort | None = None,
    limits: Limits = NO_LIMITS,
    floor: Floor | None = None,
    profile: "Profile | None" = None,
    one_size: bool = False,
) -> Report:
    """As ``variants``, of the nets of a library by name; ``one_size`` leaves out nets for other images than most."""
    nets = [Net(each) for each in costs if not each.refusal]
    notes: tuple[str, ...] = ()
    if one_size and nets:
        usual, notes = most_common_size(net.costs.input[2:] for net in nets)
        nets = [net for net in nets if net.costs.input[2:] == usual]
    report = _listing("net", (NAME, INPUT, *COSTS), nets, sort or "name", limits, floor, profile)
    if refused := [each for each in costs if each.refusal]:
        share = f"{len(refused)} of {len(costs)}"
        reason = f"{refused[0].name}: {refused[0].refusal}"
        notes = (*notes, f"left out, as their calls cannot be read: {share}; {reason}")
    return replace(report, notes=report.notes + notes)


def _listing(
    noun: str,
    columns: tuple[Column[Net], ...],
    nets: Sequence[Net],
    sort: Sort | None,
    limits: Limits,
    floor: Floor | None,
    profile: "Profile | None",
) -> Report:
    kept = [net for net in nets if limits.hold(net.costs)]
    sizes_differ = len({net.costs.input for net in kept}) > 1
    notes: tuple[str, ...] = ()
    if floor is not None or profile is not None:
        columns = make_room(columns, sizes_differ)
    if floor is not None:
        columns, notes = (*columns, *ON_A_DEVICE), (floor.note, EAGER_NOTE)
    if sort == "top1":
        kept = [net._replace(top=best(net.costs.name, net.costs.input)) for net in kept]
        notes = (*notes, OF_WEIGHTS)
    if profile is not None:
        columns = (*columns, *PREDICTED)
        others = limits._replace(latency_ms=None)
        outside = sum(net.costs.predicted_ms is None and others.hold(net.costs) for net in nets)
        notes = (*notes, predicted_note(profile, outside))
    if sort == "top1":
        columns = (*columns, *(replace(column, optional=False) for column in TOP1))
    if sort is not None:
        kept.sort(key=lambda net: (ORDERS[sort](net), net.costs.name))
    if sizes_differ and (floor or sort in OF_AN_IMAGE):
        notes = (*notes, SIZES_DIFFER)
    table = tabulate(f"{noun}s", f"{noun}s", columns, kept)
    return Report("list", None, counted(len(kept), noun), tables=(table,), notes=notes)
