"""Where an initialization is critical: gradients neither vanish nor explode with depth.

Along χ₁ = 1 the fixed point q parametrizes the line: σw² = 1/W(q), σb² = q − V(q)/W(q), with
V = E φ² and W = E φ′² (Poole et al. 2016). An activation that is not scale-invariant and has
φ(0) ≠ 0 or a curved middle can also keep q itself marginal: dq′/dq = σw² dV/dq = 1 as well, the
double condition of Roberts, Yaida and Hanin 2022, "The Principles of Deep Learning Theory", 5.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.rules.activations import Activation
from engine.theory.moments import moments

LOG_Q = (-12.0, 12.0, 481)
FLAT = 1e-12  # below this share of q, σb² along the line is 0 for rounding's sake
BISECTIONS = 60


@dataclass(frozen=True)
class CriticalPoint:
    """σw² and σb² with χ₁ = 1 at the fixed point q."""

    weight_variance: float
    bias_variance: float
    q: float


def critical_points(activation: Activation, bias_variance: float) -> tuple[CriticalPoint, ...]:
    """Every (σw², q*) with χ₁ = 1 at this σb², by increasing q; q* > e⁻¹².

    A positively homogeneous φ (relu, leaky_relu, prelu, identity) is critical at σb² = 0 alone,
    with every q fixed: q = 1 is given. tanh at σb² = 0 is critical in the limit q → 0, σw² =
    1/φ′(0)², which is given as q = 0. softplus has none.
    """
    grid = torch.linspace(*LOG_Q, dtype=torch.float64).exp()
    bias = _bias(activation, grid)
    if bool((bias.abs() <= FLAT * grid).all()):
        return (_point(activation, 1.0),) if bias_variance == 0 else ()
    roots = _roots(lambda q: _bias(activation, q) - bias_variance, grid)
    at_zero = moments(activation, 0.0)
    if bias_variance == 0 and float(at_zero.second) == 0 and float(at_zero.slope) > 0:
        return (_point(activation, 0.0), *(_point(activation, q) for q in roots))
    return tuple(_point(activation, q) for q in roots)


def half_stable_point(activation: Activation) -> CriticalPoint | None:
    """The point with σb² ≥ 0 where both χ₁ = 1 and dq′/dq = 1, the smallest q > e⁻¹² of these.

    gelu: σw² = 1.98306, σb² = .17292; silu: 1.98800, .55514. None where there is no such point,
    or a whole line of them (scale-invariant activations).
    """
    grid = torch.linspace(*LOG_Q, dtype=torch.float64).exp()

    def gap(q: Tensor) -> Tensor:
        at = moments(activation, q)
        return at.growth / at.slope - 1

    if bool((gap(grid).abs() <= FLAT).all()):
        return None
    points = (_point(activation, q) for q in _roots(gap, grid))
    return next((point for point in points if point.bias_variance >= 0), None)


def _bias(activation: Activation, q: Tensor) -> Tensor:
    at = moments(activation, q)
    return q - at.second / at.slope


def _point(activation: Activation, q: float) -> CriticalPoint:
    at = moments(activation, q)
    weight = 1 / float(at.slope)
    bias = q - weight * float(at.second)
    return CriticalPoint(weight, 0.0 if abs(bias) <= 1e-9 * max(q, 1.0) else bias, q)


def _roots(f: Callable[[Tensor], Tensor], grid: Tensor) -> list[float]:
    values = f(grid)
    cells = (values[:-1].sign() * values[1:].sign() < 0).nonzero().flatten()
    low, high = grid[cells], grid[cells + 1]
    at_low = values[cells].sign()
    for _ in range(BISECTIONS if len(cells) else 0):
        middle = (low + high) / 2
        same = f(middle).sign() == at_low
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    return [float(q) for q in (low + high) / 2]
