"""Polynomials of several degrees trained by SGD on many data sets at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Generator, Tensor

from engine.lab.polynomials import features
from engine.theory.descent import progress

STABLE = 2.0
"""ηλ₁, rate times largest curvature, above which descent on full batches grows without bound."""
BEYOND = 100.0
"""Train error over the labels' mean square, that of no fit at all, from which a fit ran away."""
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Rate:
    """How SGD steps."""

    lr: float
    batch_size: int


@dataclass(frozen=True, eq=False)
class Start:
    """Weights [sets, features, degrees] from which these degrees set out."""

    w: Tensor
    degrees: tuple[int, ...]

    def only(self, degree: int) -> Start:
        """One of them alone."""
        at = self.degrees.index(degree)
        return Start(self.w[:, : degree + 1, at : at + 1], (degree,))

    def repeated(self, times: int) -> Start:
        """Every data set's so many times, behind each other."""
        return Start(self.w.repeat_interleave(times, 0), self.degrees)


def start(sets: int, degrees: tuple[int, ...], random: Generator) -> Start:
    """Weights as torch's Linear draws them, U(±1/√p); what a degree does not have is 0."""
    p = torch.tensor([degree + 1 for degree in degrees], dtype=torch.float64)
    drawn = torch.rand(sets, int(p.max()), len(p), generator=random, dtype=torch.float64)
    return Start((2 * drawn - 1) / p.sqrt() * _has(degrees), degrees)


def _has(degrees: Sequence[int]) -> Tensor:
    """1 where a degree has a feature, [features, degrees]."""
    order = torch.arange(max(degrees) + 1).unsqueeze(1)
    return (order <= torch.tensor(degrees)).double()


class Descent:
    """Mean squared error, without ½, as torch's MSELoss; every epoch in a new order.

    `w` is [sets, features, degrees]; all degrees of a data set see the same minibatches.
    """

    def __init__(self, x: Tensor, y: Tensor, begin: Start, rate: Rate) -> None:
        self.w = begin.w.clone()
        self.updates = 0
        self._x, self._y = features(x, self.w.shape[1]), y
        self._degrees, self._has = begin.degrees, _has(begin.degrees)
        self._lr, self._batch = rate.lr, min(rate.batch_size, x.shape[1])

    @property
    def full(self) -> bool:
        """Whether every step sees all examples."""
        return self._batch == self._x.shape[1]

    @cached_property
    def step_size(self) -> Tensor:
        """ηλ₁, with λ₁ the greatest eigenvalue of the Hessian 2XᵀX/n, [sets, degrees]."""
        hessian = self._x.mT @ self._x * (2 / self._x.shape[1])
        largest = [
            torch.linalg.eigvalsh(hessian[:, : degree + 1, : degree + 1])[:, -1]
            for degree in self._degrees
        ]
        return self._lr * torch.stack(largest, -1)

    @property
    def diverged(self) -> Tensor:
        """Which fits have run away, [sets, degrees]: by now far worse than none at all, or bound
        to be, since minibatches go on average where full batches go. None before an update."""
        if not self.updates:
            return torch.zeros_like(self.step_size, dtype=torch.bool)
        error = torch.baddbmm(self._y.unsqueeze(-1), self._x, self.w, beta=-1).square().mean(1)
        held = error < BEYOND * self._y.square().mean(1, keepdim=True)  # NaN is not below
        return ~held | (self.step_size > STABLE * (1 + _ROUNDING))

    def epoch(self, random: Generator) -> None:
        """Every example once."""
        sets, n = self._y.shape
        if self.full:
            self._step(self._x, self._y)
            return
        order = torch.rand(sets, n, generator=random).argsort(1)
        for index in torch.split(order, self._batch, 1):
            rows = index.unsqueeze(-1).expand(-1, -1, self.w.shape[1])
            self._step(self._x.gather(1, rows), self._y.gather(1, index))

    def at(self, x: Tensor) -> Tensor:
        """Values at points [sets, m]: [sets, m, degrees]."""
        return features(x, self.w.shape[1]) @ self.w

    def _step(self, x: Tensor, y: Tensor) -> None:
        residual = torch.baddbmm(y.unsqueeze(-1), x, self.w, beta=-1)
        gradient = (x.mT @ residual) * self._has
        self.w.sub_(gradient, alpha=2 * self._lr / x.shape[1])
        self.updates += 1


class Directions:
    """The eigenvectors of the loss's Hessian 2XᵀX/n, for one degree on every data set.

    Full-batch descent closes 1 − (1 − ηλ)ᵏ of the distance along each; SGD does so on average, to
    first order in η. `eigenvalues` is [sets, p], the greatest first: squares of singular values,
    so that rounding reaches only those below about 1e-30 of the greatest.
    """

    def __init__(self, x: Tensor, y: Tensor, w0: Tensor, lr: float) -> None:
        design = features(x, w0.shape[-1])
        factors: tuple[Tensor, Tensor, Tensor] = torch.linalg.svd(design, full_matrices=False)
        left, self._s, self._axes = factors
        self._w0, self._lr = w0, lr
        self.eigenvalues = 2 * self._s.square() / x.shape[1]
        residual = y - _times(design, w0)
        self._seen = _times(left.mT, residual)

    def progress(self, updates: int) -> Tensor:
        """The share of the way that full-batch descent has come, [sets, p]."""
        return progress(self._lr * self.eigenvalues, updates)

    def parameters(self, updates: int) -> Tensor:
        """Effective number of parameters, [sets]: the trace of the map from y to the fit."""
        return self.progress(updates).sum(-1)

    def path(self, updates: int) -> Tensor:
        """The weights of full-batch descent, [sets, p]."""
        safe = torch.where(self._s > 0, self._s, 1.0)
        moved = self.progress(updates) / safe * self._seen
        return self._w0 + _times(self._axes.mT, moved)

    def come(self, w: Tensor) -> Tensor:
        """The share of the way that weights [sets, p] have come, [sets, p]."""
        return _times(self._axes, w - self._w0) * self._s / self._seen


def _times(matrix: Tensor, vector: Tensor) -> Tensor:
    product: Tensor = matrix @ vector.unsqueeze(-1)
    return product.squeeze(-1)
