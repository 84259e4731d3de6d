"""How far predictions lie from measurements, and what the simple ways give; prediction.py prints these tables."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from statistics import median

from resnet_inspect.benchmark.record import Record, Result
from resnet_inspect.benchmark.request import measured_graph
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.hardware.devices import device_from_ceilings
from resnet_inspect.hardware.floor import floors_ms
from resnet_inspect.prediction.features import CLASSES, FLOP_CLASSES, TITLES, Features, features_of
from resnet_inspect.prediction.measured import conditions_of, usable
from resnet_inspect.prediction.one_pace import median_at
from resnet_inspect.prediction.profile import Prediction, Profile, Sample, shares_of

WORST = 12  # rows of the last table


@dataclass(frozen=True, slots=True)
class Judged:
    """A measured net and what was predicted of it; ``at_pace_ms`` is the time at the pace of the calibration."""

    result: Result
    features: Features
    main_class: str
    ms: float
    at_pace_ms: float
    prediction: Prediction
    by_macs_ms: float
    by_floor_ms: float | None
    by_nearest_ms: float

    @property
    def error(self) -> float:
        assert self.prediction.ms is not None
        return self.prediction.ms / self.ms - 1

    @property
    def is_covered(self) -> bool:
        low, high = self.prediction.low_ms, self.prediction.high_ms
        return low is not None and high is not None and low <= self.ms <= high


def measured_ms(result: Result) -> float:
    """What a prediction is of: the device's time of a call, or the host's where that is longer; else the latency."""
    metrics = result.metrics
    known = [metric.median_ms for metric in (metrics.device_time, metrics.enqueue) if metric is not None]
    assert metrics.latency is not None
    return max(known) if metrics.device_time else metrics.latency.median_ms


def judge(profiles: Sequence[Profile], calibration: Record, truth: Record) -> list[Judged]:
    """Every result of ``truth`` whose conditions a profile has."""
    of = {profile.conditions: profile for profile in profiles}
    judged = []
    floors = {profile.conditions: _floor_factor(profile, calibration) for profile in profiles}
    for result in usable(truth):
        conditions = conditions_of(truth, result.case)
        profile, metric = of.get(conditions), result.device_or_latency
        if profile is None or metric is None:
            continue
        graph = measured_graph(result)
        features = features_of(graph, conditions.arithmetic, conditions.mode, conditions.on_cpu)
        parts = shares_of(features.amounts, profile.coefficients)
        scaled_ms, _ = median_at(metric, result.reference_ms, profile.reference_ms)
        at_pace_ms = measured_ms(result) * scaled_ms / metric.median_ms
        factor = floors[conditions]
        judged.append(
            Judged(
                result,
                features,
                TITLES[max(parts, key=lambda name: parts[name])],
                measured_ms(result),
                at_pace_ms,
                profile.predict(graph),
                1e3 * _flop(features) * median(s.seconds / _flop(s.features) for s in profile.samples),
                factor * _eager_floor_ms(result, profile.ceilings) if factor and profile.ceilings else None,
                1e3 * _nearest(profile, features),
            )
        )
    return judged


def tables(profiles: Sequence[Profile], calibration: Record, truth: Record) -> Iterator[str]:
    """The lines of Markdown tables: all nets by each way of predicting, then the profile's errors by group."""
    judged = judge(profiles, calibration, truth)
    inside = [each for each in judged if each.prediction.basis == "predicted"]
    outside = [each for each in judged if each.prediction.basis == "outside"]
    nets = {each.result.case.model for each in judged}
    yield f"{len(judged)} measurements of {len(nets)} nets, {len(outside)} outside"
    if not inside:
        return
    yield ""
    yield "| way | median | p90 | worst | bias | 90% interval covers |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    covered = sum(each.is_covered for each in inside) / len(inside)
    yield _line("profile", [each.error for each in inside], f"{covered:.0%}")
    at_pace = [each.prediction.ms / each.at_pace_ms - 1 for each in inside if each.prediction.ms]
    yield _line("profile, at the calibration's pace", at_pace)
    simple: tuple[tuple[str, Callable[[Judged], float | None]], ...] = (
        ("MACs × constant", lambda each: each.by_macs_ms),
        ("floor × constant", lambda each: each.by_floor_ms),
        ("nearest net × FLOP", lambda each: each.by_nearest_ms),
    )
    for name, way in simple:
        yield _line(name, [ms / each.ms - 1 for each in inside if (ms := way(each)) is not None])
    for title, key in (
        ("way of running", lambda each: f"batch {each.result.case.batch_size}, {each.result.case.threads} threads"),
        ("most time in", lambda each: each.main_class),
    ):
        yield ""
        yield f"| {title} | median | p90 | worst | bias | measurements |"
        yield "| --- | ---: | ---: | ---: | ---: | ---: |"
        for group in sorted({key(each) for each in inside}):
            errors = [each.error for each in inside if key(each) == group]
            yield _line(group, errors, str(len(errors)))
    yield ""
    yield "| worst | threads | measured, ms | predicted, ms | interval, ms | error |"
    yield "| --- | ---: | ---: | ---: | --- | ---: |"
    for each in sorted(inside, key=lambda each: -abs(each.error))[:WORST]:
        case, p = each.result.case, each.prediction
        assert p.ms is not None
        net = f"{case.model} {'×'.join(map(str, case.input))}"
        interval = f"{p.low_ms:.1f} to {p.high_ms:.1f}"
        yield f"| {net} | {case.threads} | {each.ms:.1f} | {p.ms:.1f} | {interval} | {each.error:+.0%} |"
    for reason in sorted({each.prediction.reason for each in outside}):
        nets = sorted({each.result.case.model for each in outside if each.prediction.reason == reason})
        yield f"\noutside, as {reason}: {', '.join(nets)}"


def _line(name: str, errors: Sequence[float], last: str = "") -> str:
    if not errors:
        return f"| {name} | – | – | – | – | {last} |"
    sizes = sorted(map(abs, errors))
    p90 = sizes[min(len(sizes) - 1, int(0.9 * len(sizes)))]
    return f"| {name} | {median(sizes):.1%} | {p90:.1%} | {sizes[-1]:.1%} | {median(errors):+.1%} | {last} |"


def _flop(features: Features) -> float:
    return sum(features.amounts[name] for name in FLOP_CLASSES)


def _eager_floor_ms(result: Result, ceilings: Ceilings) -> float:
    return floors_ms(measured_graph(result), device_from_ceilings(ceilings), result.case.arithmetic)[1]


def _floor_factor(profile: Profile, calibration: Record) -> float | None:
    """The median of time to floor over the calibration's nets."""
    ceilings = profile.ceilings
    if ceilings is None:
        return None
    results: Iterable[Result] = usable(calibration)
    own = [r for r in results if conditions_of(calibration, r.case) == profile.conditions and r.device_or_latency]
    times = [r.device_or_latency.median_ms for r in own if r.device_or_latency]
    return median(ms / _eager_floor_ms(r, ceilings) for ms, r in zip(times, own, strict=True))


def _nearest(profile: Profile, features: Features) -> float:
    """Seconds of the sample with the most similar mix of work and, of those, size; scaled by FLOP."""
    mix = shares_of(features.amounts, profile.units)

    def distance(sample: Sample) -> float:
        other = shares_of(sample.features.amounts, profile.units)
        size = abs(log(_flop(features) / _flop(sample.features)))
        return sum(abs(mix[name] - other[name]) for name in CLASSES) + 0.1 * size

    nearest = min(profile.samples, key=distance)
    return nearest.seconds * _flop(features) / _flop(nearest.features)
