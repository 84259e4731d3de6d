"""A profile against times of nets that it was not fitted to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

from resnet_inspect.prediction.profile import Prediction, Profile, Sample
from resnet_inspect.prediction.published_times import lowered


@dataclass(frozen=True, slots=True)
class Judged:
    """A measurement and what the profile says of it; ``error`` is the prediction's, as a share of the time."""

    sample: Sample
    prediction: Prediction

    @property
    def error(self) -> float | None:
        return None if self.prediction.ms is None else self.prediction.ms / (1e3 * self.sample.seconds) - 1

    @property
    def is_covered(self) -> bool:
        """Whether the interval holds the time."""
        low, high = self.prediction.low_ms, self.prediction.high_ms
        return low is not None and high is not None and low <= 1e3 * self.sample.seconds <= high


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of predictions, as shares: the median error, the ninth in ten, the worst, and how many intervals held."""

    median_error: float | None
    p90_error: float | None
    worst_error: float | None
    coverage: float | None


UNKNOWN = Accuracy(None, None, None, None)


def judge(profile: Profile, samples: Iterable[Sample]) -> list[Judged]:
    """What ``profile`` says of each sample, which is of a net of the zoo."""
    return [Judged(sample, profile.predict(lowered(sample.name, sample.input))) for sample in samples]


def ninth_in_ten(errors: Iterable[float]) -> float:
    """The least of some errors that nine in ten of them keep to."""
    ordered = sorted(errors)
    return ordered[ceil(0.9 * len(ordered)) - 1]


def accuracy(judged: Sequence[Judged]) -> Accuracy:
    """Of those inside the calibration."""
    inside = [each for each in judged if each.error is not None]
    errors = sorted(abs(each.error or 0.0) for each in inside)
    if not errors:
        return UNKNOWN
    coverage = sum(each.is_covered for each in inside) / len(errors)
    return Accuracy(median(errors), ninth_in_ten(errors), errors[-1], coverage)
