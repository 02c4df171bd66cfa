"""The lasso's path against the conditions of its minimum, and against other roads to it."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from engine.lab.penalties import proximal
from engine.theory.lasso import lasso_path

_REAL = torch.float64
SHAPES = [(20, 200), (50, 30), (5, 3), (10, 10), (2, 4), (20, 1)]


def example(n: int, d: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=generator, dtype=_REAL)
    y = 0.05 + 0.3 * x[:, :3].sum(1) + 0.2 * torch.randn(n, generator=generator, dtype=_REAL)
    return x, y


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_every_point_of_the_path_is_the_minimum(n: int, d: int, seed: int) -> None:
    x, y = example(n, d, seed)
    path = lasso_path(x, y)
    decays = torch.linspace(0, 1.3, 60, dtype=_REAL) * path.knots[0]
    weights, intercepts = path.at(decays)
    residual = y - weights @ x.T - intercepts.unsqueeze(1)
    pull, level = residual @ x / n, decays.unsqueeze(1)
    on = (pull - level * weights.sign()).abs()
    assert float(torch.where(weights != 0, on, (pull.abs() - level).clamp(min=0)).max()) < 1e-13
    assert float(residual.mean(1).abs().max()) < 1e-13
    assert (path.knots.diff() < 0).all()
    assert int((weights != 0).sum(1).max()) <= min(n - 1, d)


def test_above_the_first_knot_all_weights_are_exactly_zero() -> None:
    x, y = example(20, 200)
    path = lasso_path(x, y)
    centred, labels = x - x.mean(0), y - y.mean()
    most = (centred.T @ labels).abs().max() / 20
    assert float(path.knots[0]) == pytest.approx(float(most), rel=1e-14)
    weights, intercepts = path.at(torch.stack((most, 2 * most, 0.999 * most)))
    assert (weights != 0).sum(1).tolist() == [0, 0, 1]
    assert float(intercepts[0]) == pytest.approx(float(y.mean()), abs=1e-15)
    assert path.entered(1) == [int((centred.T @ labels).abs().argmax())]


def test_at_zero_it_fits_as_least_squares_does() -> None:
    x, y = example(50, 30)
    weights, intercepts = lasso_path(x, y).at(torch.zeros(1, dtype=_REAL))
    padded = torch.cat((x, torch.ones(50, 1, dtype=_REAL)), 1)
    best = torch.linalg.lstsq(padded, y.unsqueeze(1)).solution[:, 0]
    torch.testing.assert_close(torch.cat((weights[0], intercepts)), best, rtol=0, atol=1e-12)


def test_a_weight_can_leave_again() -> None:
    x, y = example(20, 200)
    active = lasso_path(x, y).weights != 0
    left = active[:-1] & ~active[1:]
    assert left.any()


@pytest.mark.parametrize("share", [0.9, 0.5, 0.2])
def test_proximal_steps_arrive_where_the_path_is(share: float) -> None:
    x, y = example(50, 8)
    path = lasso_path(x, y)
    decay = share * path.knots[:1]
    centred, labels = x - x.mean(0), y - y.mean()
    weights = torch.zeros(1, 8, dtype=_REAL)
    for _ in range(2000):
        gradient = (weights @ centred.T - labels) @ centred / 50
        weights = proximal(weights, gradient, 0.3, decay.unsqueeze(1))
    expected, _ = path.at(decay)
    torch.testing.assert_close(weights, expected, rtol=0, atol=1e-13)
    assert torch.equal(weights == 0, expected == 0)


def test_a_weight_does_not_come_back_over_the_edge_that_it_left() -> None:
    """With as many examples as inputs the path ends where rounding is all that λ still exceeds."""
    x, y = example(80, 80, seed=6)
    path = lasso_path(x, y)
    weights, intercepts = path.at(path.knots)
    pull = (y - weights @ x.T - intercepts.unsqueeze(1)) @ x / 80
    off = (pull - path.knots.unsqueeze(1) * weights.sign()).abs()
    assert float(torch.where(weights != 0, off, 0.0).max()) < 1e-13
