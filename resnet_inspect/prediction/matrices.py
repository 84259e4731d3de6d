"""Small symmetric matrices, in pure Python: the algebra of a fit."""

from collections.abc import Sequence
from math import sqrt
from operator import mul

Vector = list[float]
Matrix = list[Vector]

SMALL = 1e-10  # of a column's own scale: less is rounding
ROUNDING = 1e-6  # of two entries that should be equal, in a matrix that was inverted


def quadratic(x: Sequence[float], matrix: Sequence[Sequence[float]]) -> float:
    """xᵀMx."""
    return sum([value * sum(map(mul, row, x)) for value, row in zip(x, matrix, strict=True)], 0.0)


def inverse(matrix: Sequence[Sequence[float]]) -> Matrix:
    """The inverse of a definite matrix."""
    lower = cholesky(matrix)
    assert lower is not None, "a definite matrix has independent columns"
    return [substitute(lower, [float(i == j) for j in range(len(lower))]) for i in range(len(lower))]


def is_definite(matrix: Sequence[Sequence[float]]) -> bool:
    """Whether a square matrix is, but for rounding, symmetric and positive definite."""
    if not all(row[i] > 0 for i, row in enumerate(matrix)) or cholesky(matrix) is None:
        return False
    scale = [sqrt(row[i]) for i, row in enumerate(matrix)]
    pairs = ((i, j) for i in range(len(scale)) for j in range(i))
    return all(abs(matrix[i][j] - matrix[j][i]) <= ROUNDING * scale[i] * scale[j] for i, j in pairs)


def cholesky(matrix: Sequence[Sequence[float]]) -> Matrix | None:
    """L of the symmetric LLᵀ; None where a column is, but for rounding, a sum of others."""
    lower: Matrix = []
    for i, row in enumerate(matrix):
        new = list[float]()
        for j, above in enumerate(lower):
            new.append((row[j] - sum(a * b for a, b in zip(new, above, strict=False))) / above[j])
        pivot = row[i] - sum(a * a for a in new)
        if not pivot > SMALL * row[i]:
            return None
        lower.append([*new, sqrt(pivot)])
    return lower


def forward(lower: Matrix, m: Sequence[float]) -> Vector:
    """The y of Ly = m."""
    y = list[float]()
    for row, value in zip(lower, m, strict=True):
        y.append((value - sum(a * b for a, b in zip(row, y, strict=False))) / row[-1])
    return y


def substitute(lower: Matrix, m: Sequence[float]) -> Vector:
    """The x of LLᵀx = m."""
    x, n = forward(lower, m), len(lower)
    for i in reversed(range(n)):
        x[i] = (x[i] - sum(lower[k][i] * x[k] for k in range(i + 1, n))) / lower[i][i]
    return x
