"""Masks drawn a million times, and what they must leave as it is."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from engine.lab import dropout_masks
from engine.lab.dropout_findings import identity_findings, mask_findings
from engine.lab.dropout_masks import HEIGHT, UNITS, MaskSums, book_rows, identities
from engine.model import dropout as model


def masks(p: float, count: int = 4000, seed: int = 0) -> MaskSums:
    sums = MaskSums(p, Generator().manual_seed(seed))
    for part in (1, count - 1):
        sums.draw(part)
    return sums


def broken(sums: MaskSums) -> list[str]:
    return [f["text"].partition(" ")[0] for f in mask_findings(sums) if _fails(f)]


@pytest.mark.parametrize("p", [0.0, 0.1, 0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_zeros_mean_and_variance_are_theory_s(p: float, seed: int) -> None:
    sums = masks(p, seed=seed)
    assert sums.draws == 4000 * UNITS
    assert len(list(mask_findings(sums))) == 3
    assert broken(sums) == []


def test_at_a_fifth_and_a_million_draws() -> None:
    sums = masks(0.2)
    mean, variance = sums.moments()
    assert abs(mean - 2) < 0.005
    assert abs(variance - 1) < 0.0076
    assert abs(sums.zeros() - 0.2) < 0.002


def test_sums_are_those_of_the_draws() -> None:
    sums = MaskSums(0.3, Generator().manual_seed(5))
    assert all(map(math.isnan, (sums.zeros(), *sums.moments())))
    sums.draw(7)
    like = torch.empty(7, UNITS, dtype=torch.float64)
    drawn = HEIGHT * model.keep_mask(like, 0.3, Generator().manual_seed(5))
    assert sums.moments()[0] == pytest.approx(float(drawn.mean()), rel=1e-12)
    assert sums.moments()[1] == pytest.approx(float(drawn.var(correction=0)), rel=1e-9)
    assert sums.zeros() == float((drawn == 0).double().mean())


@pytest.mark.parametrize(
    ("wrong", "caught"),
    [
        (lambda h, p, g: model.keep_mask(h, p, g) * (1 - p), ["mean", "variance"]),
        (lambda h, p, g: model.keep_mask(h, 1 - p, g), ["zeros", "variance"]),
        (lambda h, p, g: model.keep_mask(h, p + 0.01, g), ["zeros", "variance"]),
        (lambda h, p, g: torch.ones_like(h), ["zeros", "variance"]),
        (
            lambda h, p, g: model.keep_mask(h, p, g) * math.sqrt(1 - p),
            ["mean", "variance"],
        ),
    ],
    ids=["not scaled", "p for 1 − p", "a hundredth off", "nothing dropped", "square root"],
)
def test_a_wrong_mask_is_found_out(
    wrong: Any, caught: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropout_masks, "keep_mask", wrong)
    assert broken(masks(0.2)) == caught


def test_too_few_draws_claim_nothing() -> None:
    assert list(mask_findings(masks(0.0001, 2))) == []
    assert list(mask_findings(masks(0.9999, 2))) == []
    assert len(list(mask_findings(masks(0.1, 2)))) == 3
    assert len(list(mask_findings(masks(0.0, 2)))) == 3


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 1.0])
def test_to_the_last_bit(p: float) -> None:
    found = identities(p, Generator().manual_seed(0))
    assert found == dropout_masks.Identities(0, 0, 0, 0)
    assert [f for f in identity_findings(found, p) if _fails(f)] == []


def test_a_draw_of_exactly_zero_drops_nothing_at_p_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    # rand is in [0, 1): one draw in 2^24 is 0, and "rand > p" would drop that unit
    monkeypatch.setattr(torch, "rand", lambda shape, **_: torch.zeros(shape))
    assert torch.equal(model.keep_mask(torch.ones(9), 0.0, Generator()), torch.ones(9))


def test_what_differs_in_a_bit_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def keeps_less(h: Tensor, p: float, generator: Generator) -> Tensor:
        draw = torch.rand(h.shape, generator=generator, dtype=h.dtype)
        return draw.gt(0.5).to(h.dtype) if p == 0 else draw.ge(p).to(h.dtype) / (1 - p)

    monkeypatch.setattr(dropout_masks, "keep_mask", keeps_less)
    found = identities(0.5, Generator().manual_seed(0))
    assert found.kept > 1000
    assert [_fails(f) for f in identity_findings(found, 0.5)] == [True, False, False, False]


def test_a_unit_at_p_itself_that_is_dropped_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def beyond(h: Tensor, p: float, generator: Generator) -> Tensor:
        return (torch.rand(h.shape, generator=generator) > p).to(h.dtype)

    monkeypatch.setattr(dropout_masks, "keep_mask", beyond)
    found = identities(0.5, Generator().manual_seed(0))
    assert found.edge >= 3  # the least, the median and the largest number drawn
    assert found.kept == 0  # which none of 65,536 draws shows
    assert [f["text"][:18] for f in identity_findings(found, 0.5) if _fails(f)] == [
        "p = a number drawn"
    ]


def test_eval_mode_that_drops_and_a_nan_at_one_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def always(h: Tensor, p: float, generator: Generator | None) -> Tensor:
        return h * torch.full_like(h, 1.0 if p == 0 else math.nan if p == 1 else 1 - p)

    monkeypatch.setattr(dropout_masks, "drop", always)
    found = identities(0.5, Generator().manual_seed(0))
    assert (found.evaluated > 1000, found.lost) == (True, 256 * UNITS)


def test_the_book_s_vector() -> None:
    rows = dict(book_rows(Generator().manual_seed(0)))
    whole = torch.arange(16.0).view(2, 8)
    assert torch.equal(rows["p = 0"], whole)
    assert torch.equal(rows["p = 0.5, eval"], whole)
    assert not rows["p = 1"].any()
    half = rows["p = 0.5"]
    assert 0 < int((half != 0).sum()) < 15
    assert torch.equal(half[half != 0], 2 * whole[half != 0])


def _fails(finding: Any) -> bool:
    return not abs(finding["measured"] - finding["predicted"]) <= finding["tolerance"]
