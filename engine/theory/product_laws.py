"""Laws of products for every ensemble: the largest entry, singular values, the end of a dtype."""

from __future__ import annotations

import math

from engine.theory.largest_entry import LogLaw, entry_bounds, log_largest_entry
from engine.theory.overflow import Crossing, limits, overflow, underflow
from engine.theory.products import Ensemble, find
from engine.theory.special import digamma

STILL = 1e-12  # a drift per factor below this is that of rounding σ


def largest_entry(ensemble: str, n: int, sigma: float, factors: int) -> LogLaw:
    """ln max|Mᵢⱼ| after a number of factors: a law, or for orthogonal factors a range.

    That range is given as its middle with half of it, ¼ ln n, for a deviation.
    """
    if ensemble != "orthogonal":
        return log_largest_entry(n, sigma, factors, ensemble)
    low, high = entry_bounds(n, sigma, factors)
    return LogLaw((low + high) / 2, ((high - low) / 2) ** 2, 0.0)


def singular_offset(n: int, index: int, beta: int = 1) -> float:
    """E ln σᵢ − kλᵢ of a product of k Gaussian factors once σᵢ has parted from its neighbours.

    ½[ψ(β(n−i+1)/2) − ψ(βi/2)], i = 1 … n. The i-th exterior power of the product is of rank one,
    s·U Wᵀ, with ln‖P e₁∧…∧eᵢ‖ = ln s + ln|det C|, C the i×i corner of a uniform orthogonal matrix:
    CᵀC is matrix-variate Beta(i/2, (n−i)/2), so that det² is a product of independent
    Beta((i−j+1)/2, (n−i)/2), j = 1 … i (Muirhead 1982, theorem 3.3.3). E ln s follows by
    subtraction, E ln σᵢ as the difference of two such.
    """
    return 0.5 * (digamma(beta * (n - index + 1) / 2) - digamma(beta * index / 2))


def gap(ensemble: Ensemble, n: int, factors: int) -> tuple[float, float]:
    """Mean and variance of ln σ₁/σ₂ after a number of Gaussian factors, n ≥ 2, when it is large."""
    first, second = ensemble.exponents(n, 1.0)[:2]
    offset = singular_offset(n, 1, ensemble.beta) - singular_offset(n, 2, ensemble.beta)
    return factors * (first - second) + offset, factors * sum(ensemble.variances(n)[:2])


def leaves(ensemble: str, n: int, sigma: float, dtype: str) -> Crossing:
    """The number of factors after which a product is no longer within a dtype's range.

    Infinite for a product that neither grows nor shrinks. Orthogonal factors change the largest
    entry by σ each: what is uncertain is only where in its range the entry is.
    """
    drift = find(ensemble).exponents(n, sigma)[0]
    if ensemble != "orthogonal":
        return (overflow if drift > 0 else underflow)(n, sigma, dtype, ensemble)
    ends = limits(dtype)
    level = math.log(ends.largest if drift > 0 else ends.zero_below)
    if abs(drift) < STILL:
        return Crossing(level, math.inf, math.inf, math.inf)
    steps = (level + 0.25 * math.log(n)) / drift
    return Crossing(level, steps, steps + 0.5, 0.25 * math.log(n) / abs(drift))
