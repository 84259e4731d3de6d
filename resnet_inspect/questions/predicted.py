"""The columns and notes of a predicted time, in the tables of other questions."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from resnet_inspect.report import Column
from resnet_inspect.units import counted

if TYPE_CHECKING:
    from resnet_inspect.prediction.profile import Prediction, Profile

T = TypeVar("T")
Interval = tuple[float | None, float | None, float | None]


def predicted_columns(interval: Callable[[T], Interval]) -> tuple[Column[T], ...]:
    """The columns of a row's predicted time, of which ``interval`` gives the milliseconds and the two ends."""
    return (
        Column("predicted_ms", "predicted", lambda row: interval(row)[0], "ms"),
        Column("low_ms", "90% from", lambda row: interval(row)[1], "ms"),
        Column("high_ms", "to", lambda row: interval(row)[2], "ms"),
    )


def interval_of(prediction: "Prediction | None") -> Interval:
    """What ``predicted_columns`` shows of a prediction; nothing where no profile is given."""
    return (prediction.ms, prediction.low_ms, prediction.high_ms) if prediction else (None, None, None)


def predicted_note(profile: "Profile", outside: int) -> str:
    """What the predictions stand on, and how many nets have none."""
    without = f"; none for {counted(outside, 'net')} outside it, and `predict` says why" if outside else ""
    return f"predicted: by the calibration of {standing_on(profile)}{without}"


def standing_on(profile: "Profile") -> str:
    """What predictions stand on, in words."""
    conditions = profile.conditions
    threads = f" {counted(conditions.threads, 'thread')}" if conditions.threads else ""
    where = f"{conditions.precision} {conditions.layout} {conditions.mode}{threads}"
    return f"{where} on {conditions.machine or conditions.device}"
