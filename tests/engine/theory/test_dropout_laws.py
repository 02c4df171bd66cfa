"""What a mask does to a unit and to a linear model: the exact laws."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator, Tensor

from engine.theory import dropout

RATES = [0.0, 0.1, 0.2, 0.5, 0.8, 0.99]


def regression() -> tuple[Tensor, Tensor, Tensor]:
    random = Generator().manual_seed(3)
    x = torch.randn(9, 4, generator=random, dtype=torch.float64)
    y, w = (torch.randn(n, generator=random, dtype=torch.float64) for n in (9, 4))
    return x, y, w


@pytest.mark.parametrize("p", RATES)
def test_mean_and_variance_are_those_of_the_two_values(p: float) -> None:
    h, kept = 3.0, 3.0 / (1 - p)
    first = (1 - p) * kept
    assert dropout.mean(h, p) == pytest.approx(first, rel=1e-12)
    assert dropout.variance(h, p) == pytest.approx((1 - p) * kept**2 - first**2, abs=1e-9)


def test_nothing_is_left_at_one() -> None:
    assert (dropout.mean(2.0, 1.0), dropout.variance(2.0, 1.0)) == (0.0, 0.0)
    assert dropout.variance_tolerance(2.0, 1.0, 100) == 0.0
    assert dropout.fraction_tolerance(1.0, 100) == 0.0


def test_five_sigma_of_a_million_draws() -> None:
    assert dropout.mean_tolerance(2.0, 0.2, 10**6) == pytest.approx(0.005)
    assert dropout.variance(2.0, 0.2) == pytest.approx(1)
    assert dropout.variance_tolerance(2.0, 0.2, 10**6) == pytest.approx(0.0075, rel=0.01)
    assert dropout.fraction_tolerance(0.2, 10**6) == pytest.approx(0.002)


@pytest.mark.parametrize("p", RATES)
def test_the_variance_strays_as_far_as_the_fraction_of_zeros_lets_it(p: float) -> None:
    draws, h = 10_000, 1.5
    away = dropout.fraction_tolerance(p, draws)
    strays = [
        abs((h / (1 - p)) ** 2 * q * (1 - q) - dropout.variance(h, p)) for q in (p - away, p + away)
    ]
    # The bound is the farther end: below ½ the fraction falls short, above it exceeds.
    assert max(strays) == pytest.approx(dropout.variance_tolerance(h, p, draws), rel=1e-9)


@pytest.mark.parametrize("p", RATES)
def test_the_ridge_weights_are_where_the_law_is_least(p: float) -> None:
    x, y, _ = regression()
    w = dropout.ridge_weights(x, y, p)
    least = dropout.expected_square_loss(x, y, w, p)
    for j in range(len(w)):
        for by in (-0.01, 0.01):
            moved = w.clone()
            moved[j] += by
            assert dropout.expected_square_loss(x, y, moved, p) > least


def test_without_dropout_it_is_least_squares() -> None:
    x, y, w = regression()
    exact = torch.linalg.lstsq(x, y.unsqueeze(1)).solution.squeeze(1)
    assert torch.allclose(dropout.ridge_weights(x, y, 0.0), exact, atol=1e-12)
    rss = float((y - x @ w).square().sum())
    assert dropout.expected_square_loss(x, y, w, 0.0) == pytest.approx(rss, rel=1e-14)


def test_the_penalty_is_that_of_the_book_of_one_number() -> None:
    # one example, one feature: y = 0, x = 3, w = 2; the loss is 0 or 36/(1 − p)²
    x, y, w = (torch.tensor(v, dtype=torch.float64) for v in ([[3.0]], [0.0], [2.0]))
    for p in (0.25, 0.5):
        found = dropout.expected_square_loss(x, y, w, p)
        assert math.isclose(found, (1 - p) * 36 / (1 - p) ** 2, rel_tol=1e-14)
