"""The correlation map: how alike two inputs look one layer further on.

c′ = (σw²·E φ(u₁)φ(u₂) + σb²)/q′ with u₁, u₂ ~ N(0, q) of correlation c (Poole et al. 2016, eq. 6;
Schoenholz et al. 2017, eq. 3). c = 1 is always fixed, and attracts exactly when χ₁ ≤ 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from engine.rules.activations import Activation
from engine.theory.moments import second_moment
from engine.theory.propagation import LayerPrediction
from engine.theory.quadrature import PLANE, gaussian, gaussian_around
from engine.theory.variance_map import chi

ITERATIONS = 60
CLOSE = 1e-11
NEARLY_ONE = 1 - 1e-6


def overlap(activation: Activation, q: float, correlation: float) -> float:
    """E φ(u₁)φ(u₂) for u₁, u₂ ~ N(0, q) of correlation c in [−1, 1], to about 1e-10 for q < 1e4.

    u₂ = √q(c z₁ + √(1 − c²) z₂); the inner integral is fine around the z₂ where u₂ = 0, the place
    of every kink.
    """
    outer, weights = gaussian(PLANE)
    c, scale = max(-1.0, min(1.0, correlation)), math.sqrt(q)
    first = activation.forward(scale * outer)
    if abs(c) == 1:
        return float((first * activation.forward(c * scale * outer)) @ weights)
    rest = math.sqrt(1 - c * c)
    inner, inner_weights = gaussian_around(-c * outer / rest, PLANE)
    second = activation.forward(scale * (c * outer[:, None] + rest * inner))
    return float((first * (second * inner_weights).sum(-1)) @ weights)


def step(
    activation: Activation,
    q: float,
    correlation: float,
    weight_variance: float,
    bias_variance: float,
) -> float:
    """c of the next layer's pre-activations, given q and c of this one's (equal for both inputs).

    NaN when the next layer's second moment is 0.
    """
    q_next = weight_variance * second_moment(activation, q) + bias_variance
    if q_next == 0:
        return math.nan
    common = weight_variance * overlap(activation, q, correlation) + bias_variance
    return common / q_next


def fixed_correlation(
    activation: Activation, q: float, weight_variance: float, bias_variance: float
) -> float:
    """c* that two different inputs are drawn to at the fixed point q: 1 in the ordered phase.

    On [0, 1] the map is a power series with coefficients ≥ 0, so convex; for χ₁ > 1 it crosses the
    diagonal once below 1, found by regula falsi.
    """
    if chi(activation, q, weight_variance) <= 1:
        return 1.0
    low, high = 0.0, NEARLY_ONE

    def gain(c: float) -> float:
        return step(activation, q, c, weight_variance, bias_variance) - c

    at_low, at_high = gain(low), gain(high)
    if at_low <= CLOSE:
        return 0.0
    if at_high >= 0:
        return 1.0
    for _ in range(ITERATIONS):  # regula falsi, Illinois: halves the end that stays
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        at = gain(middle)
        if abs(at) < CLOSE:
            return middle
        if at > 0:
            low, at_low, at_high = middle, at, at_high / 2
        else:
            high, at_high, at_low = middle, at, at_low / 2
    return (low + high) / 2


def arc_cosine(correlation: float) -> float:
    """The correlation map of ReLU, any q, σb = 0: [√(1 − c²) + c(π − arccos c)]/π.

    Cho and Saul 2009, the arc-cosine kernel of degree 1.
    """
    c = max(-1.0, min(1.0, correlation))
    return (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / math.pi


def through_network(
    activation: Activation,
    layers: Sequence[LayerPrediction],
    correlation: float,
    bias_variance: float = 0.0,
) -> tuple[float, ...]:
    """c of two inputs' pre-activations in each of the `layers`, from that of the inputs.

    Both inputs have the second moment that the layers were predicted with. The first layer is
    linear in them, so it adds only what the bias has in common.
    """
    first = layers[0]
    if first.q == 0:
        return (math.nan,) * len(layers)
    seen = [((first.q - bias_variance) * correlation + bias_variance) / first.q]
    for below, layer in pairwise(layers):
        seen.append(step(activation, below.q, seen[-1], layer.weight_gain, bias_variance))
    return tuple(seen)
