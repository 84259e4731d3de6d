"""What a calibration learnt of a machine: how long each class of work takes there, and how sure that is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import exp, isclose, sqrt
from typing import Annotated, Literal

from resnet_inspect.benchmark.case import ARITHMETIC
from resnet_inspect.graph import Graph, Node
from resnet_inspect.graph.facts.repeats import without_repeats
from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.prediction.features import (
    CLASSES,
    TITLES,
    Amount,
    Features,
    Step,
    WorkClass,
    eager_steps,
    fused_steps,
    sum_up,
)
from resnet_inspect.prediction.matrices import quadratic
from resnet_inspect.typed_json import LENIENT, OPTIONAL, Duration, Rule, Size
from resnet_inspect.units import counted
from resnet_inspect.vocabulary import ELEMENT_BYTES, Layout, Mode, Precision, RunPrecision

BEYOND = 2.0  # times the largest share of a class in the calibration, a prediction extrapolates
SLIGHT = 0.03  # of the time: a class with a smaller share may be extrapolated
# A time is extrapolated so far: small work leaves a device partly idle, large work does not change its rates.
SHORTER, LONGER = 2.0, 10.0

Basis = Literal["predicted", "outside"]
_share: Rule = (lambda share: 0 <= share <= 1, "a share from 0 to 1")
Share = Annotated[float, _share]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The milliseconds of one forward pass of one batch, with the interval that holds nine in ten; None if outside.

    ``floor_ms`` is the least time that the profile's ceilings allow; None where it has none. ``reason`` says why a net
    is outside the calibration.
    """

    ms: float | None
    low_ms: float | None
    high_ms: float | None
    basis: Basis
    reason: str = ""
    floor_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: seconds of a forward pass, and the half-width of their interval as a share of them.

    ``input`` is N, C, H, W. ``enqueue_s`` is the host's part of one call, None where it was not measured.
    """

    name: str
    input: tuple[Size, ...]
    features: Features
    seconds: Duration
    interval: Share = 0.0
    enqueue_s: Duration | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True, slots=True)
class Residual:
    """A calibration net's time, and what the fit without that net predicts."""

    name: str
    input: tuple[Size, ...]
    ms: Duration
    left_out_ms: Duration

    @property
    def error(self) -> float:
        """The prediction's, as a share of the time."""
        return self.left_out_ms / self.ms - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Under what a profile's times were taken: two profiles of equal conditions answer the same question.

    ``device`` is cpu, cuda or mps, or the name of a data sheet. ``threads`` is None on a GPU, and where a source does
    not tell. ``machine`` is the title of the processor or the GPU; ``torch`` its version, empty where unknown.
    """

    device: str
    precision: RunPrecision
    layout: Layout
    mode: Mode
    threads: Size | None = None
    machine: str = ""
    torch: str = ""

    @property
    def arithmetic(self) -> Precision:
        return ARITHMETIC[self.precision]

    @property
    def on_cpu(self) -> bool:
        """This machine's; a published table does not tell which allocator and cache its CPU had."""
        return self.device == "cpu"

    @property
    def label(self) -> str:
        """The way of running: fp32 contiguous eager 2 threads."""
        threads = f" {counted(self.threads, 'thread')}" if self.threads else ""
        return f"{self.precision} {self.layout} {self.mode}{threads}"

    @property
    def place(self) -> str:
        return self.machine or self.device


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a profile comes from: date, command line, and the file of a published table."""

    date: str = ""
    argv: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Seconds of each class of work, fitted to ``samples``.

    Attributes:
        coefficients: seconds a FLOP, byte or call, by class.
        units: seconds of the same that the fit is drawn towards; rows and covariance count in these.
        covariance: of the coefficients in their units, for an error of 1 in each sample.
        spread: the 90 % quantile of the logarithms of time to prediction, each net predicted without itself and
            divided by what its leverage makes of an error.
        kind_spreads: the same of nets with a rare kind of call, where it is larger.
        shares: the largest share of each class in a calibration net's time, by ``units``.
        host_s_per_call: of one call on the host; 0 where unknown.
        reference_ms: of the reference workload during the calibration; None where it did not run.
    """

    conditions: Conditions
    coefficients: Mapping[str, Amount]
    units: Mapping[str, Amount]
    covariance: tuple[tuple[float, ...], ...] = field(repr=False)
    spread: Amount
    kind_spreads: Mapping[str, Amount]
    shares: Mapping[str, Share]
    kinds: frozenset[str] = field(repr=False)
    samples: tuple[Sample, ...] = field(repr=False)
    residuals: tuple[Residual, ...] = field(repr=False)
    host_s_per_call: Amount = field(default=0.0, metadata=LENIENT)
    ceilings: Ceilings | None = field(default=None, metadata=OPTIONAL)
    reference_ms: Duration | None = field(default=None, metadata=OPTIONAL)
    origin: Origin = field(default_factory=Origin)

    @property
    def nets(self) -> tuple[str, ...]:
        """The calibration nets, in the order they were measured."""
        return tuple(dict.fromkeys(sample.name for sample in self.samples))

    def predict(self, graph: Graph) -> Prediction:
        """How long one forward pass of ``graph`` takes under the profile's conditions."""
        precision, on_cpu = self.conditions.arithmetic, self.conditions.on_cpu
        compiled = "compile" in self.conditions.mode
        few, counts = without_repeats(graph)
        fused = [*fused_steps(few, counts)] if compiled or self.ceilings else []
        floor_ms = floor_of(fused, self.ceilings, precision) if self.ceilings else None
        steps = fused if compiled else eager_steps(few, counts)
        return self.predict_features(sum_up(steps, precision, on_cpu), floor_ms)

    def predict_parts(self, graph: Graph, key: Callable[[Node], str]) -> dict[str, float]:
        """Milliseconds by group of calls, which add up to what ``predict`` says; ``key`` gives the group of a call.

        A fused pass belongs to the group of its anchor. Parts are in proportion to the device's time, also where the
        host or the floor sets the whole. There are none where the net is outside the calibration.
        """
        whole = self.predict(graph).ms
        if whole is None:
            return {}
        precision, on_cpu = self.conditions.arithmetic, self.conditions.on_cpu
        steps = (fused_steps if "compile" in self.conditions.mode else eager_steps)(graph, key=key)
        groups: dict[str, list[Step]] = {}
        for step in steps:
            groups.setdefault(key(step.node), []).append(step)
        parts = {
            name: 1e3 * seconds_of(sum_up(group, precision, on_cpu).amounts, self.coefficients)
            for name, group in groups.items()
        }
        total = sum(parts.values())
        if isclose(total, whole):  # equal groups of two nets then take equal times, to the last digit
            return parts
        return {name: whole * part / total for name, part in parts.items()}

    def predict_features(self, features: Features, floor_ms: float | None = None) -> Prediction:
        """As ``predict``, of amounts of work that a caller already has."""
        if reason := self.why_outside(features):
            return Prediction(None, None, None, "outside", reason, floor_ms)
        device_s = seconds_of(features.amounts, self.coefficients)
        host_s = features.amounts["calls"] * self.host_s_per_call
        spread = max([self.spread, *(self.kind_spreads.get(kind, 0.0) for kind in features.material)])
        width = exp(spread * sqrt(1 + self.leverage(features.amounts)))
        ms, least = 1e3 * max(device_s, host_s), floor_ms or 0.0
        return Prediction(max(ms, least), max(ms / width, least), max(ms * width, least), "predicted", "", floor_ms)

    def why_outside(self, features: Features) -> str:
        """Why the calibration says nothing of such a net; empty where it does."""
        if missing := sorted(features.material - self.kinds):
            return f"no calibration net has {' or '.join(missing)}"
        if name := beyond(shares_of(features.amounts, self.units), self.shares):
            return f"{TITLES[name]} matter more than {BEYOND:g} times what they do in any calibration net"
        seconds = [sample.seconds for sample in self.samples]
        predicted = seconds_of(features.amounts, self.coefficients)
        if predicted < min(seconds) / SHORTER:
            return f"it takes less than 1/{SHORTER:g} of the shortest calibration time"
        if predicted > max(seconds) * LONGER:
            return f"it takes more than {LONGER:g} times the longest calibration time"
        return ""

    def leverage(self, amounts: Mapping[WorkClass, float]) -> float:
        """How far a net lies from the calibration: the variance of its prediction, for an error of 1 in each sample."""
        total = seconds_of(amounts, self.coefficients)
        row = [amounts[name] * self.units[name] / total for name in CLASSES]
        return quadratic(row, self.covariance)


