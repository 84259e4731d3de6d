"""The profiles that a user has, a row for each."""

from collections.abc import Sequence
from statistics import median

from resnet_inspect.prediction.profile import Profile
from resnet_inspect.report import Column, Report, tabulate
from resnet_inspect.units import counted


def profiles_report(profiles: Sequence[Profile]) -> Report:
    """A row for each profile: machine, torch, conditions, when it was made, and how far it lies off its own nets."""
    columns: tuple[Column[Profile], ...] = (
        Column("device", "device", lambda profile: profile.conditions.device),
        Column("precision", "precision", lambda profile: profile.conditions.precision),
        Column("layout", "layout", lambda profile: profile.conditions.layout),
        Column("mode", "mode", lambda profile: profile.conditions.mode),
        Column("threads", "threads", lambda profile: profile.conditions.threads, "integer"),
        Column("machine", "machine", lambda profile: profile.conditions.machine or None),
        Column("torch", "torch", lambda profile: profile.conditions.torch or None),
        Column("nets", "nets", lambda profile: len(profile.nets), "integer"),
        Column("median_error", "median error", _median_error, "share"),
        Column("date", "measured on", lambda profile: profile.origin.date or None, optional=True),
    )
    return Report(
        kind="profiles",
        model=None,
        title=counted(len(profiles), "profile"),
        tables=(tabulate("profiles", "profiles", columns, profiles),),
        notes=() if profiles else ("`resnet-inspect calibrate` makes one",),
    )


def _median_error(profile: Profile) -> float:
    return median(abs(residual.error) for residual in profile.residuals)
