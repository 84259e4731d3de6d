"""A profile fitted to a published table, judged by the nets of the table that it was not fitted to."""

from collections.abc import Iterator, Sequence
from math import exp

from resnet_inspect.prediction.judge import Accuracy, Judged, accuracy
from resnet_inspect.prediction.profile import Profile
from resnet_inspect.report import Column, Fact, Finding, Report, Table, tabulate
from resnet_inspect.units import counted, text

LEAST_COVERED = 0.75  # of the times: fewer are no chance where nine in ten were meant

COLUMNS: tuple[Column[Judged], ...] = (
    Column("model", "model", lambda each: each.sample.name),
    Column("input", "input", lambda each: each.sample.input, "shape"),
    Column("published_ms", "published", lambda each: 1e3 * each.sample.seconds, "ms"),
    Column("ms", "predicted", lambda each: each.prediction.ms, "ms"),
    Column("low_ms", "90% from", lambda each: each.prediction.low_ms, "ms", optional=True),
    Column("high_ms", "to", lambda each: each.prediction.high_ms, "ms", optional=True),
    Column("error", "error", lambda each: each.error, "share"),
    Column("basis", "basis", lambda each: each.prediction.basis),
    Column("reason", "why outside", lambda each: each.prediction.reason or None, optional=True),
)


def published(profile: Profile, held_out: Sequence[Judged], left_out: Sequence[str], saved_to: str | None) -> Report:
    """The report on ``profile``: ``held_out`` are rows of nets that it has not seen, ``left_out`` not in the zoo."""
    conditions, reached = profile.conditions, accuracy(held_out)
    outside = {each.sample.name for each in held_out if each.prediction.basis == "outside"}
    tested = {each.sample.name for each in held_out if each.error is not None}
    facts = (
        Fact("device", "device", conditions.place),
        Fact("precision", "precision", conditions.precision),
        Fact("layout", "layout", conditions.layout),
        Fact("mode", "mode", conditions.mode),
        Fact("nets_fitted", "nets fitted", len(profile.nets), "integer"),
        Fact("nets_tested", "nets tested", len(tested), "integer"),
        Fact("nets_outside", "nets outside", len(outside), "integer"),
        Fact("nets_left_out", "no net of the zoo", len(left_out), "integer"),
        Fact("median_error", "median error", reached.median_error, "share"),
        Fact("p90_error", "90% of errors under", reached.p90_error, "share"),
        Fact("worst_error", "largest error", reached.worst_error, "share"),
        Fact("coverage", "times within 90% interval", reached.coverage, "share"),
        Fact("interval", "90% interval, at least ±", exp(profile.spread) - 1, "share"),
    )
    notes = [
        "errors are of nets that the profile was not fitted to; nets outside it are in none of these numbers",
        f"fitted to {', '.join(profile.nets)}",
        *([f"left out, as no net of the zoo: {', '.join(left_out)}"] if left_out else []),
        *([] if saved_to else ["nothing was saved; -o PROFILE.json keeps the profile"]),
    ]
    return Report(
        kind="calibrate",
        model=None,
        title=f"{profile.origin.source}: {counted(len(profile.nets), 'net')} fitted, {len(tested)} predicted",
        facts=facts,
        tables=(_table(held_out),),
        findings=tuple(_findings(profile, held_out, reached)),
        notes=tuple(notes),
    )


def _findings(profile: Profile, held_out: Sequence[Judged], reached: Accuracy) -> Iterator[Finding]:
    """What tells that the table was not measured as the options say."""
    conditions = profile.conditions
    faster = sum(1e3 * each.sample.seconds < (each.prediction.floor_ms or 0.0) for each in held_out)
    if faster:
        message = f"{faster} of {len(held_out)} published times are below the floor in {conditions.arithmetic}"
        yield Finding("below-floor", conditions.place, message, "give the table's own --device-like and --precision")
    if reached.coverage is not None and reached.coverage < LEAST_COVERED:
        message = f"only {text(reached.coverage, 'share')} of the times lie in their 90% interval"
        yield Finding("not-covered", profile.origin.source, message, "do not rely on the intervals of this profile")


def _table(held_out: Sequence[Judged]) -> Table:
    worst_first = sorted(held_out, key=lambda each: -abs(each.error or 0.0))
    return tabulate("nets", "nets that the profile has not seen", COLUMNS, worst_first)
