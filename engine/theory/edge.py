"""The edge of stability, and the size of an update.

Gradient descent on a quadratic of curvature λ multiplies the error by 1 − ηλ, so it is stable for
λ < 2/η; sharpness rises to this edge and hovers there (Cohen et al. 2021, arXiv 2103.00065). With
heavy-ball momentum β the edge is at 2(1 + β)/η (same, eq. 2).
"""

from __future__ import annotations

import math

from engine.errors import BadInput

HEALTHY_UPDATE = (-3.5, -2.5)  # log₁₀ of |update|/|weight|


def stable_sharpness(learning_rate: float, momentum: float = 0.0) -> float:
    """The largest eigenvalue of the Hessian that this step size can follow, in loss per weight².

    Raises:
        BadInput: for a learning rate that is not positive, or a momentum outside [0, 1).
    """
    if not (learning_rate > 0 and math.isfinite(learning_rate)):
        raise BadInput(f"the edge is at 2/lr, for an lr above 0, not {learning_rate}")
    if not 0 <= momentum < 1:
        raise BadInput(f"momentum lies in [0, 1), not at {momentum}")
    return 2 * (1 + momentum) / learning_rate


def instability(sharpness: float, learning_rate: float, momentum: float = 0.0) -> float:
    """ηλ_max/2 (over 1 + β): above 1 the steepest direction overshoots."""
    return sharpness / stable_sharpness(learning_rate, momentum)


def update_is_healthy(ratio: float) -> bool:
    """Whether log₁₀(|update|/|weight|) lies in −3.5 … −2.5, the rule of thumb of practice."""
    return ratio > 0 and HEALTHY_UPDATE[0] <= math.log10(ratio) <= HEALTHY_UPDATE[1]
