"""The columns and notes of a predicted time, in the tables of other questions."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from resnet_inspect.report import Column, Fact
from resnet_inspect.units import counted

if TYPE_CHECKING:
    from resnet_inspect.graph import Graph
    from resnet_inspect.prediction.profile import Prediction, Profile

T = TypeVar("T")
Interval = tuple[float | None, float | None, float | None]


def predicted_columns(interval: Callable[[T], Interval]) -> tuple[Column[T], ...]:
    """Columns of a row's predicted time; ``interval`` gives the milliseconds and both ends."""
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


def predicted_facts(graph: "Graph", profile: "Profile") -> tuple[Fact, ...]:
    """The predicted time of one net."""
    ms, low_ms, high_ms = interval_of(profile.predict(graph))
    return (
        Fact("predicted_ms", "predicted", ms, "ms"),
        Fact("low_ms", "90% from", low_ms, "ms"),
        Fact("high_ms", "to", high_ms, "ms"),
    )


def prediction_notes(graph: "Graph", profile: "Profile") -> Iterator[str]:
    """What the predicted times of one net and its parts stand on, or why there are none."""
    prediction = profile.predict(graph)
    if prediction.ms is None:
        yield f"predicted: nothing, as the net is outside the calibration: {prediction.reason}"
        return
    yield predicted_note(profile, 0)
    yield from parts_note(profile)


def parts_note(profile: "Profile") -> Iterator[str]:
    """What the predicted times of a net's parts are, where another than the device may set the whole."""
    if profile.host_s_per_call:
        yield "predicted parts: in proportion to the device's time, also where the host takes longer"


def standing_on(profile: "Profile") -> str:
    """What predictions stand on, in words."""
    return f"{profile.conditions.label} on {profile.conditions.place}"
