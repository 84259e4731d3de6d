"""Which nets to calibrate with: those that together determine the coefficients best.

A D-optimal design maximises det(XᵀX), here with the pull of the fit, by adding the best net and then exchanging one
at a time (Fedorov 1972; Atkinson, Donev and Tobias 2007, chapter 12).
"""

from collections import Counter
from collections.abc import Sequence
from math import log

from resnet_inspect.hardware.ceilings import Ceilings
from resnet_inspect.prediction.features import CLASSES, Features
from resnet_inspect.prediction.fit import PULL, units_of
from resnet_inspect.prediction.nnls import Matrix, cholesky
from resnet_inspect.prediction.profile import shares_of

COMMON = 0.1  # of the nets: a calibration leaves out a net with a kind of call that fewer have
MOST_ROUNDS = 5  # of exchanges; two are mostly enough


def choose_nets(amounts: Sequence[tuple[str, Features]], count: int, ceilings: Ceilings | None = None) -> list[str]:
    """Up to ``count`` names of nets to calibrate with, from nets and the work of each at each of its inputs."""
    units, width = units_of(ceilings), range(len(CLASSES))
    grams: dict[str, Matrix] = {}
    for name, features in _of_common_kinds(amounts):
        row = [*shares_of(features.amounts, units).values()]
        gram = grams.setdefault(name, [[0.0 for _ in width] for _ in width])
        grams[name] = [[gram[i][j] + row[i] * row[j] for j in width] for i in width]

    def value(names: Sequence[str]) -> float:
        """log det of the matrix that the fit on these nets inverts."""
        parts = [grams[name] for name in names]
        lower = cholesky([[PULL * (i == j) + sum(part[i][j] for part in parts) for j in width] for i in width])
        assert lower is not None, "the pull makes the matrix definite"
        return sum(log(line[-1]) for line in lower)

    def best_with(others: list[str]) -> str:
        return max((name for name in grams if name not in others), key=lambda name: value([*others, name]))

    chosen: list[str] = []
    while len(chosen) < min(count, len(grams)):
        chosen.append(best_with(chosen))
    for _ in range(MOST_ROUNDS):
        before = [*chosen]
        for place in range(len(chosen)):
            others = chosen[:place] + chosen[place + 1 :]
            chosen[place] = best_with(others)
        if chosen == before:
            break
    return chosen


def _of_common_kinds(amounts: Sequence[tuple[str, Features]]) -> list[tuple[str, Features]]:
    """Those whose material kinds of call many nets have; all if none is."""
    names = {name for name, _ in amounts}
    holders = Counter(kind for kind, _ in {(kind, name) for name, features in amounts for kind in features.material})
    rare = {kind for kind, count in holders.items() if count < COMMON * len(names)}
    odd = {name for name, features in amounts if features.material & rare}
    return [(name, features) for name, features in amounts if name not in odd] or [*amounts]
