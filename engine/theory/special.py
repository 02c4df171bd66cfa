"""Special functions of one number, in float64."""

from __future__ import annotations

import math

import torch


def digamma(x: float) -> float:
    """ψ(x) = d ln Γ/dx; E ln χ²_k = ln 2 + ψ(k/2)."""
    return float(torch.special.digamma(torch.tensor(x, dtype=torch.float64)))


def polygamma(order: int, x: float) -> float:
    """ψ⁽ᵒʳᵈᵉʳ⁾(x), x > 0; the cumulants of ln χ²_k are ψ′(k/2), ψ″(k/2), ..."""
    return float(torch.special.polygamma(order, torch.tensor(x, dtype=torch.float64)))


def trigamma(x: float) -> float:
    """ψ′(x); Var ln χ²_k = ψ′(k/2)."""
    return polygamma(1, x)


def normal_cdf(z: float) -> float:
    """Φ(z), the standard normal distribution function."""
    return 0.5 * math.erfc(-z / math.sqrt(2))
