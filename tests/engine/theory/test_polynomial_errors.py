from __future__ import annotations

import math

import pytest
import torch
from torch import Generator

from engine.theory import polynomial_errors as theory
from engine.theory.descent import progress


@pytest.mark.parametrize("spare", [1, 3, 16])
def test_cp_keeps_the_truth_as_often_as_a_random_walk_stays_below_zero(spare: int) -> None:
    walks = 200_000
    steps = torch.randn(walks, spare, generator=Generator().manual_seed(1)).square() - 2
    below = (steps.cumsum(1).amax(1) <= 0).double().mean()
    share = theory.cp_keeps_the_truth(spare)
    assert abs(float(below) - share) < 5 * math.sqrt(share * (1 - share) / walks)


def test_the_limit_is_that_of_akaikes_criterion() -> None:
    assert theory.cp_keeps_the_truth(0) == 1
    assert theory.cp_keeps_the_truth(1) == pytest.approx(math.erf(1), abs=1e-14)
    assert theory.cp_keeps_the_truth(500) == pytest.approx(0.712, abs=5e-4)


def test_optimism_is_what_lies_between_train_and_in_sample_error() -> None:
    for n, p in ((100, 4), (20, 20), (33, 7)):
        between = theory.in_sample_error(0.3, n, p) - theory.train_error(0.3, n, p)
        assert theory.optimism(0.3, n, p) == pytest.approx(between)
        assert theory.fit_error(0.3, n, p) == pytest.approx(between / 2)
    assert theory.train_error(0.3, 20, 20) == 0
    assert theory.train_error(0.1, 100, 20) == pytest.approx(0.008)


@pytest.mark.parametrize("n,p", [(30, 4), (30, 20)])
def test_tolerances_are_five_sigma_of_the_laws(n: int, p: int) -> None:
    draws, sets = 20_000, 10
    random = Generator().manual_seed(2)
    error, fresh = torch.randn(2, draws, n, generator=random, dtype=torch.float64)
    fitted = error.clone()
    fitted[:, p:] = 0  # a projection onto p axes
    train = (error - fitted).square().mean(1)
    inside = (fresh - fitted).square().mean(1)
    for measured, tolerance in (
        (train, theory.train_tolerance(1.0, n, p, sets)),
        (inside, theory.in_sample_tolerance(1.0, n, p, sets)),
        (fitted.square().mean(1), theory.fit_tolerance(1.0, n, p, sets)),
        (inside - train, theory.optimism_tolerance(1.0, n, p, sets)),
    ):
        assert 5 * float(measured.std()) / math.sqrt(sets) == pytest.approx(tolerance, rel=0.04)


def test_progress_keeps_its_digits_however_small_the_step() -> None:
    rates = torch.tensor([1e-30, 1e-9, 0.01, 0.4, 0.6, 1.0, 1.9], dtype=torch.float64)
    got = progress(rates, 1000)
    assert got[0].item() == pytest.approx(1e-27, rel=1e-12)
    assert got[1].item() == pytest.approx(1e-6 - 999 * 1000 / 2 * 1e-18, rel=1e-12)
    plain = 1 - (1 - rates) ** 1000
    assert torch.allclose(got[2:], plain[2:], rtol=1e-12, atol=0)
    assert progress(torch.tensor([2.1], dtype=torch.float64), 101).item() > 1e3
