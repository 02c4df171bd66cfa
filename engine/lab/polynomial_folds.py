"""K-fold cross-validation of every degree on many data sets at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from engine.lab.polynomials import COEFFICIENTS, Basis, Draws, LeastSquares

_AT_ONCE = 2**22
"""Numbers of a basis held at once, 32 MiB."""


@dataclass(frozen=True, eq=False)
class Folds:
    """Each data set cut into parts, each held out once: x, y [sets·K, …], the parts of one set
    behind each other. What n mod K leaves over is always trained on. `out` [sets, K, n // K] are
    the numbers of the points held out."""

    folds: int
    x: Tensor
    y: Tensor
    x_out: Tensor
    y_out: Tensor
    out: Tensor

    def score(self, tested: Tensor) -> Tensor:
        """The mean squared error on what was held out, [sets, degrees], of values there."""
        square = (self.y_out.unsqueeze(-1) - tested).square().mean(-2)
        return self.by_set(square).mean(1)

    def by_set(self, values: Tensor) -> Tensor:
        """Values of the parts [sets·K, degrees] as [sets, K, degrees]."""
        return values.reshape(-1, self.folds, values.shape[-1])


def cut(draws: Draws, folds: int, random: Generator) -> Folds:
    """Parts of n // folds points each, by a shuffle of every data set's own."""
    sets, n = draws.x.shape
    size = n // folds
    order = torch.rand(sets, n, generator=random).argsort(1)
    out = torch.stack([order[:, k * size : (k + 1) * size] for k in range(folds)], 1)
    kept = torch.stack(
        [torch.cat((order[:, : k * size], order[:, (k + 1) * size :]), 1) for k in range(folds)], 1
    )

    def taken(values: Tensor, index: Tensor) -> Tensor:
        return values.unsqueeze(1).expand(-1, folds, -1).gather(2, index).flatten(0, 1)

    return Folds(
        folds,
        taken(draws.x, kept),
        taken(draws.y, kept),
        taken(draws.x, out),
        taken(draws.y, out),
        out,
    )


def least_squares_scores(folds: Folds) -> Tensor:
    """Cross-validation's error of least squares, [sets, degrees].

    NaN where a part leaves fewer points than coefficients: there is no one solution.
    """
    return folds.score(torch.cat(list(_tested(folds))))


def _tested(folds: Folds) -> Iterator[Tensor]:
    chunk = max(1, _AT_ONCE // (folds.x.shape[1] * COEFFICIENTS))
    parts = zip(*(torch.split(t, chunk) for t in (folds.x, folds.y, folds.x_out)), strict=True)
    for x, y, x_out in parts:
        at = LeastSquares(Basis(x), y).at(x_out)
        missing = COEFFICIENTS - at.shape[-1]
        yield torch.nn.functional.pad(at, (0, missing), value=math.nan)


def chosen(scores: Tensor) -> Tensor:
    """The degree of least error for every data set, [sets].

    What is not known, NaN, is not chosen. -1 where nothing is known, and where a degree was lost,
    an infinite error: that a fit ran away tells of the rate, and nothing of the degree.
    """
    choosable = scores.isfinite().any(-1) & ~scores.isinf().any(-1)
    return torch.where(choosable, scores.nan_to_num(nan=math.inf).argmin(-1), -1)
