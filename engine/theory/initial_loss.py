"""Cross-entropy before any training, for C logits that are independent N(0, s²) of the label.

The label's logit has mean 0, so E loss = E ln Σ exp(s gᵢ). Small s: the second-order expansion,
ln C + ½(1 − 1/C)s², ln 10 + .45 s² for ten classes. Large s: the largest logit wins, s·E max g,
1.539 s for ten. Both are limits of one number that a quadrature gives for every s.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from engine.errors import BadInput
from engine.theory.quadrature import gaussian

EULER_GAMMA = 0.5772156649015329


def small_logits(classes: int, deviation: float) -> float:
    """ln C + ½(1 − 1/C)s² + O(s⁴), in nats."""
    return math.log(classes) + 0.5 * (1 - 1 / classes) * deviation**2


def large_logits(classes: int, deviation: float) -> float:
    """s·E max(g₁, …, g_C), the limit of large s; below the exact loss at every s (in nats)."""
    return deviation * expected_maximum(classes)


def expected_maximum(count: int) -> float:
    """E max of `count` independent N(0, 1); 1.53875 for ten.

    ∫₀^∞ [1 − Fᶜ(x) − Fᶜ(−x)] dx with F = Φ, by the trapezoidal rule.
    """
    x = torch.linspace(0.0, 12.0, 12_001, dtype=torch.float64)
    above = 1 - torch.special.ndtr(x) ** count - torch.special.ndtr(-x) ** count
    return float(torch.trapezoid(above, x))


def initial_loss(classes: int, deviation: float) -> float:
    """E ln Σ exp(s gᵢ) of C logits of standard deviation s, in nats, to about 1e-9.

    With Gumbel variables Gᵢ, maxᵢ(xᵢ + Gᵢ) is ln Σ exp(xᵢ) + Gumbel, of mean γ more. So the loss is
    E max of C independent s·g + G, less γ: one integral over a distribution function.

    Raises:
        BadInput: for fewer than 2 classes or a negative deviation.
    """
    if classes < 2:
        raise BadInput(f"a classifier has at least 2 classes, not {classes}")
    if not (deviation >= 0 and math.isfinite(deviation)):
        raise BadInput(f"a deviation of logits must be a number of at least 0, not {deviation}")
    step = max(1.0, deviation) / 20  # even in x and analytic: the rule has no error at 0
    reach = 10 * deviation + 40 + math.log(classes)
    x = torch.arange(0.0, reach + step, step, dtype=torch.float64)
    below = _below(x, deviation) ** classes
    below_negative = _below(-x, deviation) ** classes
    return float(torch.trapezoid(1 - below - below_negative, x)) - EULER_GAMMA


def _below(x: Tensor, deviation: float) -> Tensor:
    """P(s·g + G < x), integrating over the smoother of the two with the other's function."""
    if deviation <= 1:
        y, weights = gaussian()
        below = torch.exp(-torch.exp(deviation * y - x[:, None]))
    else:
        y = torch.linspace(-5.0, 40.0, 451, dtype=torch.float64)
        weights = torch.exp(-y - torch.exp(-y))
        weights /= weights.sum()
        below = torch.special.ndtr((x[:, None] - y) / deviation)
    return below.matmul(weights)
