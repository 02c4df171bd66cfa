"""Moments of an activation under a Gaussian pre-activation z ~ N(0, q).

These are what the variance map is made of: Poole et al. 2016, eq. 3; Schoenholz et al. 2017, eq. 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.rules.activations import Activation
from engine.theory.quadrature import gaussian

SMALLEST_Q = 1e-20  # below it slopes are taken at this q: their limit q → 0⁺, both sides of a kink
RANGE = 40.0  # slopes are searched on ±RANGE
SPACING = 0.01


@dataclass(frozen=True)
class Moments:
    """Expectations over z ~ N(0, q), each of the shape of q (float64, no unit).

    `mean` is E φ, `second` V(q) = E φ², `slope` W(q) = E φ′², and `growth` dV/dq, which is
    E[φφ′z]/q by Stein's lemma.
    """

    mean: Tensor
    second: Tensor
    slope: Tensor
    growth: Tensor


@dataclass(frozen=True)
class Steepest:
    """The largest |φ′| and the z where it is; `at` is ∞ where φ′ tends to it or stays at it."""

    slope: float
    at: float


def slopes(activation: Activation, z: Tensor) -> Tensor:
    """φ′(z), the learned parameter of prelu at its start; same shape as z."""
    if activation.derivative is not None:
        return activation.derivative(z, activation.forward(z))
    z = z.detach().requires_grad_()
    with torch.enable_grad():
        (by_autograd,) = torch.autograd.grad(activation.forward(z).sum(), z)
    return by_autograd


def moments(activation: Activation, q: Tensor | float) -> Moments:
    """E φ, E φ², E φ′² and dE φ²/dq at variance q ≥ 0 (any shape), to about 1e-12.

    At q = 0 the limit q → 0⁺: φ(0), φ(0)², and the mean of φ′² over both sides of 0.
    """
    q = torch.as_tensor(q, dtype=torch.float64)
    nodes, weights = gaussian()
    h = activation.forward(q.sqrt()[..., None] * nodes)
    deviation = q.clamp_min(SMALLEST_Q).sqrt()
    slope = slopes(activation, deviation[..., None] * nodes)
    growth = (h * slope) @ (weights * nodes) / deviation
    return Moments(h @ weights, h.square() @ weights, slope.square() @ weights, growth)


def second_moment(activation: Activation, q: float) -> float:
    """V(q) = E φ(√q z)², z ~ N(0, 1)."""
    return float(moments(activation, q).second)


def slope_moment(activation: Activation, q: float) -> float:
    """W(q) = E φ′(√q z)², z ~ N(0, 1)."""
    return float(moments(activation, q).slope)


def steepest(activation: Activation) -> Steepest:
    """The largest |φ′|, by search on a grid and golden section, to 1e-7 in z."""
    grid = torch.arange(-RANGE, RANGE + SPACING, SPACING, dtype=torch.float64)
    grid[grid.abs() < SPACING / 2] = 0.0
    found = slopes(activation, grid).abs()
    largest = float(found.max())
    if float(found[-1]) > largest - 1e-7:
        return Steepest(float(found[-1]), math.inf)
    z = float(grid[found.argmax()])
    at = _highest(activation, z - SPACING, z + SPACING)
    slope = _slope(activation, at)
    return Steepest(slope, at) if slope > largest else Steepest(largest, z)


def _slope(activation: Activation, z: float) -> float:
    return float(slopes(activation, torch.tensor([z], dtype=torch.float64)).abs())


def _highest(activation: Activation, low: float, high: float) -> float:
    ratio = (math.sqrt(5) - 1) / 2
    while high - low > 1e-8:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if _slope(activation, left) >= _slope(activation, right):
            high = right
        else:
            low = left
    return (low + high) / 2
