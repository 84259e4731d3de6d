"""Non-negative least squares against what defines it, the conditions of Kuhn and Tucker, and against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from resnet_inspect.prediction.matrices import cholesky, substitute
from resnet_inspect.prediction.nnls import nnls

sizes = st.tuples(st.integers(1, 12), st.integers(1, 7))
entries = st.floats(-5, 5, width=32).map(lambda value: round(value, 2))


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = draw(sizes)
    return (
        draw(arrays.arrays(float, (rows, columns), elements=entries)),
        draw(arrays.arrays(float, rows, elements=entries)),
    )


def solved(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.array(nnls((x.T @ x).tolist(), (x.T @ y).tolist()))


@given(problems())
def test_no_coefficient_is_negative_and_no_step_lowers_the_error(problem: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = problem
    c = solved(x, y)
    slope = x.T @ (y - x @ c)
    scale = 1e-5 * (1 + np.linalg.norm(x) * (np.linalg.norm(y) + np.linalg.norm(x) * np.linalg.norm(c)))
    assert (c >= 0).all()
    assert (slope <= scale).all(), "raising a coefficient would help"
    assert (abs(slope[c > 0]) <= scale).all(), "moving a coefficient would help"


@pytest.mark.parametrize("seed", range(5))
def test_planted_coefficients_are_those_of_lstsq(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, planted = rng.random((30, 8)), 0.1 + rng.random(8)
    y = x @ planted
    assert solved(x, y) == pytest.approx(np.linalg.lstsq(x, y, rcond=None)[0], rel=1e-6)


def test_columns_of_scales_that_differ_by_many_powers_of_ten_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    x, planted = rng.random((30, 3)) * [1e12, 1e6, 1.0], np.array([1e-13, 1e-7, 0.3])
    assert solved(x, x @ planted) == pytest.approx(planted, rel=1e-6)


def test_what_would_be_negative_is_zero_and_the_others_are_fitted_without_it() -> None:
    x, y = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]), np.array([3.0, 2.0, 1.0])
    assert solved(x, y) == pytest.approx([2.0, 0.0])


def test_a_column_of_zeros_gets_nothing() -> None:
    assert nnls([[0.0, 0.0], [0.0, 4.0]], [0.0, 8.0]) == [0.0, 2.0]


def test_cholesky_solves_and_finds_dependent_columns() -> None:
    matrix = [[4.0, 2.0], [2.0, 3.0]]
    lower = cholesky(matrix)
    assert lower is not None
    assert substitute(lower, [8.0, 7.0]) == pytest.approx(np.linalg.solve(matrix, [8.0, 7.0]))
    assert cholesky([[1.0, 1.0], [1.0, 1.0]]) is None
