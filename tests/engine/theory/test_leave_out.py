from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from engine.theory.leave_out import left_out, left_out_law


def orthonormal(sets: int, n: int, p: int) -> Tensor:
    design = torch.randn(sets, n, p, generator=Generator().manual_seed(1), dtype=torch.float64)
    q: Tensor = torch.linalg.qr(design).Q
    return q


def parts(values: Tensor, folds: int, size: int) -> Tensor:
    """The first folds·size rows, part by part."""
    return values[:, : folds * size].reshape(len(values), folds, size, -1)


def test_one_fit_tells_what_every_refit_misses() -> None:
    sets, n, p, folds, size = 3, 17, 5, 4, 4  # the last row is never held out
    q = orthonormal(sets, n, p)
    y = torch.randn(sets, n, generator=Generator().manual_seed(2), dtype=torch.float64)
    residuals = torch.stack(
        [y - (q[..., :c] @ (q[..., :c].mT @ y.unsqueeze(-1))).squeeze(-1) for c in range(1, p + 1)],
        -1,
    )
    missed, trust = left_out(parts(q, folds, size), parts(residuals, folds, size))
    for one in range(sets):
        for count in range(1, p + 1):
            squares = []
            for k in range(folds):
                out = torch.zeros(n, dtype=torch.bool)
                out[k * size : (k + 1) * size] = True
                fit = torch.linalg.lstsq(q[one, ~out, :count], y[one, ~out, None]).solution
                squares += (y[one, out] - (q[one, out, :count] @ fit)[:, 0]).square().tolist()
            assert abs(float(missed[one, count - 1]) - sum(squares) / len(squares)) < 1e-10
    assert bool((trust > 0).all())
    assert bool((trust.diff(dim=1) <= 0).all())


def test_where_the_rest_does_not_settle_the_fit_there_is_no_trust() -> None:
    q = orthonormal(2, 6, 4)
    _, trust = left_out(parts(q, 2, 3), parts(q, 2, 3))
    assert bool((trust[:, :3] > 1e-6).all())
    assert float(trust[:, 3].max()) < 1e-14  # three points, four columns


def test_mean_and_variance_are_those_of_noise() -> None:
    many, n, p, folds, size = 20_000, 13, 3, 4, 3
    q = orthonormal(1, n, p)
    noise = torch.randn(many, n, 1, generator=Generator().manual_seed(3), dtype=torch.float64)
    residuals = (noise - q @ (q.mT @ noise)).expand(-1, -1, p)
    rows = parts(q, folds, size)
    missed = left_out(rows.expand(many, -1, -1, -1), parts(residuals, folds, size))[0][:, -1]
    mean, spread = left_out_law(rows)
    assert abs(float(missed.mean() / mean) - 1) < 5 * math.sqrt(float(spread) / many)
    relative = float((missed / mean).var())
    centred = (missed / mean - 1).square()
    assert abs(relative - float(spread)) < 5 * float(centred.std()) / math.sqrt(many)
