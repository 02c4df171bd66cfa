"""The lasso for every λ at once, exactly: its solution is piecewise linear in λ.

Minimizes ½·mean (x·w + b − y)² + λ·‖w‖₁, b free of penalty, by following the solution from
λ = ‖Xᵀy‖∞/n (centred), above which all weights are exactly 0, down to 0: at each knot a weight
joins or leaves (Osborne, Presnell and Turlach 2000; Efron, Hastie, Johnstone and Tibshirani 2004,
section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class LassoPath:
    """`knots` [K], falling, and the `weights` [K, d] there; between two the weights are linear.

    For a λ above the first knot all weights are 0.
    """

    knots: Tensor
    weights: Tensor
    x_mean: Tensor
    y_mean: Tensor

    def at(self, decays: Tensor) -> tuple[Tensor, Tensor]:
        """Weights [λ, d] and intercepts [λ] for decays [λ] ≥ 0."""
        last = len(self.knots) - 1
        below = torch.searchsorted(-self.knots, -decays, right=False).clamp(1, max(last, 1))
        below = below.clamp(max=last)
        above = (below - 1).clamp(min=0)
        upper, lower = self.knots[above], self.knots[below]
        gap = torch.where(upper > lower, upper - lower, 1.0)
        share = ((upper - decays) / gap).clamp(0, 1).unsqueeze(1)
        weights = self.weights[above] * (1 - share) + self.weights[below] * share
        return weights, self.y_mean - weights @ self.x_mean

    def entered(self, count: int) -> list[int]:
        """The indices of the first weights that are not 0 on the way down, at most `count`."""
        order: list[int] = []
        for row in self.weights:
            order += [i for i in row.nonzero().flatten().tolist() if i not in order]
        return order[:count]


def lasso_path(x: Tensor, y: Tensor) -> LassoPath:
    """The whole path for x [n, d] and y [n], float64, in general position."""
    x_mean, y_mean = x.mean(0), y.mean()
    inputs, labels = x - x_mean, y - y_mean
    most = min(len(x) - 1, x.shape[1])
    weights = torch.zeros_like(x_mean)
    pull = inputs.T @ labels / len(x)
    level = float(pull.abs().max())
    active = [int(pull.abs().argmax())] if most and level > 0 else []
    left = -1
    knots, corners = [level], [weights.clone()]
    while active and level > 0:
        slope, fall = _direction(inputs, active, pull)
        step, joins, leaves = _next_knot((weights, slope), (pull, fall), level, active, left)
        joining = joins >= 0 and len(active) < most
        if joins >= 0 and not joining:
            # As many weights as the data can tell apart fit them exactly: only λ = 0 is left.
            step, leaves = level, -1
        weights = weights.clone()
        weights[active] += step * slope
        level = 0.0 if step >= level else level - step
        left = -1
        if level and leaves >= 0:
            weights[leaves] = 0.0
            active.remove(leaves)
            left = leaves
        elif level and joining:
            active.append(joins)
        pull = inputs.T @ (labels - inputs @ weights) / len(x)
        knots.append(level)
        corners.append(weights)
    return LassoPath(torch.tensor(knots, dtype=x.dtype), torch.stack(corners), x_mean, y_mean)


def _direction(inputs: Tensor, active: list[int], pull: Tensor) -> tuple[Tensor, Tensor]:
    """How the active weights move, and all correlations fall, per unit that λ falls."""
    chosen = inputs[:, active]
    gram = chosen.T @ chosen / len(inputs)
    slope = torch.linalg.solve(gram, pull[active].sign())
    return slope, inputs.T @ (chosen @ slope) / len(inputs)


def _next_knot(
    weights: tuple[Tensor, Tensor],
    pull: tuple[Tensor, Tensor],
    level: float,
    active: list[int],
    left: int,
) -> tuple[float, int, int]:
    """How far λ falls until the next weight joins or leaves, and which: (step, joins, leaves).

    `left` is the weight that has just left, −1 where none has. It stands on the edge ±λ where it
    was, and two lines meet once: before the next knot it can reach the other edge alone. How far
    it is from its own is rounding, which at a small λ exceeds any share of λ.
    """
    (value, slope), (correlation, fall) = weights, pull
    meets = torch.stack(((level - correlation) / (1 - fall), (level + correlation) / (1 + fall)))
    meets[:, active] = torch.inf
    meets[~(meets > 0)] = torch.inf
    if left >= 0:
        meets[0 if correlation[left] > 0 else 1, left] = torch.inf
    first = int(meets.argmin())
    joins, step = first % meets.shape[1], float(meets.flatten()[first])
    crossing = -value[active] / slope
    crossing[~(crossing > 0)] = torch.inf  # what has just joined is exactly 0
    leaving = int(crossing.argmin())
    if float(crossing[leaving]) < min(step, level):
        return float(crossing[leaving]), -1, active[leaving]
    if step < level:
        return step, joins, -1
    return level, -1, -1
