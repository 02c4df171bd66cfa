"""What one layer behind an activation does to second moments, and how exactly that can be measured.

Inputs z ~ N(0, 1), h = φ(z), o = Wh; backward δ_z = φ′(z)·Wᵀδ_o with δ_o ~ N(0, 1). Then
E o² = fan_in·Var[w]·E φ² and E δ_z² = fan_out·Var[w]·E φ′² (He et al. 2015, eq. 10 and 14; with the
identity, Glorot and Bengio 2010, eq. 5 and 6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.rules.activations import Activation
from engine.rules.initializers import Draw, Initializer
from engine.theory.moments import Moments, moments, slopes
from engine.theory.quadrature import gaussian


@dataclass(frozen=True)
class Passage:
    """`forward` = E o², `backward` = E δ_z²; each `spread` is the relative variance of one draw.

    A draw is one weight, one input and one δ_o; its figure is the mean over entries. The spreads
    are those of Gaussian entries, which those of uniform or orthogonal ones stay below.
    """

    forward: float
    backward: float
    forward_spread: float
    backward_spread: float


def passage(
    rule: Initializer, activation: Activation, fan_in: int, fan_out: int, draw: Draw
) -> Passage:
    """One layer of weights [fan_out, fan_in].

    A constant weight c adds up instead of averaging: E o² = c²·[n·Var φ + (n·E φ)²], n = fan_in.
    LSUV makes Var o = 1 on inputs, whatever they are.
    """
    at = moments(activation, 1.0)
    second, slope = float(at.second), float(at.slope)
    if rule.uses == "init_constant":
        return _constant(draw.constant, at, fan_in, fan_out)
    variance = rule.variance(fan_in, fan_out, draw)
    if rule.calibrated:
        variance = 1 / (fan_in * second)
    nodes, weights = gaussian()
    h4 = float(activation.forward(nodes).pow(4) @ weights)
    slope4 = float(slopes(activation, nodes).pow(4) @ weights)
    of_h, of_slope = h4 / second**2 - 1, 3 * slope4 / slope**2 - 1
    return Passage(
        fan_in * variance * second,
        fan_out * variance * slope,
        _joint(of_h / fan_in, 2 / fan_out),
        _joint(of_slope / fan_in, 2 / fan_out),
    )


def _joint(one: float, other: float) -> float:
    """The relative variance of a product of two independent factors."""
    return one + other + one * other


def _constant(c: float, at: Moments, fan_in: int, fan_out: int) -> Passage:
    """All outputs are alike, c times a nearly normal sum: its square varies by at most 2."""
    mean, second, slope = float(at.mean), float(at.second), float(at.slope)
    total = fan_in * (second - mean**2) + (fan_in * mean) ** 2
    return Passage(c**2 * total, c**2 * fan_out * slope, 2.0, _joint(2.0, 2 / fan_in))


def tolerance(predicted: float, spread: float, draws: int, sigmas: float = 5.0) -> float:
    """`sigmas` standard errors of the mean over independent draws."""
    return sigmas * predicted * math.sqrt(spread / draws)
