"""Least squares without negative coefficients, in pure Python."""

from collections.abc import Sequence
from math import sqrt

from resnet_inspect.prediction.matrices import SMALL, Matrix, Vector, cholesky, substitute


def nnls(gram: Sequence[Sequence[float]], moment: Sequence[float]) -> Vector:
    """The c ≥ 0 that minimises cᵀGc − 2mᵀc, where G = XᵀX and m = Xᵀy: the least squares of Xc against y.

    This is the active-set method of Lawson and Hanson (1974, chapter 23, algorithm NNLS) on the normal equations.
    Columns that others nearly span stay at 0. A column of zeros gets 0.
    """
    n = len(moment)
    scale = [sqrt(gram[i][i]) or 1.0 for i in range(n)]
    g = [[gram[i][j] / (scale[i] * scale[j]) for j in range(n)] for i in range(n)]
    m = [moment[i] / scale[i] for i in range(n)]
    tolerance = SMALL * max(map(abs, m), default=0.0)
    x, passive, refused = [0.0] * n, list[int](), set[int]()
    for _ in range(3 * n):
        slope = {
            i: m[i] - sum(g[i][j] * x[j] for j in passive)
            for i in range(n)
            if i not in passive and i not in refused and gram[i][i] > 0
        }
        entering = max(slope, key=slope.__getitem__, default=None)
        if entering is None or slope[entering] <= tolerance:
            break
        if solve(g, m, [*passive, entering]) is None:
            refused.add(entering)
            continue
        passive.append(entering)
        _step(g, m, x, passive)
    return [value / scaled for value, scaled in zip(x, scale, strict=True)]


def _step(g: Matrix, m: Vector, x: Vector, passive: list[int]) -> None:
    """Move ``x`` to the least squares of the ``passive`` columns; those that would turn negative leave."""
    while passive:
        target = solve(g, m, passive)
        assert target is not None, "a subset of independent columns is independent"
        if min(target) > 0:
            for i, value in zip(passive, target, strict=True):
                x[i] = value
            return
        falling = [(x[i] / (x[i] - value), i) for i, value in zip(passive, target, strict=True) if value <= 0]
        share, first = min(falling)
        for i, value in zip(passive, target, strict=True):
            x[i] += share * (value - x[i])
        x[first] = 0.0
        passive[:] = [i for i in passive if x[i] > SMALL * SMALL]


def solve(g: Sequence[Sequence[float]], m: Sequence[float], columns: Sequence[int]) -> Vector | None:
    """The solution of the normal equations in ``columns`` alone, by Cholesky; None where they are dependent."""
    lower = cholesky([[g[i][j] for j in columns] for i in columns])
    return None if lower is None else substitute(lower, [m[i] for i in columns])
