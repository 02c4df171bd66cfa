"""The variance map q ↦ σw²·E φ(√q z)² + σb², its fixed point q*, and the slope χ₁ there.

Poole et al. 2016, eq. 3–5; Schoenholz et al. 2017, eq. 2–7. q is the second moment of a
pre-activation in an infinitely wide layer, σw² = fan_in·Var[w], σb² = Var[b].
χ₁ = σw²·E φ′(√q* z)² multiplies the squared norm of a gradient per layer, and the distance of two
nearly equal inputs. No unit anywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from engine.errors import BadInput
from engine.rules.activations import Activation
from engine.theory.moments import moments, second_moment, slope_moment

Phase = Literal["ordered", "critical", "chaotic"]
FIXED = 1e-12  # relative change below which a starting q counts as fixed
LOG_Q = (-27.0, 27.0, 1081)  # ln q is searched between these, in steps of .05
BEYOND = 1e12  # stands for q = ∞ in moments of φ′
NEWTON_STEPS = 8  # 3 reach every digit, unless the map nearly touches the diagonal
CRITICAL_WITHIN = 1e-3


@dataclass(frozen=True)
class FixedPoint:
    """Where the map leads: q*, χ₁ there, ξ = 1/|ln χ₁| in layers, and the phase."""

    q: float
    chi: float
    depth_scale: float
    phase: Phase


def step(activation: Activation, q: float, weight_variance: float, bias_variance: float) -> float:
    """One layer of the map: σw²·V(q) + σb²."""
    return weight_variance * second_moment(activation, q) + bias_variance


def chi(activation: Activation, q: float, weight_variance: float) -> float:
    """χ at a given q: σw²·E φ′(√q z)²; the gradient's norm changes by √χ per layer."""
    return weight_variance * slope_moment(activation, min(q, BEYOND))


def phase_of(chi_1: float, within: float = CRITICAL_WITHIN) -> Phase:
    """Ordered (gradients vanish) for χ₁ < 1, chaotic (they explode) for χ₁ > 1."""
    if abs(chi_1 - 1) <= within:
        return "critical"
    return "ordered" if chi_1 < 1 else "chaotic"


def depth_scale(chi_1: float) -> float:
    """ξ = 1/|ln χ₁|: layers over which a difference of two inputs, or a gradient², changes by e."""
    if chi_1 <= 0:
        return 0.0
    return 1 / abs(math.log(chi_1)) if chi_1 != 1 else math.inf


def fixed_point(
    activation: Activation, weight_variance: float, bias_variance: float, start: float = 1.0
) -> FixedPoint:
    """Where q goes from `start`: 0, a positive q*, or ∞.

    Raises:
        BadInput: when a variance is negative or not finite, or `start` is not positive.
    """
    for name, value in (("σw²", weight_variance), ("σb²", bias_variance)):
        if not (value >= 0 and math.isfinite(value)):
            raise BadInput(f"{name} must be a number of at least 0, not {value}")
    if not (start > 0 and math.isfinite(start)):
        raise BadInput(f"q must start at a positive number, not {start}")
    q, chi_1 = fixed_points(
        activation,
        torch.tensor(weight_variance, dtype=torch.float64),
        torch.tensor(bias_variance, dtype=torch.float64),
        start,
    )
    slope = float(chi_1)
    return FixedPoint(float(q), slope, depth_scale(slope), phase_of(slope))


def fixed_points(
    activation: Activation,
    weight_variance: Tensor,
    bias_variance: Tensor,
    start: float = 1.0,
    newton_steps: int = NEWTON_STEPS,
) -> tuple[Tensor, Tensor]:
    """q* and χ₁ for every pair of the two tensors (of one shape), all at once.

    V is increasing for every activation here, so iterates move one way and stop at the first fixed
    point they meet: the first change of sign of the map less q on that side of `start`. It is
    bracketed on a grid of ln q and refined by Newton's method. 0 and ∞ where no sign changes.
    """
    shape = weight_variance.shape
    sw, sb = weight_variance.reshape(-1, 1), bias_variance.reshape(-1, 1)
    grid = torch.linspace(*LOG_Q, dtype=torch.float64).exp()
    grid = torch.cat([grid[grid < start], grid.new_tensor([start]), grid[grid > start]])
    first = int((grid < start).sum())
    excess = sw * moments(activation, grid).second + sb - grid
    excess = torch.where(excess.abs() <= FIXED * grid, 0.0, excess)
    up = excess[:, first] > 0
    above, below = _first(excess[:, first:] <= 0), _first(excess[:, : first + 1].flip(1) >= 0)
    found = torch.where(up, first + above < len(grid), below <= first)
    q = torch.where(up, math.inf, 0.0).to(grid)
    high = torch.where(up, first + above, first - below + 1)[found].clamp_max(len(grid) - 1)
    ends = grid[high - 1], grid[high]
    q[found] = _newton(activation, sw[found, 0], sb[found, 0], ends, newton_steps)
    q[excess[:, first] == 0] = start
    chi_1 = sw[:, 0] * moments(activation, q.clamp_max(BEYOND)).slope
    return q.reshape(shape), chi_1.reshape(shape)


def _first(condition: Tensor) -> Tensor:
    """The first column where a row holds, or the number of columns."""
    found = condition.to(torch.int8)
    return torch.where(found.any(1), found.argmax(1), condition.shape[1])


def _newton(
    activation: Activation, sw: Tensor, sb: Tensor, ends: tuple[Tensor, Tensor], steps: int
) -> Tensor:
    low, high = ends
    q = (low * high).sqrt()
    for _ in range(steps):
        at = moments(activation, q)
        excess, slope = sw * at.second + sb - q, sw * at.growth - 1
        q = torch.where(slope == 0, q, q - excess / slope).clamp(low, high)
    return q
