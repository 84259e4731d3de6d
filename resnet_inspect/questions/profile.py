"""What a profile says of its machine: how fast each class of work is, how well it predicts, what it has not seen."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp
from statistics import median

from resnet_inspect.benchmark.record import Record
from resnet_inspect.graph import Graph
from resnet_inspect.prediction.features import BYTE_CLASSES, CLASSES, FLOP_CLASSES, TITLES, WorkClass
from resnet_inspect.prediction.judge import ninth_in_ten
from resnet_inspect.prediction.profile import Profile, Residual
from resnet_inspect.prediction.profiles import HERE
from resnet_inspect.report import Column, Fact, Finding, Report, Table, tabulate
from resnet_inspect.units import Unit

LISTED = 3  # nets that stand for a reason


def profile_report(profile: Profile, nets: Iterable[Graph], record: Record | None = None) -> Report:
    """The report on ``profile``, on which of ``nets`` are outside it, and on what failed in its ``record``."""
    conditions, errors = profile.conditions, [residual.error for residual in profile.residuals]
    outside = _outside(profile, nets)
    return Report(
        kind="profile",
        model=None,
        title=f"profile of {conditions.place}, {conditions.label}",
        facts=(
            Fact("device", "device", conditions.device),
            Fact("machine", "machine", conditions.machine or None),
            Fact("torch", "torch", conditions.torch or None),
            Fact("precision", "precision", conditions.precision),
            Fact("layout", "layout", conditions.layout),
            Fact("mode", "mode", conditions.mode),
            Fact("threads", "threads", conditions.threads, "integer"),
            Fact("date", "measured on", profile.origin.date or None),
            Fact("source", "source", profile.origin.source or None),
            Fact("nets_fitted", "nets", len(profile.nets), "integer"),
            Fact("samples", "measurements", len(profile.samples), "integer"),
            Fact("median_error", "median error", median(map(abs, errors)), "share"),
            Fact("p90_error", "90% of errors under", ninth_in_ten(map(abs, errors)), "share"),
            Fact("interval", "90% interval, at least ±", exp(profile.spread) - 1, "share"),
            Fact("reference_ms", "reference workload", profile.reference_ms, "ms"),
        ),
        tables=(_rates(profile), _residuals(profile.residuals), *((outside,) if outside.rows else ())),
        findings=tuple(_left_out(record)) if record else (),
        notes=(
            f"of the ceiling: {_ceiling(profile)}",
            "– took too little time in these nets to be told from the other classes",
            "errors: of each net, predicted from all the others",
        ),
    )


def _ceiling(profile: Profile) -> str:
    """What the shares of a ceiling are shares of."""
    of = "of the fastest product or copy that the same run measured"
    if profile.ceilings and profile.conditions.device not in HERE:
        of = f"of the peak and the bandwidth by {profile.ceilings.source}"
    return f"{of}; past 100%, another class has some of the time"


def _left_out(record: Record) -> Iterator[Finding]:
    """What of a calibration the profile does not stand on."""
    for result in record.results:
        if not result.valid:
            yield Finding("left-out", result.case.label, f"{result.status}: the profile is without it")


def _rates(profile: Profile) -> Table:
    columns: tuple[Column[WorkClass], ...] = (
        Column("class", "class of work", TITLES.__getitem__),
        Column("rate", "reaches", lambda name: _rate(profile, name), _rate_unit),
        Column("of_ceiling", "of the ceiling", lambda name: _of_ceiling(profile, name), "share"),
    )
    return tabulate("rates", "rates", columns, [name for name in CLASSES if _is_in(profile, name)])


def _is_in(profile: Profile, name: WorkClass) -> bool:
    return any(sample.features.amounts.get(name) for sample in profile.samples)


def _rate(profile: Profile, name: WorkClass) -> float | None:
    """FLOP or bytes a second; of calls, milliseconds of one."""
    seconds = profile.coefficients[name]
    if not seconds:
        return None
    return 1e3 * seconds if name == "calls" else 1 / seconds


def _rate_unit(name: WorkClass) -> Unit:
    return "flop_rate" if name in FLOP_CLASSES else "byte_rate" if name in BYTE_CLASSES else "ms"


def _of_ceiling(profile: Profile, name: WorkClass) -> float | None:
    rate, ceilings = _rate(profile, name), profile.ceilings
    if rate is None or ceilings is None or name == "calls":
        return None
    return rate / (ceilings.flop_per_s if name in FLOP_CLASSES else ceilings.bytes_per_s)


def _residuals(residuals: Sequence[Residual]) -> Table:
    columns: tuple[Column[Residual], ...] = (
        Column("model", "model", lambda residual: residual.name),
        Column("input", "input", lambda residual: residual.input, "shape"),
        Column("ms", "measured", lambda residual: residual.ms, "ms"),
        Column("left_out_ms", "predicted from the others", lambda residual: residual.left_out_ms, "ms"),
        Column("error", "error", lambda residual: residual.error, "share"),
    )
    return tabulate("residuals", "calibration nets", columns, residuals)


@dataclass(frozen=True, slots=True)
class _Unseen:
    reason: str
    nets: tuple[str, ...]


def _outside(profile: Profile, nets: Iterable[Graph]) -> Table:
    """The nets that the profile answers no number for, by reason."""
    by_reason: dict[str, list[str]] = {}
    for graph in nets:
        reason = profile.predict(graph).reason
        if reason:
            by_reason.setdefault(reason, []).append(graph.name)
    columns: tuple[Column[_Unseen], ...] = (
        Column("reason", "why", lambda unseen: unseen.reason),
        Column("nets", "nets", lambda unseen: len(unseen.nets), "integer"),
        Column("examples", "such as", lambda unseen: ", ".join(unseen.nets[:LISTED])),
    )
    rows = [_Unseen(reason, tuple(names)) for reason, names in by_reason.items()]
    return tabulate("outside", "outside the profile, at batch 1", columns, sorted(rows, key=lambda row: -len(row.nets)))
