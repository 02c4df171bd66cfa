"""How far a network of finite width strays from the limit that the variance map describes.

At width n, ‖δ_l‖² = Σᵢ (Wᵀδ)ᵢ²·φ′(zᵢ)² has n nearly independent terms, so its relative variance
is κ/n with κ = 3·E φ′⁴/(E φ′²)² − 1: 5 for ReLU, exactly, and 2 for a linear layer (Hanin and
Nica 2020, arXiv 1812.05994, theorem 1, for ReLU). Logarithms add up over layers, so that a mean of
logarithms lies about κ/(2n) per layer below the logarithm of the limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from engine.rules.activations import Activation
from engine.theory.moments import SMALLEST_Q, slopes
from engine.theory.propagation import LayerPrediction
from engine.theory.quadrature import gaussian

SIGMAS = 5.0


def slope_kurtosis(activation: Activation, q: float) -> float:
    """κ = 3·E φ′⁴/(E φ′²)² − 1 at z ~ N(0, q); ∞ where φ′ is rounded to zero everywhere."""
    nodes, weights = gaussian()
    slope = slopes(activation, math.sqrt(max(q, SMALLEST_Q)) * nodes).square()
    second = float(slope @ weights)
    return 3 * float(slope.square() @ weights) / second**2 - 1 if second > 0 else math.inf


def factor_tolerance(
    activation: Activation, layers: Sequence[LayerPrediction], nets: int, sigmas: float = SIGMAS
) -> float:
    """How far ln of the typical gradient factor per layer of `nets` nets may lie from theory's.

    `sigmas` standard errors of the independent terms above, plus κ/(2n): twice the shift of the
    mean, κ/(4n), which leaves room for the fluctuations of q that deeper layers inherit.
    """
    inner = [layer for layer in layers[:-2] if math.isfinite(layer.q)]
    if not inner:
        return 0.0
    spread = torch.tensor([slope_kurtosis(activation, x.q) / x.fan_out for x in inner])
    deviation = math.sqrt(float(spread.sum())) / (2 * len(inner) * math.sqrt(nets))
    return sigmas * deviation + float(spread.mean()) / 2
