"""How long nets take on a machine that was calibrated."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from resnet_inspect.graph import Graph
from resnet_inspect.prediction.drift import DRIFTED, at_drift
from resnet_inspect.prediction.profile import Prediction, Profile
from resnet_inspect.questions.nets import EAGER_NOTE, Floor
from resnet_inspect.questions.predicted import standing_on
from resnet_inspect.report import Column, Fact, Finding, Report, tabulate
from resnet_inspect.units import counted, text


@dataclass(frozen=True, slots=True)
class Predicted:
    """A net at a batch, and its prediction; ``eager_floor_ms`` where a data sheet alone is known."""

    graph: Graph
    prediction: Prediction
    eager_floor_ms: float | None = None

    @property
    def batch_size(self) -> int:
        return self.graph.input.shape[0]

    @property
    def images_per_s(self) -> float | None:
        ms = self.prediction.ms
        return None if ms is None else 1e3 * self.batch_size / ms


COLUMNS: tuple[Column[Predicted], ...] = (
    Column("model", "model", lambda each: each.graph.name),
    Column("input", "input", lambda each: each.graph.input.shape, "shape", optional=True),
    Column("batch_size", "batch", lambda each: each.batch_size, "integer"),
    Column("ms", "predicted", lambda each: each.prediction.ms, "ms"),
    Column("low_ms", "90% from", lambda each: each.prediction.low_ms, "ms"),
    Column("high_ms", "to", lambda each: each.prediction.high_ms, "ms"),
    Column("images_per_s", "images/s", lambda each: each.images_per_s, "rate", optional=True),
    Column("floor_ms", "at least", lambda each: each.prediction.floor_ms, "ms"),
    Column("basis", "basis", lambda each: each.prediction.basis),
    Column("reason", "why outside", lambda each: each.prediction.reason or None, optional=True),
)
FAR = 8  # times smaller or larger than any batch of the calibration


def predict(profile: Profile, graphs: Iterable[Graph], drift: float | None = None) -> Report:
    """A row for each net at its batch; ``drift`` is the machine's pace now, as ``prediction.pace`` measures it."""
    rows = [Predicted(graph, at_drift(profile.predict(graph), drift or 1.0)) for graph in graphs]
    names = {each.graph.name for each in rows}
    *others, reason = COLUMNS
    some_outside = any(each.prediction.reason for each in rows)
    return Report(
        kind="predict",
        model=names.pop() if len(names) == 1 else None,
        title=f"{counted(len(rows), 'prediction')}, {standing_on(profile)}",
        facts=(*facts_of(profile), *_pace(drift)),
        tables=(tabulate("predictions", "predictions", (*others, replace(reason, optional=not some_outside)), rows),),
        findings=_drifted(drift),
        notes=(*notes_on(profile), *_other_batches(profile, rows)),
    )


def _other_batches(profile: Profile, rows: Sequence[Predicted]) -> Iterator[str]:
    """That some batches are far from those of the calibration: a larger one may fill the device better."""
    measured = {sample.input[0] for sample in profile.samples}
    least, most = min(measured) / FAR, max(measured) * FAR
    if far := sorted({row.batch_size for row in rows if not least <= row.batch_size <= most}):
        known = " and ".join(map(str, sorted({min(measured), max(measured)})))
        yield f"batch {', '.join(map(str, far))}: the calibration has {known}, and rates may change so far from there"


def _pace(drift: float | None) -> tuple[Fact, ...]:
    return () if drift is None else (Fact("drift", "time now, of then", drift, "ratio"),)


def _drifted(drift: float | None) -> tuple[Finding, ...]:
    if drift is None or abs(drift - 1) <= DRIFTED:
        return ()
    factor = text(drift, "ratio")
    message = f"the reference workload takes {factor} its time at the calibration; times and intervals allow for it"
    return (Finding("pace", "this machine", message, "close other programs, or calibrate again"),)


def only_floors(floor: Floor, device: str, graphs: Iterable[Graph]) -> Report:
    """A row for each net at its batch on a device that nobody has calibrated: what a pass takes at least."""
    rows = list[Predicted]()
    for graph in graphs:
        floor_ms, eager_ms = floor.of(graph)
        prediction = Prediction(None, None, None, "outside", f"{device} is not calibrated", floor_ms)
        rows.append(Predicted(graph, prediction, eager_ms))
    eager: Column[Predicted] = Column("eager_floor_ms", "at least, eager", lambda each: each.eager_floor_ms, "ms")
    return Report(
        kind="predict",
        model=None,
        title=f"{counted(len(rows), 'floor')}, {floor.on}",
        tables=(tabulate("predictions", "predictions", (*COLUMNS, eager), rows),),
        notes=(f"at least: the floor of the passes in {floor.on}", EAGER_NOTE),
    )


def facts_of(profile: Profile) -> tuple[Fact, ...]:
    """Under what conditions the predictions hold."""
    conditions = profile.conditions
    return (
        Fact("device", "device", conditions.place),
        Fact("precision", "precision", conditions.precision),
        Fact("layout", "layout", conditions.layout),
        Fact("mode", "mode", conditions.mode),
        Fact("threads", "threads", conditions.threads, "integer"),
        Fact("torch", "torch", conditions.torch or None),
        Fact("date", "calibrated on", profile.origin.date or None),
        Fact("nets_fitted", "calibration nets", len(profile.nets), "integer"),
    )


def notes_on(profile: Profile) -> tuple[str, ...]:
    """What a reader of a prediction should know."""
    source = profile.origin.source
    measured = f"the times in {source}" if source else f"{counted(len(profile.samples), 'time')} measured there"
    notes = [f"predicted: fitted to {measured}; nine in ten times lie in the interval"]
    if profile.ceilings is not None:
        notes.append(f"at least: the floor of the passes, by {profile.ceilings.source}")
    return tuple(notes)
