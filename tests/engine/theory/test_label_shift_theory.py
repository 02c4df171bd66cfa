"""Black-box shift estimation where everything is known exactly, and its first-order laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor

from engine.theory import label_shift as theory

SIZES = st.integers(2, 12)
SEEDS = st.integers(0, 2**31)


def shares(classes: int, random: Generator) -> Tensor:
    drawn = -torch.rand(classes, generator=random, dtype=torch.float64).clamp(min=1e-9).log()
    return drawn / drawn.sum()


def known(classes: int, seed: int) -> tuple[Tensor, Tensor]:
    """A well-conditioned column-stochastic C, and shares p."""
    random = Generator().manual_seed(seed)
    noise = torch.stack([shares(classes, random) for _ in range(classes)], 1)
    return 0.6 * torch.eye(classes, dtype=torch.float64) + 0.4 * noise, shares(classes, random)


@given(SIZES, SEEDS)
def test_with_c_and_mu_known_the_shares_are_exact(classes: int, seed: int) -> None:
    matrix, p = known(classes, seed)
    torch.testing.assert_close(theory.solve(matrix, matrix @ p), p, atol=1e-12, rtol=0)


@given(SIZES, SEEDS)
def test_columns_that_sum_to_one_make_any_estimate_sum_to_one(classes: int, seed: int) -> None:
    matrix, p = known(classes, seed)
    assert float(theory.solve(matrix, p).sum()) == pytest.approx(1, abs=1e-12)


@given(SIZES, SEEDS)
def test_read_as_a_joint_share_c_gives_weights_instead(classes: int, seed: int) -> None:
    matrix, p = known(classes, seed)
    source = shares(classes, Generator().manual_seed(seed + 1))
    weight = theory.solve(matrix * source, matrix @ p)
    torch.testing.assert_close(weight, p / source, rtol=1e-9, atol=1e-9)
    balanced = theory.solve(matrix / classes, matrix @ p)
    assert float(balanced.sum()) == pytest.approx(classes, abs=1e-9)


def test_counts_are_normalized_by_column_and_not_by_row() -> None:
    counts = torch.tensor([[8, 1], [2, 19]])
    assert theory.conditional(counts).tolist() == [[0.8, 0.05], [0.2, 0.95]]
    joint = torch.tensor([[8, 1], [2, 19]], dtype=torch.float64) / 30
    torch.testing.assert_close(theory.joint(counts), joint)


def test_a_singular_matrix_gives_no_numbers_and_leaves_its_neighbours_alone() -> None:
    fine, p = known(3, 0)
    blind = fine.clone()
    blind[2] = 0
    both = torch.stack([blind, fine])
    found = theory.solve(both, torch.stack([fine @ p, fine @ p]))
    assert found[0].isnan().all()
    torch.testing.assert_close(found[1], p)
    spread = theory.covariance(both, p.expand(2, 3), 100, torch.full((2, 3), 50.0).double())
    assert spread[0].isnan().all() and spread[1].isfinite().all()
    assert theory.condition(both)[0] == math.inf
    twins = fine.clone()
    twins[:, 1] = twins[:, 0]
    assert theory.condition(twins) == math.inf


def test_the_covariance_is_that_of_many_draws() -> None:
    matrix, p = known(4, 3)
    m, held, repeats = 3000, torch.tensor([900.0, 400, 1500, 800]).double(), 20_000
    random = np.random.default_rng(0)

    def drawn(chances: Tensor, size: int) -> Tensor:
        exact = chances.numpy() / chances.sum().item()
        return torch.from_numpy(random.multinomial(size, exact, size=repeats) / size)

    columns = [drawn(matrix[:, j], int(n)) for j, n in enumerate(held)]
    estimates = theory.solve(torch.stack(columns, 2), drawn(matrix @ p, m))
    law = theory.covariance(matrix, p, m, held)
    found = torch.cov(estimates.T)
    # five sigma of a sample covariance, and 2 % for the second order
    slack = 5 * torch.sqrt((law**2 + torch.outer(law.diag(), law.diag())) / repeats)
    assert bool(((found - law).abs() <= slack + 0.02 * law.diag().max()).all())
    l1 = float((estimates - p).abs().sum(1).mean())
    assert l1 == pytest.approx(theory.estimated_error(matrix, p, m, held), rel=0.03)
    naive = float((drawn(matrix @ p, m) - p).abs().sum(1).mean())
    assert naive == pytest.approx(theory.naive_error(matrix, p, m), rel=0.01)


@given(SIZES, SEEDS)
def test_no_estimate_beats_knowing_c(classes: int, seed: int) -> None:
    matrix, p = known(classes, seed)
    held = torch.full((classes,), 300.0, dtype=torch.float64)
    known_c = theory.estimated_error(matrix, p, 1000, held * math.inf)
    assert known_c < theory.estimated_error(matrix, p, 1000, held)
    # the target's part falls with the root of m, exactly
    again = theory.estimated_error(matrix, p, 4000, held * math.inf)
    assert known_c == pytest.approx(2 * again, rel=1e-9)


def test_the_error_levels_off_at_what_the_held_out_examples_leave() -> None:
    matrix, p = known(5, 1)
    held = torch.full((5,), 200.0, dtype=torch.float64)
    floor = theory.estimated_error(matrix, p, math.inf, held)
    assert theory.estimated_error(matrix, p, 1e9, held) == pytest.approx(floor, rel=1e-3)
    assert theory.matrix_noise(matrix, held) == pytest.approx(
        2 * theory.matrix_noise(matrix, 2 * held)
    )


def test_what_no_bar_can_miss_and_what_has_none() -> None:
    held, blind = torch.full((2,), 50.0).double(), torch.tensor([[1.0, 1], [0, 0]]).double()
    p = torch.tensor([0.3, 0.7]).double()
    sure = theory.undercoverage(torch.eye(2).double(), p, math.inf, held, 1.96)
    assert sure.tolist() == [0, 0]
    assert bool(theory.undercoverage(blind, p, math.inf, held, 1.96).isnan().all())


@pytest.mark.parametrize("draws", [40, 80])
def test_bars_of_rare_events_miss_by_what_is_expected(draws: int) -> None:
    """Of one class p = 1 is known, so that only its own mistakes, a few of `draws`, are at work."""
    bar, rare = 1.959964, 0.25
    matrix = torch.tensor([[1 - rare, 0], [rare, 1]]).double()
    p, held = torch.tensor([1.0, 0.0]).double(), torch.tensor([draws, draws]).double()
    law = theory.undercoverage(matrix, p, math.inf, held, bar)
    k = torch.arange(draws + 1, dtype=torch.float64)
    found = k / draws
    within = (found - rare).abs() <= bar * (found * (1 - found) / draws).sqrt()
    chance = torch.distributions.Binomial(draws, torch.tensor(rare).double()).log_prob(k).exp()
    # an expansion smooth in the counts: a count more or less is the rest
    assert 0 < float(law[0]) == pytest.approx(float(law[1]))
    step = float(chance[~within].max())
    assert 0.95 - float(law[0]) == pytest.approx(float(chance[within].sum()), abs=step)
    # Hall's formula for one Studentized mean, by the moments of a Bernoulli
    skew2 = (1 - 2 * rare) ** 2 / (rare * (1 - rare))
    kurtosis = (1 - 6 * rare * (1 - rare)) / (rare * (1 - rare))
    z = bar
    inner = kurtosis * (z**2 - 3) / 12 - skew2 * (z**4 + 2 * z**2 - 3) / 18 - (z**2 + 3) / 4
    density = math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    assert float(law[0]) == pytest.approx(-2 / draws * z * density * inner)
    assert float(theory.undercoverage(matrix, p, math.inf, 2 * held, bar)[0]) == pytest.approx(
        float(law[0]) / 2
    )


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (0.7, 0.4), (-2.0, 0.1), (0.3, 0.0)])
def test_folded_normal(mean: float, std: float) -> None:
    z = torch.randn(400_000, generator=Generator().manual_seed(1), dtype=torch.float64)
    found = theory.folded_normal(torch.tensor(mean).double(), torch.tensor(std).double())
    assert float(found) == pytest.approx(
        float((mean + std * z).abs().mean()), abs=0.006 * std + 1e-6
    )


def test_accuracy_is_the_recalls_weighted() -> None:
    matrix = torch.tensor([[0.9, 0.5], [0.1, 0.5]]).double()
    assert theory.accuracy(matrix, torch.tensor([0.25, 0.75]).double()) == pytest.approx(0.6)
