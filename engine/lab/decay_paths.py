"""What ridge and lasso make of the same data sets, exactly and for every λ."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.lab.decay import Decay, Lines
from engine.theory.lasso import LassoPath, lasso_path
from engine.theory.linear_models import Ridge, expected_loss, penalized_gradient

MOST_SETS = 20
FINE = torch.tensor([10 ** (k / 10) for k in range(-30, 21)], dtype=torch.float64)
"""The λ at which the paths are drawn, .001 to 100."""


class Paths:
    """Ridge on the first data sets at once, the lasso on one after another.

    `lasso_loss` and `lasso_count` are expected test losses and numbers of weights that are not 0,
    [sets so far, λ].
    """

    def __init__(self, decay: Decay) -> None:
        self.sets = min(decay.plan.seeds, MOST_SETS)
        self._truth = decay.plan.truth
        self._x, self._y = decay.drawn.x[: self.sets], decay.drawn.y[: self.sets]
        self.ridge = Ridge(self._x, self._y)
        self._solved = self.ridge.solve(FINE)
        self.ridge_loss = expected_loss(*self._solved, self._truth)
        self.lasso: list[LassoPath] = []
        self.lasso_loss = torch.zeros(0, len(FINE), dtype=torch.float64)
        self.lasso_count = self.lasso_loss.clone()
        self.slack = 0.0

    def follow(self) -> None:
        """The lasso of the next data set."""
        x, y = self._x[len(self.lasso)], self._y[len(self.lasso)]
        path = lasso_path(x, y)
        self.lasso.append(path)
        weights, intercepts = path.at(FINE)
        loss = expected_loss(weights, intercepts, self._truth)
        self.lasso_loss = torch.cat((self.lasso_loss, loss[None]))
        self.lasso_count = torch.cat((self.lasso_count, (weights != 0).sum(1).double()[None]))
        self.slack = max(self.slack, _slack(path, x, y))

    def ridge_lines(self, at: int) -> Lines:
        """Ridge of each data set at one λ of `FINE`, as nets are kept."""
        weights, intercepts = self._solved
        return weights[:, at : at + 1], intercepts[:, at : at + 1]

    def lasso_lines(self, at: int) -> Lines:
        """The same of the lasso, of the data sets so far."""
        found = [path.at(FINE[at : at + 1]) for path in self.lasso]
        return torch.stack([each[0] for each in found]), torch.stack([each[1] for each in found])

    def ridge_slack(self) -> float:
        """The largest |∂J| at the ridge solutions, where it is 0 in exact arithmetic."""
        weights, intercepts = self._solved
        decays = FINE.expand(intercepts.shape)
        x, y = self._x.unsqueeze(1), self._y.unsqueeze(1)
        return float(penalized_gradient(x, y, weights, intercepts, decays).abs().max())


def _slack(path: LassoPath, x: Tensor, y: Tensor) -> float:
    """How far the path is from the conditions that only the minimum meets (Karush, Kuhn, Tucker):
    xⱼ·r/n = λ·sign wⱼ where wⱼ ≠ 0, and at most λ in size elsewhere.
    """
    weights, intercepts = path.at(path.knots)
    residual = y - weights @ x.T - intercepts.unsqueeze(1)
    pull, level = residual @ x / len(x), path.knots.unsqueeze(1)
    on = (pull - level * weights.sign()).abs()
    over = (pull.abs() - level).clamp(min=0)
    return float(torch.where(weights != 0, on, over).max())
