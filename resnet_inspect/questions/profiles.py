"""The profiles that a user has and those of this package, a row for each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from resnet_inspect.prediction.profile import Profile
from resnet_inspect.report import Column, Finding, Report, tabulate
from resnet_inspect.units import counted


def profiles_report(own: Sequence[Profile], shipped: Mapping[str, Profile], broken: Mapping[Path, str]) -> Report:
    """A row for each profile: machine, torch, conditions, when it was made, and how far it lies off its own nets.

    ``shipped`` are by the name that ``--profile`` takes; a user's own need none, as ``--device`` finds them. ``broken``
    are files in the user's folder that are no whole profile, each with the reason.
    """
    listed = [*(_Listed(None, profile) for profile in own), *(_Listed(name, shipped[name]) for name in shipped)]
    columns: tuple[Column[_Listed], ...] = (
        Column("name", "--profile", lambda row: row.name),
        Column("device", "device", lambda row: row.profile.conditions.device),
        Column("precision", "precision", lambda row: row.profile.conditions.precision),
        Column("layout", "layout", lambda row: row.profile.conditions.layout, optional=True),
        Column("mode", "mode", lambda row: row.profile.conditions.mode),
        Column("threads", "threads", lambda row: row.profile.conditions.threads, "integer"),
        Column("machine", "machine", lambda row: row.profile.conditions.machine or None),
        Column("torch", "torch", lambda row: row.profile.conditions.torch or None, optional=True),
        Column("nets", "nets", lambda row: len(row.profile.nets), "integer", optional=True),
        Column("median_error", "median error", lambda row: _median_error(row.profile), "share"),
        Column("date", "measured on", lambda row: row.profile.origin.date or None, optional=True),
    )
    return Report(
        kind="profiles",
        model=None,
        title=f"{counted(len(own), 'profile')} of yours, {len(shipped)} shipped",
        tables=(tabulate("profiles", "profiles", columns, listed),),
        findings=tuple(
            Finding("broken-profile", file.name, reason, f"calibrate again, or delete {file}")
            for file, reason in broken.items()
        ),
        notes=() if own else ("`resnet-inspect calibrate` makes one of this machine",),
    )


class _Listed(NamedTuple):
    name: str | None
    profile: Profile


def _median_error(profile: Profile) -> float:
    return median(abs(residual.error) for residual in profile.residuals)
