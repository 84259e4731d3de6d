"""From a Record to profiles: one for each device, precision, layout, mode and number of threads in it."""

from collections.abc import Iterator, Sequence
from dataclasses import fields

from resnet_inspect.benchmark.case import Case
from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.benchmark.request import measured_graph
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.prediction.features import features_of
from resnet_inspect.prediction.fit import FEWEST, fit
from resnet_inspect.prediction.one_pace import median_at, pace_of
from resnet_inspect.prediction.profile import Conditions, Origin, Profile, Sample


def conditions_of(record: Record, case: Case) -> Conditions:
    """Under what ``case`` of ``record`` was measured."""
    environment, gpu, on_cuda = record.environment, record.environment.gpu, case.kind == "cuda"
    return Conditions(
        device=case.kind,
        precision=case.precision,
        layout=case.layout,
        mode=case.mode,
        threads=None if on_cuda else case.threads,
        machine=(gpu and gpu.name) or "" if on_cuda else environment.machine.cpu_model,
        torch=environment.versions.get("torch", ""),
    )


def usable(record: Record) -> Iterator[Result]:
    """The results that a profile can stand on: forward passes of nets with a spec that passed their self-checks."""
    return (
        result
        for result in record.results
        if result.valid and result.metrics.latency and result.spec and _is_plain(result.case)
    )


def _is_plain(case: Case) -> bool:
    return case.task == "infer" and not case.folded


def profiles_of(record: Record) -> list[Profile]:
    """A profile for each way in which ``record`` measured enough nets."""
    environment = record.environment
    origin = Origin(date=environment.date, argv=record.argv)
    ways: dict[Conditions, list[Result]] = {}
    for result in usable(record):
        ways.setdefault(conditions_of(record, result.case), []).append(result)
    return [
        _profile(conditions, results, origin)
        for conditions, results in ways.items()
        if len({result.case.model for result in results}) >= FEWEST
    ]


def _profile(conditions: Conditions, results: Sequence[Result], origin: Origin) -> Profile:
    pace_ms = pace_of(results)
    highest = next((result.ceilings for result in results if result.ceilings), None)
    ceilings = highest and Ceilings(**{field.name: getattr(highest, field.name) for field in fields(Ceilings)})
    return fit([sample_of(result, pace_ms) for result in results], conditions, ceilings, pace_ms, origin)


def sample_of(result: Result, pace_ms: float | None) -> Sample:
    """What ``result`` tells a fit: the device's time of a call where it is known, else the latency, at that pace."""
    case, metric = result.case, result.device_or_latency
    assert metric is not None
    features = features_of(measured_graph(result), case.arithmetic, case.mode, case.kind == "cpu")
    median_ms, interval = median_at(metric, result.reference_ms, pace_ms)
    enqueue = result.metrics.enqueue
    return Sample(
        name=case.model,
        input=case.input,
        features=features,
        seconds=median_ms / 1e3,
        interval=min(1.0, interval),
        enqueue_s=enqueue.median_ms / 1e3 if enqueue else None,
    )