def beyond(shares: Mapping[WorkClass, float], most: Mapping[str, float]) -> WorkClass | None:
    """The first class that matters far more than in any calibration net, whose largest shares are ``most``.

    Large tensors never do: they are in other classes, too, and only widen the interval.
    """
    far = (name for name in CLASSES if shares[name] > max(SLIGHT, BEYOND * most.get(name, 0.0)))
    return next((name for name in far if name != "large"), None)


def floor_of(fused: Iterable[Step], ceilings: Ceilings, precision: Precision) -> float:
    """Milliseconds that the ceilings leave the passes at least: ``hardware.floor`` of steps, without its parts."""
    size = ELEMENT_BYTES[precision]
    return 1e3 * sum(
        step.times * max(step.flop / ceilings.flop_per_s, size * (step.elements + step.weights) / ceilings.bytes_per_s)
        for step in fused
    )


def seconds_of(amounts: Mapping[WorkClass, float], rates: Mapping[str, float]) -> float:
    """Σ amount × seconds of one."""
    return sum(amounts[name] * rates[name] for name in CLASSES)


def shares_of(amounts: Mapping[WorkClass, float], units: Mapping[str, float]) -> dict[WorkClass, float]:
    """The share of each class in the time of all."""
    total = seconds_of(amounts, units) or 1.0
    return {name: amounts[name] * units[name] / total for name in CLASSES}
