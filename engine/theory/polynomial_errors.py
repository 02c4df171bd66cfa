"""Least squares with p coefficients on n points of y = f(x) + N(0, σ²), f within their reach.

With H the projection onto the fitted functions the residual is (I − H)ε and the fit's own error
Hε, so the laws below are exact for any n points that hold p coefficients apart, whatever the
functions are. Out of sample there is no such law: the error's mean over designs is infinite or
without meaning, and `engine.lab.polynomials.Expected` gives it for the points at hand.
"""

from __future__ import annotations

import math

import torch

SIGMAS = 5.0


def train_error(noise: float, n: int, p: int) -> float:
    """E of the mean squared residual, σ²(1 − p/n): (n − p) degrees of freedom."""
    return noise**2 * (1 - p / n)


def train_tolerance(noise: float, n: int, p: int, sets: int) -> float:
    """Five sigma of its mean over `sets` data sets: n·residual/σ² is χ² of n − p."""
    return SIGMAS * noise**2 * math.sqrt(2 * (n - p) / sets) / n


def in_sample_error(noise: float, n: int, p: int) -> float:
    """E of the mean squared error on fresh noise at the same points, σ²(1 + p/n)."""
    return noise**2 * (1 + p / n)


def in_sample_tolerance(noise: float, n: int, p: int, sets: int) -> float:
    """Five sigma of its mean over data sets: fresh noise less Hε has covariance σ²(I + H)."""
    return SIGMAS * noise**2 * math.sqrt(2 * (n + 3 * p) / sets) / n


def fit_error(noise: float, n: int, p: int) -> float:
    """E of the fit's mean squared distance from f at the same points, σ²p/n: Hε alone."""
    return noise**2 * p / n


def fit_tolerance(noise: float, n: int, p: int, sets: int) -> float:
    """Five sigma of its mean over data sets: n·distance²/σ² is χ² of p."""
    return SIGMAS * noise**2 * math.sqrt(2 * p / sets) / n


def optimism(noise: float, n: int, p: int) -> float:
    """E of the in-sample error less the train error of the same fit, 2σ²p/n.

    Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, §7.4; Mallows' C_p
    (1973) adds it to the train error.
    """
    return 2 * noise**2 * p / n


def optimism_tolerance(noise: float, n: int, p: int, sets: int) -> float:
    """Five sigma of its mean over data sets: variance 4σ⁴(n + p)/n² of one."""
    return SIGMAS * noise**2 * math.sqrt(4 * (n + p) / sets) / n


def cp_keeps_the_truth(spare: int) -> float:
    """The probability that C_p, told σ, takes none of `spare` superfluous coefficients.

    In an orthonormal basis each superfluous coefficient lowers the residual sum by an independent
    σ²χ²₁ and costs 2σ², so none is taken when the walk of steps χ²₁ − 2 never rises above 0. By
    Spitzer (1956) those probabilities qₙ obey n qₙ = Σₖ P(χ²ₖ ≤ 2k) qₙ₋ₖ; the limit is .712
    (Shibata 1976, for Akaike's criterion). It needs a true last coefficient far above the noise.
    """
    k = torch.arange(1, spare + 1, dtype=torch.float64)
    below = torch.special.gammainc(k / 2, k).tolist()
    kept = [1.0]
    for n in range(1, spare + 1):
        kept.append(sum(below[j - 1] * kept[n - j] for j in range(1, n + 1)) / n)
    return kept[spare]
