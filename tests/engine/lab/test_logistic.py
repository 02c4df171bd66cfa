"""Logistic regression by two ways to one minimum."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from engine.lab.logistic import Logistic, by_bound, by_newton

RIDGE = 0.01


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


def problem() -> Logistic:
    z = normal(3, 300, 4)
    return Logistic(z, (z[..., 0] + normal(3, 300, seed=1) > 0).double(), RIDGE)


def test_both_ways_end_where_the_slope_is_zero() -> None:
    regression = problem()
    exact = by_newton(regression, torch.zeros(3, 4, dtype=torch.float64))
    gradient = regression.gradient(exact, regression.likely(exact))
    assert float(gradient.abs().max()) < 1e-10
    assert bool((exact[:, 0] > 0.5).all())
    assert float((by_bound(regression, 200) - exact).abs().max()) < 1e-9


def test_the_loss_falls_with_every_step_under_the_bound() -> None:
    regression = problem()
    losses = torch.stack([regression.loss(by_bound(regression, rounds)) for rounds in range(8)])
    assert bool((losses.diff(dim=0) < 0).all())
    w = by_bound(regression, 20)
    assert float(regression.gradient(w, regression.likely(w)).abs().max()) < 1e-3


def test_derivatives_are_those_of_the_loss() -> None:
    regression = problem()
    w = normal(3, 4, seed=2).requires_grad_()
    (slope,) = torch.autograd.grad(regression.loss(w).sum(), w, create_graph=True)
    likely = regression.likely(w.detach())
    assert torch.allclose(slope, regression.gradient(w.detach(), likely), rtol=0, atol=1e-14)
    rows = [torch.autograd.grad(slope[:, i].sum(), w, retain_graph=True)[0] for i in range(4)]
    curvature = regression.curvature(likely)
    assert torch.allclose(torch.stack(rows, 1), curvature, rtol=0, atol=1e-14)
    excess = torch.linalg.eigvalsh(regression.bound() - curvature)
    assert float(excess.min()) >= 0
