"""The nets that keep some bounds, and which of them no other beats in both accuracy and time."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal, NamedTuple, get_args

from resnet_inspect.counting.accuracy import Accuracy, TrainedOn, best
from resnet_inspect.errors import FAILED, OK
from resnet_inspect.questions.accuracy import OF_WEIGHTS, accuracy_columns
from resnet_inspect.questions.times import Basis, Time
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate
from resnet_inspect.sources.costs import Costs
from resnet_inspect.units import Unit, counted, text

Sort = Literal["top1", "ms", "params", "name"]
SORTS: tuple[Sort, ...] = get_args(Sort)
NAMED = 3  # nets that a note names


class Candidate(NamedTuple):
    """A net with its costs, its time where one is known, and its published accuracy where there is one."""

    costs: Costs
    time: Time | None
    top: Accuracy | None

    @property
    def ms(self) -> float | None:
        return self.time.ms if self.time else None

    @property
    def top1(self) -> float | None:
        return self.top.top1 if self.top else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The most that a net may cost, and the least top-1 in percent; None is no bound."""

    latency_ms: float | None = None
    params: float | None = None
    memory: float | None = None
    top1: float | None = None


class Bound(NamedTuple):
    """One bound: its option, its limit with its unit, and the net's own number; ``least`` where that must be higher."""

    option: str
    limit: float | None
    unit: Unit
    of: Callable[[Candidate], float | None]
    least: bool = False

    def excess(self, net: Candidate) -> float:
        """How many times the net is beyond the bound; above 1 it is broken, and endlessly where nothing is known."""
        value = self.of(net)
        if value is None or self.limit is None:
            return inf
        return self.limit / value if self.least else value / self.limit

    def holds(self, net: Candidate) -> bool:
        return self.excess(net) <= 1

    def tell(self, net: Candidate) -> str:
        """``12.3 ms is over 10 ms``."""
        limit = round(self.limit or 0.0) if self.unit in ("count", "bytes") else self.limit
        side = "below" if self.least else "over"
        return f"{text(self.of(net), self.unit)} is {side} {text(limit, self.unit)}"


def bounds_of(bounds: Bounds) -> list[Bound]:
    """The bounds that are set."""
    every = (
        Bound("--max-latency-ms", bounds.latency_ms, "ms", lambda net: net.ms),
        Bound("--max-params", bounds.params, "count", lambda net: net.costs.params),
        Bound("--max-memory", bounds.memory, "bytes", lambda net: net.costs.peak_bytes),
        Bound("--min-top1", bounds.top1, "percent", lambda net: net.top1, least=True),
    )
    return [bound for bound in every if bound.limit is not None]


# A row's place: the best first, and last what nobody has published.
ORDERS: dict[Sort, Callable[[Candidate], tuple[float | str, ...]]] = {
    "top1": lambda net: (-(net.top1 or 0.0), net.ms or 0.0),
    "ms": lambda net: (net.ms or 0.0,),
    "params": lambda net: (net.costs.params,),
    "name": lambda net: (net.costs.name,),
}


def is_floor(net: Candidate) -> bool:
    """Whether the least time alone is known of ``net``."""
    return net.time is not None and net.time.basis == "floor"


def beats(one: Candidate, other: Candidate) -> bool:
    """Whether ``one`` is as accurate and as fast as ``other``, and better in one of the two.

    A floor is the least time, so a net with a floor alone beats none with a measured or predicted time.
    """
    if one.top1 is None or other.top1 is None or one.time is None or other.time is None:
        return False
    if is_floor(one) and not is_floor(other):
        return False
    costs, others = (-one.top1, one.time.ms), (-other.top1, other.time.ms)
    return costs != others and costs[0] <= others[0] and costs[1] <= others[1]


def front(nets: Sequence[Candidate]) -> frozenset[str]:
    """The names on the Pareto front of top-1 against time; a net without a published top-1 is not on it.

    Nor is a floor where others are measured or predicted: how fast that net is, nobody knows.
    """
    rated = [net for net in nets if net.top1 is not None and net.time is not None]
    alike = [net for net in rated if not is_floor(net)] or rated
    return frozenset(net.costs.name for net in alike if not any(beats(other, net) for other in alike))


