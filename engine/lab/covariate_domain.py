"""Tell source from target: many logistic regressions at once, by Newton's method in float64."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

RIDGE = 1e-9  # of |φ|²/2 per example: what separates perfectly has no other minimum
_ROUNDS, _HALVINGS, _CLOSE, _ROUNDING = 60, 30, 1e-20, 1e-14


def features(x: Tensor, degree: int) -> Tensor:
    """Z = (1, x, x², ...) up to `degree`, [..., degree + 1] for x of any shape."""
    return torch.stack([x**k for k in range(degree + 1)], dim=-1)


def logits(x: Tensor, coefficients: Tensor) -> Tensor:
    """h = Zᵀφ, [runs, examples] for x [runs, examples] and coefficients [runs, degree + 1]."""
    value = torch.zeros_like(x)
    for coefficient in coefficients.unbind(-1)[::-1]:
        value = value * x + coefficient[:, None]
    return value


def classify(
    source: Tensor,
    target: Tensor,
    degree: int,
    start: Tensor | None = None,
    ridge: float = RIDGE,
) -> Tensor:
    """The coefficients of h = ln odds(target), [runs, degree + 1].

    `source` [runs, n] and `target` [runs, m] are float64. Minimizes the mean logistic loss plus
    ridge·|φ|²/2 from `start` (zeros) by Newton steps, halved where they would not descend.
    """
    z = features(torch.cat([source, target], dim=1), degree)
    label = torch.cat([torch.zeros_like(source), torch.ones_like(target)], dim=1)
    regression = _Regression(z, label, ridge)
    phi = source.new_zeros(len(source), degree + 1) if start is None else start
    loss = regression.loss(phi)
    for _ in range(_ROUNDS):
        gradient, curvature = regression.derivatives(phi)
        step = torch.linalg.solve(curvature, gradient)
        if float((gradient * step).sum(1).max()) < _CLOSE:
            break
        phi, loss = regression.descended(phi, step, loss)
    return phi


@dataclass(frozen=True, eq=False)
class _Regression:
    """`z` [runs, examples, features], `label` [runs, examples] and the penalty."""

    z: Tensor
    label: Tensor
    ridge: float

    def loss(self, phi: Tensor) -> Tensor:
        """What is minimized, [runs]."""
        h = self._logits(phi)
        return (softplus(h) - self.label * h).mean(1) + self.ridge / 2 * phi.square().sum(1)

    def derivatives(self, phi: Tensor) -> tuple[Tensor, Tensor]:
        """Its gradient and its Hessian."""
        likely, examples = torch.sigmoid(self._logits(phi)), self.z.shape[1]
        gradient = ((likely - self.label)[:, None] @ self.z)[:, 0] / examples
        curvature = (self.z * (likely * (1 - likely))[..., None]).mT @ self.z / examples
        penalty = self.ridge * torch.eye(phi.shape[1], dtype=phi.dtype)
        return gradient + self.ridge * phi, curvature + penalty

    def descended(self, phi: Tensor, step: Tensor, loss: Tensor) -> tuple[Tensor, Tensor]:
        """φ − step, or a half, a quarter ... of it, run by run, until the loss does not rise."""
        size = torch.ones_like(loss)
        for _ in range(_HALVINGS):
            tried = phi - size[:, None] * step
            reached = self.loss(tried)
            worse = reached > loss + _ROUNDING
            if not bool(worse.any()):
                return tried, reached
            size = torch.where(worse, size / 2, size)
        return torch.where(worse[:, None], phi, tried), torch.where(worse, loss, reached)

    def _logits(self, phi: Tensor) -> Tensor:
        return (self.z @ phi[..., None])[..., 0]


def log_weights(x: Tensor, coefficients: Tensor, n: int, m: int) -> Tensor:
    """ln β̂ = h + ln(n/m): without the factor the weights are m/n times too large."""
    return logits(x, coefficients) + math.log(n / m)
