"""How well source and target can be told apart, and from how many examples that is noticed."""

from __future__ import annotations

import math
from statistics import NormalDist

from engine.theory.importance import Shift
from engine.theory.importance_domain import DomainLaw
from engine.theory.special import normal_cdf


def best_rates(shift: Shift) -> tuple[float, float]:
    """What the best rule, target where β > 1, gets right in the source and in the target."""
    edges = shift.crossings(1.0)
    if not edges:
        return 0.5, 0.5
    source = [normal_cdf(x) for x in edges]
    target = [normal_cdf((x - shift.mean) / shift.std) for x in edges]
    below = (
        (source[-1] - source[0], target[-1] - target[0]) if edges[1:] else (source[0], target[0])
    )
    # where β is large at the far ends (or, one edge, on the right), the source lies in between
    outside = shift.log_ratio[2] > 0 if edges[1:] else shift.mean > 0
    return (below[0], 1 - below[1]) if outside else (1 - below[0], below[1])


def best_accuracy(shift: Shift) -> float:
    """The mean of both rates, ½ + ¼∫|q − p|: Φ(|mean|/2) for std = 1, ½ when nothing moved."""
    return sum(best_rates(shift)) / 2


def regret(shift: Shift, law: DomainLaw) -> float:
    """What the estimated rule loses of the best one's accuracy, to order 1/n.

    An edge that is off by δh/h′ costs ¼·p·δh²/|h′|, and E δh² = Zᵀ Cov φ̂ Z.
    """
    lost = 0.0
    for x in shift.crossings(1.0):
        row = law.covariance.new_tensor([1.0, x, x * x][: len(law.coefficients)])
        _, slope, square = shift.log_ratio
        density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        lost += density * float(row @ law.covariance @ row) / (4 * abs(slope + 2 * square * x))
    return lost


def noticed(shift: Shift, held_out: int, level: float) -> float:
    """How often Fisher's exact test of the best rule finds the shift, in normal approximation.

    `held_out` examples of each domain; d = (rates' sum − 1) less Yates' correction 1/held_out.
    """
    source, target = best_rates(shift)
    share = (1 - source + target) / 2
    under_none = math.sqrt(2 * share * (1 - share))
    under_shift = math.sqrt(source * (1 - source) + target * (1 - target))
    gap = source + target - 1 - 1 / held_out
    beyond = gap * math.sqrt(held_out) - NormalDist().inv_cdf(1 - level) * under_none
    if under_shift == 0:
        return float(beyond > 0)
    return normal_cdf(beyond / under_shift)