def choose(
    nets: Sequence[Candidate],
    bounds: Bounds,
    on: str,
    sort: Sort = "top1",
    trained_on: TrainedOn = "imagenet-1k",
    of_runs: str = "",
) -> Report:
    """A row for each net with a time that keeps the bounds. ``on`` says where times hold: fp16 on NVIDIA T4 16 GB.

    ``of_runs`` says that accuracies are of the user's own runs, and of which; otherwise they are published ones.
    Where none does, the exit code is 1, and findings name the nearest and the bounds that it breaks.
    """
    limits = bounds_of(bounds)
    kept = [net for net in nets if net.time and all(bound.holds(net) for bound in limits)]
    kept.sort(key=lambda net: (*ORDERS[sort](net), net.costs.name))
    may_fit = sum(is_floor(net) for net in kept) if bounds.latency_ms is not None else 0
    return Report(
        kind="choose",
        model=None,
        title=_title(len(kept) - may_fit, may_fit, len(nets)),
        facts=(
            Fact("on", "on", on),
            Fact("considered", "nets considered", len(nets), "integer"),
            Fact("fitting", "nets that fit", len(kept) - may_fit, "integer"),
            Fact("may_fit", "nets that may fit", may_fit, "integer"),
        ),
        tables=(tabulate("choices", "choices", _columns(kept, limits), kept),),
        findings=() if kept else tuple(_forbidden(nets, limits)),
        notes=(*_time_notes(nets, kept, bounds), *_top1_notes(nets, bounds, trained_on, of_runs)),
        ok=bool(kept),
        exit_code=OK if kept else FAILED,
    )


def _title(fitting: int, may_fit: int, considered: int) -> str:
    """How many fit, and how many more may, as their floors alone keep the latency."""
    of = f"of {counted(considered, 'net')}"
    if may_fit and not fitting:
        return f"{may_fit} {of} may fit"
    more = f"; {may_fit} more may" if may_fit else ""
    return f"{fitting or 'none'} {of} {'fit' if fitting > 1 else 'fits'}{more}"


INTERVAL: tuple[Column[Candidate], ...] = (
    Column("low_ms", "from", lambda net: net.time and net.time.low_ms, "ms", optional=True),
    Column("high_ms", "to", lambda net: net.time and net.time.high_ms, "ms", optional=True),
)
HOW: Column[Candidate] = Column("how", "measured as", lambda net: (net.time and net.time.how) or None, spare=True)


def _columns(kept: Sequence[Candidate], limits: Sequence[Bound]) -> tuple[Column[Candidate], ...]:
    on_front = front(kept)
    bases = {net.time.basis for net in kept if net.time}
    sizes = {net.costs.input for net in kept}
    remembers = any(bound.option == "--max-memory" for bound in limits)
    accuracy: tuple[Column[Candidate], ...] = accuracy_columns(lambda net: net.top, optional=False)
    top1, recipe = accuracy
    return (
        Column("model", "model", lambda net: net.costs.name),
        top1,
        Column("ms", _time_title(bases), lambda net: net.ms, "ms"),
        *(INTERVAL if bases - {"floor"} else ()),
        Column("basis", "basis", lambda net: net.time and net.time.basis),
        Column("params", "params", lambda net: net.costs.params, "count"),
        *([Column("peak_bytes", "memory", lambda net: net.costs.peak_bytes, "bytes")] if remembers else ()),
        *([Column("input", "input", lambda net: net.costs.input, "shape")] if len(sizes) > 1 else ()),
        Column("pareto", "front", lambda net: net.costs.name in on_front, "mark"),
        recipe,
        *([HOW] if "measured" in bases else ()),
    )


def _time_title(bases: Collection[Basis]) -> str:
    if "floor" not in bases:
        return "time"
    return "time or floor" if len(bases) > 1 else "at least"


