"""A layer's units under many masks, and what a mask must leave as it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from engine.model.dropout import Dropout, drop, keep_mask

UNITS = 256
HEIGHT = 2.0  # at p = .2 a unit h = 2 has variance 1
BOOK = torch.arange(16, dtype=torch.float32).reshape(2, 8)
BOOK_RATES = (0.0, 0.5, 1.0)


class MaskSums:
    """Sums over all masks drawn so far, of `UNITS` units h = `HEIGHT` each; m is float64."""

    def __init__(self, p: float, generator: Generator) -> None:
        self.p = p
        self.drawn = 0  # masks
        self._generator = generator
        self._zeros = 0
        self._sums = torch.zeros(2, dtype=torch.float64)  # of h·m and of its square

    @property
    def draws(self) -> int:
        """Units drawn, over all masks."""
        return self.drawn * UNITS

    def draw(self, masks: int) -> None:
        """So many masks more."""
        drawn = keep_mask(self._sums.new_empty(masks, UNITS), self.p, self._generator)
        dropped = HEIGHT * drawn
        self._sums += torch.stack((dropped.sum(), dropped.square().sum()))
        self._zeros += int((drawn == 0).sum())
        self.drawn += masks

    def zeros(self) -> float:
        """The fraction of units that were left out; NaN before the first mask."""
        return self._zeros / self.draws if self.draws else math.nan

    def moments(self) -> tuple[float, float]:
        """Mean and variance of h·m over all draws; both NaN before the first mask."""
        first, second = (self._sums / (self.draws or math.nan)).tolist()
        return first, second - first * first


@dataclass(frozen=True)
class Identities:
    """Entries of a layer that are not what they must be to the last bit."""

    kept: int  # h·m differs from h, at p = 0
    evaluated: int  # h in eval mode differs from h, at p
    lost: int  # h·m is not 0, at p = 1
    edge: int  # kept although drawn below p or left out although not, p one of the draws


def identities(p: float, generator: Generator) -> Identities:
    """Count over as many entries as a minibatch of 256 has in a layer of 256 units."""
    h = torch.randn(256, UNITS, generator=generator)
    return Identities(
        kept=_differ(h * keep_mask(h, 0.0, generator), h)
        + _differ(Dropout(0.0).forward(h, generator), h),
        evaluated=_differ(drop(h, p, None), h) + _differ(Dropout(p).forward(h), h),
        lost=_differ(drop(h, 1.0, generator).abs(), torch.zeros_like(h)),
        edge=_at_the_edge(h, generator),
    )


def _at_the_edge(h: Tensor, generator: Generator) -> int:
    """Units on the wrong side of p, where p is the least, the median or the largest number drawn.

    Chance seldom draws p itself, so the numbers are drawn first and p is taken from them.
    """
    state, wrong = generator.get_state(), 0
    drawn = torch.rand(h.shape, generator=generator)
    for p in (drawn.min(), drawn.median(), drawn.max()):
        generator.set_state(state)
        wrong += int(((keep_mask(h, float(p), generator) != 0) != (drawn >= p)).sum())
    return wrong


def book_rows(generator: Generator) -> list[tuple[str, Tensor]]:
    """The book's two rows of eight under each of its rates, and in eval mode."""
    rows = [(f"p = {p:g}", drop(BOOK, p, generator)) for p in BOOK_RATES]
    return [*rows, ("p = 0.5, eval", drop(BOOK, 0.5, None))]


def _differ(one: Tensor, other: Tensor) -> int:
    return int((one.view(torch.int32) != other.view(torch.int32)).sum())
