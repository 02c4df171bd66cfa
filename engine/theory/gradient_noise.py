"""How much larger a minibatch's gradient is than the full one, by sampling alone.

For B of n examples drawn without replacement, Cov[g_B] = (Σ/B)·(n − B)/(n − 1) with Σ the
covariance of the n single gradients (sum over n): Cochran 1977, theorem 2.2. The ratio tr Σ/‖g‖²
is the simple noise scale of McCandlish et al. 2018, arXiv 1812.06162, eq. 2.9.
"""

from __future__ import annotations

import math

from engine.errors import BadInput


def expected_square(full: float, trace: float, batch: int, examples: int) -> float:
    """E‖g_B‖² = ‖g‖² + (tr Σ/B)(n − B)/(n − 1).

    `full` is ‖g‖², `trace` is tr Σ = mean ‖gᵢ‖² − ‖g‖², both in squared units of the gradient.

    Raises:
        BadInput: unless 1 ≤ B ≤ n.
    """
    return full + trace / batch * finite_population(batch, examples)


def finite_population(batch: int, examples: int) -> float:
    """(n − B)/(n − 1): 1 for a single example, 0 for the full batch."""
    if not 1 <= batch <= examples:
        raise BadInput(f"a batch has 1 to {examples} examples here, not {batch}")
    return (examples - batch) / (examples - 1) if examples > 1 else 0.0


def noise_scale(full: float, trace: float) -> float:
    """tr Σ/‖g‖², in examples: the batch size at which noise and signal are equal."""
    return trace / full if full > 0 else math.inf
