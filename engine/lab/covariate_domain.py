"""Tell source from target: many logistic regressions at once, by Newton's method in float64."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from engine.lab.logistic import Logistic, by_newton

RIDGE = 1e-9  # of |φ|²/2 per example: what separates perfectly has no other minimum


def features(x: Tensor, degree: int) -> Tensor:
    """Z = (1, x, x², ...) up to `degree`, [..., degree + 1] for x of any shape."""
    return torch.stack([x**k for k in range(degree + 1)], dim=-1)


def logits(x: Tensor, coefficients: Tensor) -> Tensor:
    """h = Zᵀφ, [runs, examples] for x [runs, examples] and coefficients [runs, degree + 1]."""
    value = torch.zeros_like(x)
    for coefficient in coefficients.unbind(-1)[::-1]:
        value = value * x + coefficient[:, None]
    return value


def classify(
    source: Tensor,
    target: Tensor,
    degree: int,
    start: Tensor | None = None,
    ridge: float = RIDGE,
) -> Tensor:
    """The coefficients of h = ln odds(target), [runs, degree + 1].

    `source` [runs, n] and `target` [runs, m] are float64; Newton's steps begin at `start` (zeros).
    """
    z = features(torch.cat([source, target], dim=1), degree)
    label = torch.cat([torch.zeros_like(source), torch.ones_like(target)], dim=1)
    phi = source.new_zeros(len(source), degree + 1) if start is None else start
    return by_newton(Logistic(z, label, ridge), phi)


def log_weights(x: Tensor, coefficients: Tensor, n: int, m: int) -> Tensor:
    """ln β̂ = h + ln(n/m): without the factor the weights are m/n times too large."""
    return logits(x, coefficients) + math.log(n / m)
