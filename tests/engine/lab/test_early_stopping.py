"""The stopping rule, the power law and what choosing does, each against a law of its own."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from engine.lab.choosing import DRAWS, choices, mean_error
from engine.lab.early_stopping import Stopping
from engine.lab.power_law import fitted


def run_to_end(losses: list[float], patience: int) -> Stopping:
    stopping = Stopping(patience, len(losses) - 1)
    for loss in losses:
        stopping.see(loss)
        if stopping.over:
            break
    return stopping


def test_it_stops_patience_epochs_after_the_best() -> None:
    stopping = run_to_end([5, 4, 3, 3.5, 2, 3, 2.5, 2.1, 1, 0], patience=3)
    assert (stopping.best, stopping.best_loss, stopping.epoch) == (4, 2, 7)
    assert stopping.out_of_patience
    assert run_to_end([5, 4, 3, 3.5], patience=2).epoch == 3
    assert run_to_end([1, 2, 3, 4, 5, 0], patience=0).best == 5


def test_the_first_of_equals_is_the_best_and_what_is_no_number_is_not() -> None:
    assert run_to_end([2, 1, 1, 1], patience=0).best == 1
    assert run_to_end([2, math.nan, 3], patience=0).best == 0
    assert run_to_end([math.nan, math.nan, 3, math.nan], patience=0).best == 2
    assert run_to_end([math.nan] * 9, patience=4).epoch == 4
    assert run_to_end([math.inf, 1e30, math.inf], patience=0).best == 1


@given(st.lists(st.floats(0, 10), min_size=1, max_size=40), st.integers(1, 6))
def test_it_is_the_rule_whatever_the_losses(losses: list[float], patience: int) -> None:
    stopping = run_to_end(losses, patience)
    seen = losses[: stopping.epoch + 1]
    assert stopping.best == seen.index(min(seen))
    assert stopping.epoch - stopping.best <= patience
    if stopping.epoch < len(losses) - 1:
        assert stopping.epoch - stopping.best == patience


def test_a_power_law_is_found_exactly() -> None:
    sizes = (200, 500, 1000, 5000, 20_000)
    law = fitted([(n, 1.2 * n**-0.31) for n in sizes], 10_000)
    assert law is not None
    assert law.slope == pytest.approx(-0.31, abs=1e-12)
    assert law.at(700) == pytest.approx(1.2 * 700**-0.31)
    assert law.scatter == pytest.approx(0, abs=1e-12)


def test_its_error_is_the_spread_of_slopes_over_fresh_test_sets() -> None:
    sizes, tested, repeats = (200, 500, 1000, 2000, 5000), 2000, 2000
    truth = torch.tensor([0.9 * n**-0.2 for n in sizes], dtype=torch.float64)
    drawn = torch.binomial(
        torch.full((repeats, 5), float(tested), dtype=torch.float64),
        truth.expand(repeats, -1),
        generator=Generator().manual_seed(0),
    )
    laws = [fitted(list(zip(sizes, row, strict=True)), tested) for row in (drawn / tested).tolist()]
    slopes = torch.tensor([law.slope for law in laws if law], dtype=torch.float64)
    narrow = torch.tensor([law.error for law in laws if law and law.scatter <= 1])
    assert len(slopes) == repeats
    sigma = float(slopes.std())
    assert float(slopes.mean()) == pytest.approx(-0.2, abs=5 * sigma / repeats**0.5 + 0.0005)
    assert float(narrow.mean()) == pytest.approx(sigma, rel=5 / math.sqrt(2 * repeats))
    scatter = sum(law.scatter for law in laws if law) / repeats
    assert scatter == pytest.approx(1, abs=5 * math.sqrt(2 / 3 / repeats))


def test_scatter_beyond_counting_widens_the_error() -> None:
    sizes = (200, 500, 1000, 2000)
    smooth = fitted([(n, 0.9 * n**-0.2) for n in sizes], 10_000)
    rough = fitted(
        [(n, 0.9 * n**-0.2 * (1 + 0.2 * (-1) ** i)) for i, n in enumerate(sizes)], 10_000
    )
    assert smooth and rough
    assert rough.scatter > 10
    assert rough.error > 3 * smooth.error


def test_too_little_is_no_law() -> None:
    assert fitted([(200, 0.3), (200, 0.2), (500, 0.2)], 100) is None
    assert fitted([(200, 0.3), (500, 0.0), (1000, 1.0), (2000, 0.1)], 100) is None


def test_choosing_flatters_by_the_least_of_several_normals() -> None:
    """Epochs that are alike: the least of k scores lies E max of k normals below, fresh ones do
    not."""
    epochs, examples = 10, 4000
    losses = torch.randn(epochs, examples, generator=Generator().manual_seed(1)) + 3
    losses -= losses.mean(1, keepdim=True) - 3
    found = choices(losses, Generator().manual_seed(2))
    assert [choice.size for choice in found] == [10, 20, 50, 100, 200, 500, 1000, 2000]
    for choice in found[:5]:
        mean, error = mean_error(choice.score)
        left = 1 - choice.size / examples  # drawn without putting back
        assert mean == pytest.approx(3 - 1.53875 * math.sqrt(left / choice.size), abs=5 * error)
        assert len(choice.score) == DRAWS
        assert choice.optimism > 0


def test_chosen_and_fresh_share_out_the_whole() -> None:
    losses = torch.rand(6, 300, generator=Generator().manual_seed(3), dtype=torch.float64)
    losses[2] = math.nan
    for choice in choices(losses, Generator().manual_seed(4)):
        whole = (choice.size * choice.score + (300 - choice.size) * choice.fresh) / 300
        apart = (whole.unsqueeze(1) - losses.mean(1)).abs().nan_to_num(nan=1.0).amin(1)
        assert float(apart.max()) < 1e-12
        assert float(choice.score.mean()) <= float(losses.mean(1).nan_to_num(nan=9).min())
