"""The law of ln max|Mᵢⱼ| for a product M of k independent n×n Gaussian matrices.

M is nearly of rank one for large k: M ≈ s·u wᵀ, with u and w uniform on the sphere and independent
of the top singular value s, since the law of M is invariant under rotations on both sides. For a
fixed v, ln|Mv| = ln s + ln|w·v| is a sum of k independent ½ln χ²_n + ln σ, and (w·v)² is
Beta(½, (n−1)/2). Cumulants of independent terms add, so those of ln s follow by subtraction, and

    mean      kλ₁ + ½[ψ(n/2) − ψ(½)] + 2m
    variance  ¼[(k+1)ψ′(n/2) − ψ′(½)] + 2v

with m and v (`log_max_of_direction`) the mean and variance of ln maxᵢ|uᵢ|. What is
neglected is of the order of exp(−k(λ₁ − λ₂)). With β = 2 every ½ in an argument of ψ becomes β/2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

from engine.errors import BadInput
from engine.theory.products import find
from engine.theory.special import digamma, normal_cdf, polygamma


@dataclass(frozen=True)
class LogLaw:
    """Mean, variance and third central moment of a natural logarithm."""

    mean: float
    variance: float
    third: float

    @property
    def deviation(self) -> float:
        return math.sqrt(self.variance)

    @property
    def log10_mean(self) -> float:
        return self.mean / math.log(10)

    @property
    def log10_deviation(self) -> float:
        return self.deviation / math.log(10)

    def quantile_of(self, logarithm: float) -> float:
        """P(ln X < logarithm), by Edgeworth's expansion to the third moment."""
        if self.variance == 0:
            return 1.0 if logarithm > self.mean else 0.0
        z = (logarithm - self.mean) / self.deviation
        density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
        skewness = self.third / math.pow(self.variance, 1.5)
        return min(1.0, max(0.0, normal_cdf(z) - density * skewness * (z * z - 1) / 6))


@lru_cache(maxsize=64)
def log_max_of_direction(n: int, beta: int = 1) -> LogLaw:
    """ln maxᵢ|uᵢ| for u uniform on the unit sphere of Rⁿ (β = 1) or Cⁿ (β = 2).

    u = g/|g| with |g| independent of u, so the cumulants of ln max|gᵢ| less those of ln|g|, which
    are ½[ln(2/β) + ψ(βn/2)], ¼ψ′(βn/2), ⅛ψ″(βn/2). max|gᵢ| has distribution function Fⁿ,
    F(x) = erf(x/√2) or 1 − exp(−x²); its moments by quadrature in t = ln x. n = 4, β = 1: −.258353
    and .017673.
    """
    if n == 1:
        return LogLaw(0.0, 0.0, 0.0)  # |u| is 1
    t = torch.linspace(-60.0, 4.0, 64_001, dtype=torch.float64)
    x = t.exp()
    below = torch.erf(x / math.sqrt(2)) if beta == 1 else -torch.expm1(-x * x)
    half = x * x / (2 / beta)
    log_density = t - half + (0.5 * math.log(2 / math.pi) if beta == 1 else t + math.log(2))
    share = n * below ** (n - 1) * log_density.exp()
    share = share / share.sum()
    mean = float(share @ t)
    variance = float(share @ (t - mean) ** 2)
    third = float(share @ (t - mean) ** 3)
    k = beta * n / 2
    return LogLaw(
        mean - 0.5 * (math.log(2 / beta) + digamma(k)),
        variance - 0.25 * polygamma(1, k),
        third - 0.125 * polygamma(2, k),
    )


def log_singular(n: int, sigma: float, factors: int, ensemble: str = "gaussian") -> LogLaw:
    """ln s, the logarithm of the largest singular value of `factors` factors.

    Exact ends, and per factor the mean and variance of the ensemble; the third moment is that of
    Gaussian entries. Needs a product of rank one: more than n factors or so.

    Raises:
        BadInput: as `log_largest_entry`.
    """
    law = find(ensemble)
    if factors < 1:
        raise BadInput(f"a product has at least 1 factor, not {factors}")
    if law.variances(n)[0] == 0:
        raise BadInput(f"products of {ensemble} matrices do not become rank one: see entry_bounds")
    one, every = law.beta / 2, law.beta * n / 2
    return LogLaw(
        factors * law.exponents(n, sigma)[0] + 0.5 * (digamma(every) - digamma(one)),
        factors * law.variances(n)[0] + 0.25 * (polygamma(1, every) - polygamma(1, one)),
        0.125 * ((factors + 1) * polygamma(2, every) - polygamma(2, one)),
    )


def log_largest_entry(n: int, sigma: float, factors: int, ensemble: str = "gaussian") -> LogLaw:
    """ln max|Mᵢⱼ| of a product of `factors` matrices with entries of variance σ².

    n = 4, σ = 1: log10 is 24.526 ± 1.687 for 100 factors and 24.768 ± 1.696 for 101, which is what
    a loop of 100 products makes when it starts from a random matrix. An ensemble that is not exact
    is met with the law of the Gaussian one around its own mean and variance per factor. For a few
    factors, not yet of rank one, the law is too narrow: its variance is taken as at least that of
    one factor.

    Raises:
        BadInput: for n, σ or factors that make no product, an unknown ensemble, or the orthogonal
            one, whose products do not become rank one.
    """
    law = rank_one_law(n, sigma, factors, ensemble)
    return replace(law, variance=max(law.variance, find(ensemble).variances(n)[0]))


def rank_one_law(n: int, sigma: float, factors: int, ensemble: str = "gaussian") -> LogLaw:
    """The formulas alone, linear in `factors`; below some n factors they may give a variance < 0.

    Raises:
        BadInput: as `log_largest_entry`.
    """
    top = log_singular(n, sigma, factors, ensemble)
    end = log_max_of_direction(n, find(ensemble).beta)
    return LogLaw(
        top.mean + 2 * end.mean, top.variance + 2 * end.variance, top.third + 2 * end.third
    )


def entry_bounds(n: int, sigma: float, factors: int) -> tuple[float, float]:
    """ln max|Mᵢⱼ| of M = σᵏQ, Q orthogonal: between k ln σ − ½ ln n (each column has norm σᵏ) and
    k ln σ."""
    high = factors * find("orthogonal").exponents(n, sigma)[0]
    return high - 0.5 * math.log(n), high
