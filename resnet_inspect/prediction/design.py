"""Which nets to calibrate with: those after whose fit the times of all the others are best known.

This is the V-optimal design (Atkinson, Donev and Tobias 2007, chapter 10), which minimises the mean variance of the
predictions. It is made by adding the best net, and then exchanging one at a time (Fedorov 1972). A D-optimal design
seeks the extremes; six nets of it left half as much error again in timm's table of a CPU.
"""

from collections import Counter
from collections.abc import Sequence
from operator import mul

from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.prediction.features import CLASSES, Features
from resnet_inspect.prediction.fit import units_of
from resnet_inspect.prediction.matrices import Matrix, Vector, inverse, quadratic
from resnet_inspect.prediction.profile import shares_of

COMMON = 0.1  # of the nets: a calibration leaves out a net with a kind of call that fewer have
ROUNDS = 2  # of exchanges; more change hardly a net
DOUBT = 0.1  # weight of what is believed of a coefficient before, in samples: no net tells it exactly


def choose_nets(amounts: Sequence[tuple[str, Features]], count: int, ceilings: Ceilings | None = None) -> list[str]:
    """Up to ``count`` names of nets to calibrate with, from nets and the work of each at each of its inputs."""
    units, rows = units_of(ceilings), dict[str, list[Vector]]()
    for name, features in _of_common_kinds(amounts, count):
        rows.setdefault(name, []).append([*shares_of(features.amounts, units).values()])
    means = {name: [sum(column) / len(each) for column in zip(*each, strict=True)] for name, each in rows.items()}
    spread = _sum_of([(1 / len(means), mean) for mean in means.values()], 0.0)
    weights = {name: float(len(each)) for name, each in rows.items()}

    def best_with(others: Sequence[str]) -> str:
        """The net that lowers tr(C·spread) most, for C the inverse of the information of ``others`` (Sherman 1950)."""
        covariance = inverse(_sum_of([(weights[name], means[name]) for name in others], DOUBT))
        lowering = _times(_times(covariance, spread), covariance)

        def gain(name: str) -> float:
            weight, mean = weights[name], means[name]
            return weight * quadratic(mean, lowering) / (1 + weight * quadratic(mean, covariance))

        return max((name for name in means if name not in others), key=gain)

    chosen: list[str] = []
    while len(chosen) < min(count, len(means)):
        chosen.append(best_with(chosen))
    for place in [*range(len(chosen))] * ROUNDS:
        chosen[place] = best_with(chosen[:place] + chosen[place + 1 :])
    return chosen


def _of_common_kinds(amounts: Sequence[tuple[str, Features]], count: int) -> list[tuple[str, Features]]:
    """Those whose material kinds of call many nets have; all where these are fewer than ``count``."""
    names = {name for name, _ in amounts}
    holders = Counter(kind for kind, _ in {(kind, name) for name, features in amounts for kind in features.material})
    rare = {kind for kind, count in holders.items() if count < COMMON * len(names)}
    odd = {name for name, features in amounts if features.material & rare}
    return [(name, features) for name, features in amounts if name not in odd or len(names - odd) < count]


def _sum_of(rows: Sequence[tuple[float, Vector]], diagonal: float) -> Matrix:
    """Σ weight·xxᵀ, and ``diagonal`` on the diagonal."""
    width = range(len(CLASSES))
    return [[sum(w * x[i] * x[j] for w, x in rows) + diagonal * (i == j) for j in width] for i in width]


def _times(a: Matrix, b: Matrix) -> Matrix:
    columns = [*zip(*b, strict=True)]
    return [[sum(map(mul, row, column)) for column in columns] for row in a]
