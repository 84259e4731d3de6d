"""How much slower one case of a race is than another, from rounds that both played in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, log, sqrt
from statistics import stdev
from typing import TypeVar

from resnet_inspect.benchmark.statistics import student, upper_tail

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Ratio:
    """Time over time, with its 95 % interval; ``error`` is the standard error of its logarithm, from ``n`` rounds."""

    ratio: float
    low: float
    high: float
    error: float
    n: int

    @property
    def half_width(self) -> float:
        """Half the interval, as a share of the ratio."""
        return (self.high - self.low) / (2 * self.ratio)

    def doubt(self, margin: float) -> float:
        """The chance of such rounds where the true ratio is ``margin``: a small one says that it is larger."""
        distance = log(self.ratio) - log(margin)
        if not self.error:
            return 0.0 if distance > 0 else 1.0
        return upper_tail(distance / self.error, self.n - 1)


def paired_ratio(old_ms: Sequence[float], new_ms: Sequence[float]) -> Ratio:
    """``new`` over ``old``; entry i of both is of one round, so what slowed both cancels.

    The interval is Student's of the rounds' log ratios. It holds for three rounds, from which a bootstrap draws ten
    different sets.

    Raises:
        ValueError: there are fewer than two rounds, a round has no partner, or a time is not positive.
    """
    if len(old_ms) != len(new_ms) or len(old_ms) < 2:
        raise ValueError(f"paired rounds: {len(old_ms)} old, {len(new_ms)} new")
    logs = [log(new / old) for old, new in zip(old_ms, new_ms, strict=True)]
    n = len(logs)
    mean, error = fsum(logs) / n, stdev(logs) / sqrt(n)
    reach = student(n - 1) * error
    return Ratio(exp(mean), exp(mean - reach), exp(mean + reach), error, n)


def surely_above(ratios: Mapping[K, Ratio], margin: float, alpha: float = 0.05) -> set[K]:
    """The ratios above ``margin``, where the chance of one wrong among them all is ``alpha`` (Holm 1979).

    None has 1 in its 95 % interval, which three rounds of a busy machine may leave very wide.
    """
    doubts = sorted((ratio.doubt(margin), key) for key, ratio in enumerate(ratios.values()))
    keys, above = [*ratios], set()
    for done, (doubt, number) in enumerate(doubts):
        if doubt > alpha / (len(doubts) - done):
            break
        above.add(keys[number])
    return {key for key in above if ratios[key].low > 1}
