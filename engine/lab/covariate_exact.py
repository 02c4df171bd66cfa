"""The well-specified line, exactly: what weights cost when there is nothing to correct.

Given x, θ̂ = (XᵀWX)⁻¹XᵀWy has covariance noise²·V, V = (XᵀWX)⁻¹ XᵀW²X (XᵀWX)⁻¹, whatever weights
W that do not look at y; it is least for equal ones (Gauss and Markov). The excess MSE on a target
with Gram matrix A = E XXᵀ is a quadratic form with cumulants 2ᵏ⁻¹(k − 1)!·noise²ᵏ·tr (AV)ᵏ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.lab.covariate import relative

SIGMAS = 5.0


@dataclass(frozen=True)
class Excess:
    """First three cumulants of each run's excess over noise², per unit of noise; [runs] each."""

    mean: Tensor
    variance: Tensor
    third: Tensor

    def tolerance(self, noise: float) -> float:
        """Five sigma of the mean over the runs, and what the skewness adds to that."""
        variance, third = float(self.variance.sum()), float(self.third.sum())
        skewness = third / variance**1.5
        return skewed(skewness) * noise**2 * math.sqrt(variance) / len(self.mean)


def skewed(skewness: float) -> float:
    """How many sigma are as improbable as five of a normal law (Cornish and Fisher 1938)."""
    return SIGMAS + abs(skewness) * (SIGMAS**2 - 1) / 6


def excess(x: Tensor, log_weight: Tensor, target: Tensor) -> Excess:
    """Of weighted lines fitted at x [runs, n], given x; `target` is A, [2, 2]."""
    w = relative(log_weight)
    inverse, failed = torch.linalg.inv_ex(_gram(x, w))
    inverse[failed != 0] = torch.nan  # a single example has all the weight
    covariance = inverse @ _gram(x, w * w) @ inverse
    product = target @ covariance
    square = product @ product
    return Excess(
        _trace(product),
        2 * _trace(square),
        8 * _trace(square @ product),
    )


def _gram(x: Tensor, weight: Tensor) -> Tensor:
    """Σ weight·XXᵀ, [runs, 2, 2]."""
    rows = torch.stack([torch.ones_like(x), x], dim=-1)
    return (rows * weight[..., None]).mT @ rows


def _trace(matrices: Tensor) -> Tensor:
    return matrices.diagonal(dim1=-2, dim2=-1).sum(-1)
