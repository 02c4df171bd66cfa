"""Logistic regression: many at once, by Newton's method or by a bound that is factored once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

_ROUNDS, _HALVINGS, _CLOSE, _ROUNDING = 60, 30, 1e-20, 1e-14


@dataclass(frozen=True, eq=False)
class Logistic:
    """The mean logistic loss plus ridge·|w|²/2 of weights w [runs, features].

    `z` are features [runs, examples, features] and `labels` [runs, examples] are 0 or 1. What
    separates perfectly has a minimum only with a `ridge`.
    """

    z: Tensor
    labels: Tensor
    ridge: float

    def loss(self, w: Tensor) -> Tensor:
        """What is minimized, [runs]."""
        h = self._logits(w)
        return (softplus(h) - self.labels * h).mean(1) + self.ridge / 2 * w.square().sum(1)

    def likely(self, w: Tensor) -> Tensor:
        """The probability of label 1, [runs, examples]."""
        return torch.sigmoid(self._logits(w))

    def gradient(self, w: Tensor, likely: Tensor) -> Tensor:
        """∂loss/∂w where it gives these probabilities."""
        return ((likely - self.labels)[:, None] @ self.z)[:, 0] / self.z.shape[1] + self.ridge * w

    def curvature(self, likely: Tensor) -> Tensor:
        """The Hessian, [runs, features, features]."""
        weighted = self.z * (likely * (1 - likely))[..., None]
        return weighted.mT @ self.z / self.z.shape[1] + self._penalty()

    def bound(self) -> Tensor:
        """What no Hessian exceeds, ¼ZᵀZ/n and the penalty (Böhning and Lindsay 1988)."""
        return self.z.mT @ self.z / (4 * self.z.shape[1]) + self._penalty()

    def _penalty(self) -> Tensor:
        return self.ridge * torch.eye(self.z.shape[2], dtype=self.z.dtype)

    def _logits(self, w: Tensor) -> Tensor:
        return (self.z @ w[..., None])[..., 0]


def by_bound(regression: Logistic, rounds: int) -> Tensor:
    """Weights after so many steps from 0, in each of which the loss falls.

    A step minimizes a quadratic bound from above: rougher than Newton's, but one factorization
    serves all of them.
    """
    factor = torch.linalg.cholesky(regression.bound())
    w = regression.z.new_zeros(len(regression.z), regression.z.shape[2])
    for _ in range(rounds):
        gradient = regression.gradient(w, regression.likely(w))
        w = w - torch.cholesky_solve(gradient[..., None], factor)[..., 0]
    return w


def by_newton(regression: Logistic, start: Tensor) -> Tensor:
    """The minimum, to rounding in float64, by steps that are halved where they do not descend."""
    w, loss = start, regression.loss(start)
    for _ in range(_ROUNDS):
        likely = regression.likely(w)
        gradient = regression.gradient(w, likely)
        step = torch.linalg.solve(regression.curvature(likely), gradient)
        if float((gradient * step).sum(1).max()) < _CLOSE:
            break
        w, loss = _descended(regression, w, step, loss)
    return w


def _descended(
    regression: Logistic, w: Tensor, step: Tensor, loss: Tensor
) -> tuple[Tensor, Tensor]:
    """w − step, or a half, a quarter ... of it, run by run, until the loss does not rise."""
    size = torch.ones_like(loss)
    for _ in range(_HALVINGS):
        tried = w - size[:, None] * step
        reached = regression.loss(tried)
        worse = reached > loss + _ROUNDING
        if not bool(worse.any()):
            return tried, reached
        size = torch.where(worse, size / 2, size)
    return torch.where(worse[:, None], w, tried), torch.where(worse, loss, reached)