def _forbidden(nets: Sequence[Candidate], limits: Sequence[Bound]) -> Iterator[Finding]:
    """Each bound that alone forbids every net, or the nearest net where only several together do."""
    timed = [net for net in nets if net.time]
    if not limits:
        yield Finding("nothing-fits", "choose", "nothing tells a time of any net")
        return
    kept_but_for = {
        bound: [net for net in timed if all(other.holds(net) for other in limits if other is not bound)]
        for bound in limits
    }
    if any(kept_but_for.values()):
        yield from (_forbidden_by(bound, kept, len(limits) == 1) for bound, kept in kept_but_for.items() if kept)
        return
    known = [net for net in timed if all(bound.of(net) is not None for bound in limits)]
    if not known:
        where = ", ".join(bound.option for bound in limits)
        yield Finding("nothing-fits", where, "no net has a number for each of these", "leave one out")
        return
    nearest = min(known, key=lambda net: max(bound.excess(net) for bound in limits))
    broken = [bound for bound in limits if not bound.holds(nearest)]
    where = ", ".join(bound.option for bound in broken)
    told = ", ".join(bound.tell(nearest) for bound in broken)
    message = f"no net keeps all bounds but one; the nearest is {nearest.costs.name}: {told}"
    yield Finding("nothing-fits", where, message, "loosen them together")


def _forbidden_by(bound: Bound, nets: Sequence[Candidate], alone: bool) -> Finding:
    """What ``bound`` forbids: ``nets`` keep every other bound, where there are others."""
    hint = f"without {bound.option}, {counted(len(nets), 'net')} would fit"
    group = "" if alone else "of the nets that keep the other bounds, "
    known = [net for net in nets if bound.of(net) is not None]
    if not known:
        return Finding("nothing-fits", bound.option, f"{group}none has a number for it", hint)
    nearest = min(known, key=bound.excess)
    return Finding(
        "nothing-fits", bound.option, f"{group}the nearest is {nearest.costs.name}: {bound.tell(nearest)}", hint
    )


def _time_notes(nets: Sequence[Candidate], kept: Sequence[Candidate], bounds: Bounds) -> Iterator[str]:
    """What the times are worth, and which nets have none."""
    limit_ms = bounds.latency_ms
    if any(map(is_floor, kept)):
        miss = " and may miss the bound" if limit_ms else ""
        yield f"floor: at least that much; a real run takes longer{miss}: `resnet-inspect bench` tells"
    reaching = [net for net in kept if limit_ms and net.time and (net.time.high_ms or 0.0) > limit_ms]
    if reaching and limit_ms:
        names = ", ".join(net.costs.name for net in reaching[:NAMED]) + (" ..." if len(reaching) > NAMED else "")
        yield f"intervals that reach above {text(limit_ms, 'ms')}: {counted(len(reaching), 'net')}: {names}"
    if outside := [net.costs for net in nets if net.costs.outside]:
        yield f"outside the calibration: {counted(len(outside), 'net')}; {outside[0].name}: {outside[0].outside}"
    if untimed := sum(net.time is None for net in nets):
        yield f"left out, as nothing tells their time: {counted(untimed, 'net')}"
    if any(net.top for net in kept):
        apart = "; a net with a floor alone is not on it" if len({is_floor(net) for net in kept}) > 1 else ""
        yield f"front: no net in the table is as accurate and as fast, and better in one of the two{apart}"


def _top1_notes(
    nets: Sequence[Candidate], bounds: Bounds, trained_on: TrainedOn, of_runs: str
) -> Iterator[str]:  # fmt: skip
    """Whose the accuracies are, and how many nets have none."""
    if of_runs:
        yield of_runs
        if bounds.top1 is not None and (without := sum(net.top is None for net in nets)):
            yield f"left out, as no run is of them: {counted(without, 'net')}"
        return
    yield OF_WEIGHTS if trained_on == "imagenet-1k" else "top-1: the best published at that size, whatever it saw"
    unknown = [net.costs for net in nets if net.top is None]
    more = [costs for costs in unknown if best(costs.name, costs.input, "any")]
    if bounds.top1 is not None and len(unknown) > len(more):
        rest = counted(len(unknown) - len(more), "net")
        yield f"left out, as nobody has published a top-1 at their size: {rest}"
    if more:
        yield f"published only of weights that saw more data: {counted(len(more), 'net')}; --trained-on any counts them"
