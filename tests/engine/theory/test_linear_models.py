"""Linear regression in closed form, against what it is the closed form of."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator, Tensor

from engine.errors import BadInput
from engine.theory.linear_models import (
    Descent,
    Ridge,
    Truth,
    constant_loss,
    expected_loss,
    least_squares_error,
    null_square,
    penalized_gradient,
    shrinkage,
)

CHAPTER = Truth(200)
_REAL = torch.float64


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed), dtype=_REAL)


def example(n: int, d: int, sets: int = 3) -> tuple[Tensor, Tensor]:
    x = normal(sets, n, d)
    return x, 0.05 + 0.3 * x.sum(2) + 0.1 * normal(sets, n, seed=1)


def test_known_figures_of_the_chapter() -> None:
    assert constant_loss(0.0, CHAPTER).mean == pytest.approx(0.0113, abs=1e-15)
    assert constant_loss(0.05, CHAPTER).mean == pytest.approx(0.01005, abs=1e-15)
    assert least_squares_error(20, CHAPTER).mean == pytest.approx(0.018111173, abs=1e-9)
    assert shrinkage(0.003, 3, 400) == pytest.approx(0.02689, abs=1e-5)
    assert null_square(20, 200).mean == 180


def test_loss_on_infinitely_many_examples() -> None:
    weights, intercept = 0.1 * normal(2, 5), normal(2, seed=1)
    truth = Truth(5, weight=0.4, intercept=-0.2, noise=0.3)
    x = normal(400_000, 5, seed=2)
    y = truth.weight * x.sum(1) + truth.intercept + truth.noise * normal(400_000, seed=3)
    losses = 0.5 * (x @ weights.T + intercept - y.unsqueeze(1)).square()
    five_sigma = 5 * losses.std(0) / len(x) ** 0.5
    assert ((losses.mean(0) - expected_loss(weights, intercept, truth)).abs() < five_sigma).all()


def test_moments_of_a_constants_loss() -> None:
    truth = Truth(5, weight=0.4, intercept=-0.2, noise=0.3)
    y = truth.weight * normal(400_000, 5).sum(1) + truth.intercept
    y += truth.noise * normal(400_000, seed=1)
    losses = 0.5 * (y - 0.7).square()
    law = constant_loss(0.7, truth)
    assert float(losses.mean()) == pytest.approx(law.mean, abs=5 * law.variance**0.5 / 632)
    assert float(losses.var()) == pytest.approx(law.variance, rel=0.03)


@pytest.mark.parametrize(("n", "d", "noise"), [(5, 30, 0.01), (5, 30, 0.3), (30, 5, 0.3)])
def test_least_squares_error_and_its_variance(n: int, d: int, noise: float) -> None:
    truth, sets = Truth(d, noise=noise), 6000
    x = normal(sets, n, d)
    y = truth.weight * x.sum(2) + noise * normal(sets, n, seed=1)
    weights = (torch.linalg.pinv(x) @ y.unsqueeze(2)).squeeze(2)
    errors = (weights - truth.weight).square().sum(1) + noise**2
    law = least_squares_error(n, truth)
    assert float(errors.mean()) == pytest.approx(law.mean, abs=5 * (law.variance / sets) ** 0.5)
    assert float(errors.var()) == pytest.approx(law.variance, rel=0.2)


def test_near_a_square_design_least_squares_has_no_variance() -> None:
    with pytest.raises(BadInput, match="at least 4, not 3"):
        least_squares_error(23, Truth(20))


@pytest.mark.parametrize(("n", "d"), [(6, 20), (20, 6), (8, 8)])
def test_ridge_is_the_minimum(n: int, d: int) -> None:
    x, y = example(n, d)
    decays = torch.tensor([0.0, 1e-3, 0.5, 20.0], dtype=_REAL)
    weights, intercepts = Ridge(x, y).solve(decays)
    gradient = penalized_gradient(
        x.unsqueeze(1), y.unsqueeze(1), weights, intercepts, decays.expand(3, 4)
    )
    assert float(gradient.abs().max()) < 1e-13


def test_ridge_without_decay_is_the_shortest_solution() -> None:
    x, y = example(6, 20)
    weights, _ = Ridge(x, y).solve(torch.zeros(1, dtype=_REAL))
    centred = x - x.mean(1, keepdim=True)
    shortest = torch.linalg.pinv(centred) @ (y - y.mean(1, keepdim=True)).unsqueeze(2)
    torch.testing.assert_close(weights[:, 0], shortest.squeeze(2), rtol=0, atol=1e-12)


def test_degrees_of_freedom_are_the_trace_of_the_hat_matrix() -> None:
    x, y = example(6, 20)
    for decay in (0.0, 0.7):
        centred = x - x.mean(1, keepdim=True)
        inner = centred @ centred.mT
        kernel = inner + 6 * decay * torch.eye(6, dtype=_REAL)
        trace = (inner @ torch.linalg.pinv(kernel)).diagonal(dim1=1, dim2=2).sum(1)
        found = Ridge(x, y).degrees(torch.tensor([decay], dtype=_REAL))[:, 0]
        torch.testing.assert_close(found, trace, rtol=0, atol=1e-9)


def test_the_gradient_is_that_of_autograd() -> None:
    x, y = example(6, 4)
    weights, intercepts, decay = normal(3, 4, seed=2), normal(3, seed=3), torch.tensor(0.7)
    weights.requires_grad_()
    intercepts.requires_grad_()
    fit = (x @ weights.unsqueeze(2)).squeeze(2) + intercepts.unsqueeze(1)
    loss = 0.5 * (fit - y).square().mean(1) + decay / 2 * weights.square().sum(1)
    loss.sum().backward()
    found = penalized_gradient(
        x, y, weights.detach(), intercepts.detach(), decay.expand(3).double()
    )
    assert weights.grad is not None and intercepts.grad is not None
    expected = torch.cat((weights.grad, intercepts.grad.unsqueeze(1)), 1)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("decay", [0.0, 0.5])
@pytest.mark.parametrize(("n", "d"), [(6, 20), (20, 6)])
def test_descent_after_any_number_of_steps(n: int, d: int, decay: float) -> None:
    x, y = example(n, d)
    law, lr = Descent(x, y, decay), 0.02
    theta = start = normal(3, d + 1, seed=5)
    strength = torch.full((3,), decay, dtype=_REAL)
    for k in range(201):
        if k in (0, 1, 7, 200):
            torch.testing.assert_close(law.after(start, lr, k), theta, rtol=0, atol=1e-11)
        theta = theta - lr * penalized_gradient(x, y, theta[:, :-1], theta[:, -1], strength)
    assert law.stable(lr) and not law.stable(10.0)


def test_descent_from_zero_is_a_share_of_ridge() -> None:
    """[I − (I − ηA)^k] θ_ridge, the form in which it is usually written."""
    x, y = example(6, 20, sets=1)
    padded = torch.cat((x[0], torch.ones(6, 1, dtype=_REAL)), 1)
    curvature = padded.T @ padded / 6
    curvature[range(20), range(20)] += 0.5
    weights, intercepts = Ridge(x, y).solve(torch.tensor([0.5], dtype=_REAL))
    ridge = torch.cat((weights[0, 0], intercepts[0]))
    left = torch.linalg.matrix_power(torch.eye(21, dtype=_REAL) - 0.02 * curvature, 50)
    found = Descent(x, y, 0.5).after(torch.zeros(1, 21, dtype=_REAL), 0.02, 50)[0]
    torch.testing.assert_close(found, ridge - left @ ridge, rtol=0, atol=1e-13)


def test_what_overflows_is_infinite() -> None:
    assert math.isinf(shrinkage(1.0, 100.0, 10_000))
    assert shrinkage(1.0, 1.0, 5) == 0
