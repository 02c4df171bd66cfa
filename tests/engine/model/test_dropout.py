"""Inverted dropout: its law, its two ends, and whose random numbers it uses."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator, Tensor

from engine.model.dropout import Dropout, drop, keep_mask

ONES = torch.ones(1000, 1000)


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_law_on_ones(p: float) -> None:
    dropped = drop(ONES, p, seeded()).double()
    sigma = math.sqrt(p / (1 - p) / ONES.numel())
    zeros = (dropped == 0).double().mean().item()
    assert dropped.mean().item() == pytest.approx(1, abs=5 * sigma)
    assert zeros == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / ONES.numel()))
    assert dropped.unique().tolist() == pytest.approx([0, 1 / (1 - p)])


def test_variance_at_one_fifth() -> None:
    """h²·p/(1 − p) with h = 2 is 1."""
    assert drop(2 * ONES, 0.2, seeded()).double().var().item() == pytest.approx(1, abs=0.0075)


def test_at_zero_nothing_happens_and_nothing_is_drawn() -> None:
    generator = seeded()
    before = generator.get_state()
    assert drop(ONES, 0.0, generator) is ONES
    assert torch.equal(generator.get_state(), before)
    assert torch.equal(keep_mask(ONES, 0.0, generator), ONES)


def test_at_one_all_is_zero_and_gradients_are_zero_too() -> None:
    h = torch.randn(4, 5, generator=seeded()).requires_grad_()
    dropped = drop(h, 1.0, seeded())
    dropped.sum().backward()
    assert torch.equal(dropped, torch.zeros(4, 5))
    assert torch.equal(h.grad, torch.zeros(4, 5))


def test_evaluation_is_the_identity() -> None:
    assert drop(ONES, 0.5, None) is ONES
    assert Dropout(0.5)(ONES) is ONES


def test_gradient_passes_through_the_mask_alone() -> None:
    h = torch.randn(6, 7, generator=seeded()).requires_grad_()
    drop(h, 0.5, seeded(3)).sum().backward()
    assert torch.equal(h.grad, keep_mask(h, 0.5, seeded(3)))


def test_the_generator_alone_decides() -> None:
    untouched = torch.get_rng_state()

    def masked(seed: int) -> Tensor:
        return Dropout(0.5)(ONES, seeded(seed))

    assert torch.equal(masked(1), masked(1))
    assert not torch.equal(masked(1), masked(2))
    assert torch.equal(torch.get_rng_state(), untouched)
