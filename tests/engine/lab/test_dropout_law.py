"""Dropout's law of linear regression, held against every mask there is."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Generator

from engine.lab import dropout_law
from engine.lab.dropout_findings import law_findings
from engine.lab.dropout_law import EXAMPLES, FEATURES, RATES, Law
from engine.theory import dropout as theory


def law(seed: int = 0) -> Law:
    return Law(Generator().manual_seed(seed))


@pytest.mark.parametrize("p", RATES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_mask_counted_gives_the_law(seed: int, p: float) -> None:
    found = law(seed)
    assert found.counted(p)[0] == pytest.approx(found.expected(p), rel=1e-12)
    ridge = theory.ridge_weights(found.x, found.y, p)
    assert float((found.counted_weights(p) - ridge).abs().max()) < 1e-12


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_masks_of_all_examples_together(p: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks over two examples at once, not example by example: mean and deviation of the sum."""
    monkeypatch.setattr(dropout_law, "EXAMPLES", 2)
    monkeypatch.setattr(dropout_law, "FEATURES", 3)
    found = law(4)
    assert found.x.shape == (2, 3)
    first = second = 0.0
    for bits in product((0.0, 1.0), repeat=6):
        mask = torch.tensor(bits, dtype=torch.float64).view(2, 3)
        kept = int(mask.sum())
        chance = (1 - p) ** kept * p ** (6 - kept)
        loss = float((found.y - (found.x * mask / (1 - p)) @ found.w).square().sum())
        first, second = first + chance * loss, second + chance * loss**2
    mean, deviation = found.counted(p)
    assert mean == pytest.approx(first, rel=1e-12)
    assert found.expected(p) == pytest.approx(first, rel=1e-12)
    assert deviation**2 == pytest.approx(second - first**2, rel=1e-9)


def test_drawn_masks_come_to_the_law() -> None:
    found = law()
    found.draw(300)
    found.draw(1700)
    assert found.draws == 2000
    assert found.farthest() < theory.SIGMAS
    assert found.measured()[0] == pytest.approx(found.expected(0.0), rel=1e-12)
    assert [f for f in law_findings(found) if _fails(f)] == []


def test_a_wrong_law_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found = law()
    found.draw(2000)
    right = theory.mask_variance
    for wrong in (lambda p: p, lambda p: p * (1 - p), lambda p: right(p) * 1.2):
        monkeypatch.setattr(theory, "mask_variance", wrong)
        assert len([f for f in law_findings(found) if _fails(f)]) == 3


def test_masks_that_are_not_scaled_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    scaled = dropout_law.keep_mask
    monkeypatch.setattr(dropout_law, "keep_mask", lambda h, p, g: scaled(h, p, g) * (1 - p))
    found = law()
    found.draw(2000)
    broken = [f["text"] for f in law_findings(found) if _fails(f)]
    assert len(broken) == 1
    assert "farthest" in broken[0]


def test_every_example_has_a_mask_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes, drawn = set(), dropout_law.keep_mask

    def seen(h: torch.Tensor, p: float, generator: Generator) -> torch.Tensor:
        shapes.add(tuple(h.shape))
        return drawn(h, p, generator)

    monkeypatch.setattr(dropout_law, "keep_mask", seen)
    law().draw(5)
    assert shapes == {(5, EXAMPLES, FEATURES)}


def test_single_losses_are_spread_as_counted() -> None:
    losses, shared = [], Generator().manual_seed(7)
    for _ in range(300):
        one = law()
        one._generator = shared
        one.draw(1)
        losses.append(one.measured()[5])
    spread = float(torch.tensor(losses, dtype=torch.float64).std())
    assert spread == pytest.approx(law().counted(RATES[5])[1], rel=0.3)


def test_sizes_and_determinism() -> None:
    one, same, other = law(1), law(1), law(2)
    assert one.x.shape == (EXAMPLES, FEATURES)
    assert torch.equal(one.x, same.x)
    assert not torch.equal(one.x, other.x)
    one.draw(5)
    same.draw(5)
    assert one.measured() == same.measured()


def _fails(finding: dict[str, float]) -> bool:
    return not abs(finding["measured"] - finding["predicted"]) <= finding["tolerance"]
