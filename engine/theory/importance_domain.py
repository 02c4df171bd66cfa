"""The domain classifier, its errors and what they do to weights and fits.

Logistic regression on (1, x, x²) between n source and m target examples is well specified for
Gaussians: its logit is h = ln β + ln(m/n), and so β = exp(h)·n/m (Bickel, Brückner and Scheffer
2007; d2l.ai, section 4.7, for n = m). The samples are drawn domain by domain, which matters to the
intercept alone: its variance is smaller by 1/n + 1/m than with domains drawn at random (Prentice
and Pyke 1979).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.theory.importance import Nodes, Shift, both_panels, source_nodes
from engine.theory.importance_fit import (
    FitLaw,
    Task,
    design,
    gram,
    law_of,
    limit_line,
    residuals,
)


@dataclass(frozen=True)
class DomainLaw:
    """The classifier's coefficients: their limit [features], their bias and their covariance.

    `information` is that of all n + m examples; `doubtful` = E Σ σ(h)(1 − σ(h)) says how many of
    them could be of either domain, which is what there is to learn from.
    """

    coefficients: Tensor
    bias: Tensor
    covariance: Tensor
    information: Tensor
    doubtful: float


def powers(x: Tensor, features: int) -> Tensor:
    """Z = (1, x, x², ...) at the nodes, [features, nodes]."""
    return torch.stack([x**k for k in range(features)])


def domain_law(shift: Shift, n: int, m: int, features: int = 3) -> DomainLaw:
    """The law of maximum likelihood to order 1/(n + m).

    The bias is that of McCullagh and Nelder 1989, section 15.2. With two features (1, x) the
    model is well specified only for std = 1.
    """
    coefficients = torch.tensor(shift.log_ratio[:features], dtype=torch.float64)
    coefficients[0] += math.log(m / n)
    nodes = _both(shift, n, m)
    rows = powers(nodes.x, features)
    likely = torch.sigmoid(coefficients @ rows)
    weight = nodes.weight * likely * (1 - likely)
    information = (rows * weight) @ rows.T
    inverse, failed = torch.linalg.inv_ex(information)
    if failed:  # the domains lie so far apart that nothing is left to estimate
        inverse = torch.full_like(information, torch.nan)
    leverage = ((inverse @ rows) * rows).sum(0)
    bias = inverse @ (rows @ (weight * leverage * (likely - 0.5)))
    covariance = inverse.clone()
    covariance[0, 0] = max(0.0, float(covariance[0, 0]) - 1 / n - 1 / m)
    bias[0] -= (1 / n - 1 / m) / 2  # of the logarithm of a random ratio of domains
    return DomainLaw(coefficients, bias, covariance, information, float(weight.sum()))


def _both(shift: Shift, n: int, m: int) -> Nodes:
    """n·p + m·q on nodes fine enough for the classifier's sigmoid."""
    x, weight = both_panels(shift, shift.crossings(n / m))
    scaled = (x - shift.mean) / shift.std
    p = torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    q = torch.exp(-scaled * scaled / 2) / (shift.std * math.sqrt(2 * math.pi))
    return Nodes(x, weight * (n * p + m * q))


def lost_correlation(shift: Shift, law: DomainLaw) -> float:
    """E (1 − corr(ln β̂, ln β)) over the source's x, to order 1/n.

    The error of ln β̂ is Zᵀ(φ̂ − φ); what of it is orthogonal to ln β and to constants costs half of
    its share of Var ln β. NaN when nothing has moved: ln β is constant.
    """
    nodes = source_nodes(shift, 0)
    assert nodes is not None
    rows = powers(nodes.x, len(law.coefficients))[1:]
    rows = rows - nodes.integral(rows)[:, None]
    spread = (rows * nodes.weight) @ rows.T
    along = law.coefficients[1:]
    variance = float(along @ spread @ along)
    if variance == 0:
        return math.nan
    direction = spread @ along
    across = spread - torch.outer(direction, direction) / variance
    return float((across @ law.covariance[1:, 1:]).trace()) / (2 * variance)


def estimated_law(task: Task, n: int, m: int, features: int = 3) -> FitLaw | None:
    """The law of a line fitted with the classifier's weights, to first order.

    θ̂ and φ̂ solve one system of estimating equations; weights that are off by exp(Zᵀδ) shift
    E_p[β̂·r·X] by D·δ, D = E_p[β·r·X·Zᵀ]. The limit is the best line of the target, where a first
    order bias of θ̂ costs nothing. None where E_p β² is infinite.
    """
    once, twice = source_nodes(task.shift, 1), source_nodes(task.shift, 2)
    if once is None or twice is None:
        return None
    line = limit_line(task, once)
    domain = domain_law(task.shift, n, m, features)
    inverse = torch.linalg.inv(gram(once))
    error = residuals(task, line, once.x)
    d = (design(once.x) * once.weight * error) @ powers(once.x, features).T
    by = d @ torch.linalg.inv(domain.information)  # what a unit of the score moves
    middle = gram(twice, residuals(task, line, twice.x).square() + task.noise**2) / n
    middle = middle + d @ domain.covariance @ d.T + _shared(task, line, by, n, m)
    covariance = inverse @ middle @ inverse
    return law_of(task, line, covariance, torch.zeros(2, dtype=torch.float64))


def _shared(task: Task, line: tuple[float, float], by: Tensor, n: int, m: int) -> Tensor:
    """The covariance of the two errors, twice: both come from the same source examples.

    A source example adds β·r·X/n to the one and −σ(h)·by·Z to the other; E_p β·r·X = 0.
    """
    once = source_nodes(task.shift, 1)
    assert once is not None
    x, weight = both_panels(task.shift, task.shift.crossings(n / m))
    log_ratio = task.shift.log_weight(x)
    density = torch.exp(log_ratio - x * x / 2) / math.sqrt(2 * math.pi)  # β·p
    likely = torch.sigmoid(log_ratio + math.log(m / n))
    rows = design(x) * (weight * density * residuals(task, line, x) * likely)
    cross = -rows @ powers(x, by.shape[1]).T @ by.T
    return cross + cross.T
