"""Lyapunov spectrum of products of independent n×n random matrices.

Newman 1986, "The distribution of Lyapunov exponents: exact results for random matrices";
variances: Forrester 2015, arXiv 1501.05702. Logarithms are natural, per factor.

For a fixed v, |A v|² of a Gaussian A is σ²|v|²χ²_n whatever v is, so that ln|A_k…A₁v| is a sum of
independent steps at every k; the i-th exponent follows from volumes, with χ² of n−i+1 degrees.
The same holds for complex entries (β = 2, Dyson's index) with twice the degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import BadInput, did_you_mean
from engine.theory.special import digamma, trigamma

UNIFORM_KURTOSIS = -1.2  # excess: E x⁴/σ⁴ − 3 of U(−b, b)


@dataclass(frozen=True)
class Ensemble:
    """A law of the factors, and what is known of its products.

    `exponents(n, sigma)` is λ₁ ≥ … ≥ λₙ and `variances(n)` the variance per factor of each sum.
    `beta` is 1 for real entries and 2 for complex ones. `exact` is False where the spectrum is an
    approximation; `remark` says which.
    """

    name: str
    formula: str
    exponents: Callable[[int, float], tuple[float, ...]]
    variances: Callable[[int], tuple[float, ...]]
    beta: int
    exact: bool
    remark: str
    source: str


def gaussian_exponents(n: int, sigma: float, beta: int = 1) -> tuple[float, ...]:
    """λᵢ = ½[ln(2/β) + ψ(β(n−i+1)/2)] + ln σ for E|entry|² = σ²; n numbers, largest first.

    β = 1 is Newman's ½[ln 2 + ψ((n−i+1)/2)] + ln σ; β = 2 is ½ψ(n−i+1) + ln σ.

    Raises:
        BadInput: for n < 1 or σ ≤ 0.
    """
    _check(n, sigma)
    shift = 0.5 * math.log(2 / beta) + math.log(sigma)
    return tuple(0.5 * digamma(beta * k / 2) + shift for k in range(n, 0, -1))


def gaussian_variances(n: int, beta: int = 1) -> tuple[float, ...]:
    """Variance per factor, ¼ψ′(β(n−i+1)/2); does not depend on σ."""
    _check(n, 1.0)
    return tuple(0.25 * trigamma(beta * k / 2) for k in range(n, 0, -1))


def growth(n: int, sigma: float) -> float:
    """λ₁ of real Gaussian factors: the mean of ln‖P‖ gained per factor."""
    return gaussian_exponents(n, sigma)[0]


def critical_sigma(n: int, ensemble: str = "gaussian") -> float:
    """σ* = exp(−λ₁(σ = 1)): the product neither grows nor shrinks; .57237 for n = 4.

    1/√n keeps the mean of |Av|², yet a typical product follows the mean of the logarithm, which
    is smaller (Jensen): at σ = 1/√n it shrinks, by .135 per factor for n = 4.
    """
    return math.exp(-find(ensemble).exponents(n, 1.0)[0])


def first_order_shift(n: int, kurtosis: float) -> float:
    """−¾κ/(n+2)²: what excess kurtosis κ of the entries adds to λ₁, and takes from its variance.

    y = Av has excess kurtosis κΣvⱼ⁴, of mean 3κ/(n+2) over directions; the Edgeworth term
    (κ_y/24)·He₄ of each of the n components shifts E ½ln|y|² by −κ_y/(4(n+2)), its variance by as
    much the other way. To first order in κ the stationary direction stays uniform and steps stay
    uncorrelated, as the law of |Av| did not depend on v before the change.
    """
    return -0.75 * kurtosis / (n + 2) ** 2


def find(name: str) -> Ensemble:
    """The ensemble of that name.

    Raises:
        BadInput: when there is none.
    """
    if name not in ENSEMBLES:
        raise BadInput(f"no ensemble {name!r}{did_you_mean(name, ENSEMBLES)}")
    return ENSEMBLES[name]


def _check(n: int, sigma: float) -> None:
    if n < 1:
        raise BadInput(f"matrices are n×n with n of at least 1, not {n}")
    if not (sigma > 0 and math.isfinite(sigma)):
        raise BadInput(f"sigma must be a positive number, not {sigma}")


def _uniform(n: int, sigma: float) -> tuple[float, ...]:
    first, *others = gaussian_exponents(n, sigma)
    return (first + first_order_shift(n, UNIFORM_KURTOSIS), *others)


def _uniform_variances(n: int) -> tuple[float, ...]:
    first, *others = gaussian_variances(n)
    return (first - first_order_shift(n, UNIFORM_KURTOSIS), *others)


def _orthogonal(n: int, sigma: float) -> tuple[float, ...]:
    _check(n, sigma)
    return (math.log(sigma),) * n


_NEWMAN = "Newman 1986; Forrester 2015, arXiv 1501.05702"
_ALL = (
    Ensemble(
        "gaussian",
        "N(0, σ²)",
        gaussian_exponents,
        gaussian_variances,
        1,
        True,
        "exact for every n",
        _NEWMAN,
    ),
    Ensemble(
        "uniform",
        "U(−√3σ, √3σ)",
        _uniform,
        _uniform_variances,
        1,
        False,
        "entries of variance σ²: λ₁ to first order in their kurtosis (.583 at n = 4, σ = 1, where "
        "long products give .5865), the others as if Gaussian; what it misses falls as 1/n²",
        _NEWMAN + ", with a first-order Edgeworth correction",
    ),
    Ensemble(
        "orthogonal",
        "σQ, QᵀQ = 1",
        _orthogonal,
        lambda n: (0.0,) * n,
        1,
        True,
        "every singular value is σᵏ after k factors, with no spread",
        "Saxe et al. 2014",
    ),
    Ensemble(
        "ginibre",
        "complex N(0, σ²), E|z|² = σ²",
        lambda n, sigma: gaussian_exponents(n, sigma, beta=2),
        lambda n: gaussian_variances(n, beta=2),
        2,
        True,
        "exact for every n",
        _NEWMAN,
    ),
)
ENSEMBLES: dict[str, Ensemble] = {e.name: e for e in _ALL}
