"""One step under each penalty, against its closed form."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, tensor

from engine.lab.penalties import decayed, proximal, subgradient

ETA = 0.1


def drawn() -> tuple[Tensor, Tensor, Tensor]:
    """Weights and gradients [3, 4, 5], λ [4, 1]."""
    generator = Generator().manual_seed(0)
    weights, gradient = torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64)
    return weights, gradient, tensor([0.0, 0.5, 3.0, 20.0], dtype=torch.float64).unsqueeze(1)


def test_decay_shrinks_by_a_factor() -> None:
    weights, gradient, decay = drawn()
    expected = (1 - ETA * decay) * weights - ETA * gradient
    torch.testing.assert_close(decayed(weights, gradient, ETA, decay), expected, rtol=0, atol=1e-15)
    for _ in range(7):
        weights = decayed(weights, torch.zeros_like(weights), ETA, decay)
    start = drawn()[0]
    torch.testing.assert_close(weights, (1 - ETA * decay) ** 7 * start, rtol=1e-13, atol=0)


def test_the_proximal_step_minimizes_what_it_is_the_step_of() -> None:
    """argmin over v of ½(v − u)² + ηλ·|v| with u = w − ηg: u ∓ ηλ, or 0 within ηλ of 0."""
    weights, gradient, decay = drawn()
    found = proximal(weights, gradient, ETA, decay)
    u = weights - ETA * gradient
    expected = u.sign() * (u.abs() - ETA * decay).clamp(min=0)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-15)
    within = u.abs() <= ETA * decay
    assert within.any() and not within.all()
    assert torch.equal(found == 0, within)
    assert not (found[:, 0] == 0).any()


def test_the_subgradient_steps_over_zero() -> None:
    weights, gradient, decay = drawn()
    for _ in range(200):
        weights = subgradient(weights, torch.zeros_like(gradient), ETA, decay)
        assert not (weights == 0).any()
    assert (weights[:, 1:].abs() <= ETA * decay[1:] + 1e-12).all()
    assert torch.equal(weights[:, 0], drawn()[0][:, 0])


def test_what_is_no_number_stays_none() -> None:
    weights = tensor([math.nan, math.inf, 0.01])
    found = proximal(weights, torch.zeros(3), ETA, tensor(1.0))
    assert math.isnan(found[0]) and math.isinf(found[1]) and found[2] == 0
