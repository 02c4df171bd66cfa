"""What inverted dropout does to a unit and to a linear model, exactly.

A unit h becomes h·m, with m = 0 with probability p and 1/(1 − p) otherwise (Srivastava et al. 2014,
section 10; d2l 5.6): E h·m = h and Var h·m = h²·p/(1 − p). For linear regression on inputs that
are dropped, E‖y − (X∘M)w‖² = ‖y − Xw‖² + p/(1 − p)·Σⱼ wⱼ²‖Xⱼ‖² (Srivastava et al. 2014, section
9.1; Wager, Wang and Liang 2013): ridge regression, each weight penalized by its column's norm.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

SIGMAS = 5.0


def mask_variance(p: float) -> float:
    """Var m = p/(1 − p) for p in [0, 1]; 0 at p = 1, where nothing is left."""
    return p / (1 - p) if p < 1 else 0.0


def mean(h: float, p: float) -> float:
    """E h·m = h; 0 at p = 1, where nothing is left."""
    return h if p < 1 else 0.0


def variance(h: float, p: float) -> float:
    """Var h·m = h²·p/(1 − p)."""
    return h * h * mask_variance(p)


def fraction_tolerance(p: float, draws: int) -> float:
    """Five sigma of the fraction of zeros among `draws` units."""
    return SIGMAS * math.sqrt(p * (1 - p) / draws)


def mean_tolerance(h: float, p: float, draws: int) -> float:
    """Five sigma of the mean of `draws` values of h·m."""
    return SIGMAS * math.sqrt(variance(h, p) / draws)


def variance_tolerance(h: float, p: float, draws: int) -> float:
    """How far the variance of `draws` values (about their own mean) strays from h²·p/(1 − p).

    The values are two-valued, so their variance is h²·q(1 − q)/(1 − p)² with q their fraction of
    zeros, and q is within five sigma Δ of p: |q(1 − q) − p(1 − p)| ≤ |1 − 2p|Δ + Δ². The square
    is all that is left at p = ½.
    """
    if p >= 1:
        return 0.0
    away = fraction_tolerance(p, draws)
    return (h / (1 - p)) ** 2 * (abs(1 - 2 * p) * away + away * away)


def expected_square_loss(x: Tensor, y: Tensor, w: Tensor, p: float) -> float:
    """E‖y − (X∘M)w‖² over masks, p < 1, for X float64 [n, d], y [n], w [d]."""
    residual = (y - x @ w).square().sum()
    penalty = (w.square() * x.square().sum(0)).sum()
    return float(residual + mask_variance(p) * penalty)


def ridge_weights(x: Tensor, y: Tensor, p: float) -> Tensor:
    """The w [d] that minimizes `expected_square_loss`: (XᵀX + p/(1 − p)·diag XᵀX)⁻¹Xᵀy."""
    gram = x.T @ x
    penalized = gram + mask_variance(p) * torch.diag(torch.diagonal(gram))
    weights: Tensor = torch.linalg.solve(penalized, x.T @ y)
    return weights
