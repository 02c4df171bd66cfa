"""Polynomials of every degree fitted to many data sets at once, by exact least squares.

The powers of x are so nearly dependent that least squares on them loses every digit at degree 19,
and on Hermite polynomials half of them. Those used here are orthonormal on the data's own points,
from Arnoldi's process: the fit of degree d is the sum of the first d + 1 terms, ten digits right
and more (Brubeck, Nakatsukasa and Trefethen 2021, "Vandermonde with Arnoldi").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

TRUTH = (5.0, 1.2, -3.4, 5.6)  # coefficients of xⁱ/i!
TRUE_DEGREE = len(TRUTH) - 1
COEFFICIENTS = 20
_REAL = torch.float64


def features(x: Tensor, count: int = COEFFICIENTS) -> Tensor:
    """xⁱ/i! for i = 0 … count − 1, as a new last axis: the chapter's features."""
    steps = x.unsqueeze(-1) / torch.arange(1, count, dtype=x.dtype)
    return torch.cat((torch.ones_like(x).unsqueeze(-1), steps.cumprod(-1)), -1)


def truth(x: Tensor) -> Tensor:
    """5 + 1.2x − 3.4x²/2! + 5.6x³/3!."""
    return features(x, len(TRUTH)) @ torch.tensor(TRUTH, dtype=x.dtype)


@dataclass(frozen=True, eq=False)
class Draws:
    """`sets` data sets: x, y [sets, n], test points [sets, m], and fresh labels at x."""

    x: Tensor
    y: Tensor
    fresh: Tensor
    x_test: Tensor
    y_test: Tensor


def draw(sets: int, n: int, test: int, noise: float, random: Generator) -> Draws:
    """x ~ N(0, 1) and y = truth(x) + N(0, noise²), every set with its own."""
    drawn = torch.randn(sets, 3 * n + 2 * test, generator=random, dtype=_REAL)
    x, error, fresh, x_test, error_test = torch.split(drawn, [n, n, n, test, test], 1)
    f = truth(x)
    return Draws(
        x, f + noise * error, f + noise * fresh, x_test, truth(x_test) + noise * error_test
    )


class Basis:
    """Polynomials orthonormal on the points x [sets, n]: `q` [sets, n, count], QᵀQ = I.

    Column j is of degree j; there are no more than there are points.
    """

    def __init__(self, x: Tensor, count: int = COEFFICIENTS) -> None:
        sets, n = x.shape
        self.count = min(count, n)
        self._first = 1 / math.sqrt(n)
        rows = x.new_zeros(sets, self.count, n)
        rows[:, 0] = self._first
        self._steps = x.new_zeros(sets, self.count, self.count)
        for j in range(1, self.count):
            before = rows[:, :j]
            new = (x * rows[:, j - 1]).unsqueeze(1)
            for _ in range(2):  # once more, or rounding leaves them askew
                along = new @ before.mT
                new = new - along @ before
                self._steps[:, j, :j] += along.squeeze(1)
            norm = new.norm(dim=-1)
            self._steps[:, j, j] = norm.squeeze(1)
            rows[:, j] = new.squeeze(1) / norm
        self.q = rows.mT

    def at(self, x: Tensor) -> Tensor:
        """The same polynomials at other points [sets, m]: [sets, m, count]."""
        rows = x.new_zeros(len(x), self.count, x.shape[1])
        rows[:, 0] = self._first
        for j in range(1, self.count):
            down = self._steps[:, j, None, :j] @ rows[:, :j]
            new = x * rows[:, j - 1] - down.squeeze(1)
            rows[:, j] = new / self._steps[:, j, j, None]
        return rows.mT


class LeastSquares:
    """The least-squares polynomial of every degree 0 … count − 1 for each data set.

    `y` [sets, n] are values at the points of the basis.
    """

    def __init__(self, basis: Basis, y: Tensor) -> None:
        self.basis = basis
        self.c = (y.unsqueeze(-2) @ basis.q).squeeze(-2)

    def fitted(self) -> Tensor:
        """Its values at the training points, [sets, n, degrees]."""
        return (self.basis.q * self.c.unsqueeze(-2)).cumsum(-1)

    def at(self, x: Tensor) -> Tensor:
        """Its values at points [sets, m]: [sets, m, degrees]."""
        return (self.basis.at(x) * self.c.unsqueeze(-2)).cumsum(-1)


@dataclass(frozen=True, eq=False)
class Errors:
    """Mean squared errors [sets, degrees]: at the training points with their labels and with
    fresh ones, and at the test points."""

    train: Tensor
    in_sample: Tensor
    test: Tensor

    def without(self, gone: Tensor) -> Errors:
        """Infinite where a fit is gone, [sets, degrees]: its figures say nothing but that."""
        return Errors(
            self.train.masked_fill(gone, math.inf),
            self.in_sample.masked_fill(gone, math.inf),
            self.test.masked_fill(gone, math.inf),
        )


def errors(draws: Draws, fitted: Tensor, tested: Tensor) -> Errors:
    """Errors of values [sets, n, degrees] and [sets, m, degrees] at training and test points."""
    return Errors(
        _mean_square(draws.y, fitted),
        _mean_square(draws.fresh, fitted),
        _mean_square(draws.y_test, tested),
    )


def _mean_square(y: Tensor, fitted: Tensor) -> Tensor:
    return (y.unsqueeze(-1) - fitted).square().mean(-2)


class Expected:
    """What the errors of least squares are on average over the noise, for the points at hand.

    The bias comes from fitting the truth without noise; noise adds σ²(1 − p/n), σ²(1 + p/n) and
    σ²(1 + mean ‖ψ(x)‖²) over test points, with ψ the orthonormal polynomials.
    """

    def __init__(self, draws: Draws, basis: Basis, noise: float) -> None:
        n = draws.x.shape[1]
        f, tested = truth(draws.x), basis.at(draws.x_test)
        noiseless = LeastSquares(basis, f)
        bias = _mean_square(f, noiseless.fitted())
        bias_test = _mean_square(truth(draws.x_test), noiseless.at(draws.x_test))
        p = torch.arange(1, basis.count + 1, dtype=_REAL)
        reach = tested.square().cumsum(-1).mean(-2)
        self.train = bias + noise**2 * (1 - p / n)
        self.in_sample = bias + noise**2 * (1 + p / n)
        self.test = bias_test + noise**2 * (1 + reach)
        self._tested, self._m = tested, tested.shape[-2]

    def test_spread(self, p: int) -> Tensor:
        """Variance over mean square of the test error of p unbiased coefficients, [sets].

        The test points' errors have covariance σ²(I + ΨΨᵀ): 2‖I + ΨΨᵀ‖²/tr(I + ΨΨᵀ)².
        """
        psi = self._tested[..., :p]
        gram = psi.mT @ psi
        trace = gram.diagonal(dim1=-2, dim2=-1).sum(-1)
        square = self._m + 2 * trace + gram.square().sum((-2, -1))
        return 2 * square / (self._m + trace) ** 2
