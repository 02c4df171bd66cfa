"""Everything that is followed of a batch of random products, factor by factor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Generator, Tensor

from engine.lab.lyapunov import Frames
from engine.lab.products import Products, draw, embedded
from engine.lab.ranges import Ranges
from engine.theory.overflow import DTYPES
from engine.theory.product_laws import gap, leaves
from engine.theory.products import Ensemble, find

SCALED: Final = "scaled"  # float64 with its exponent carried apart
CHAPTER_LOOP = 101  # matrices in the chapter's product: the first one and a loop of 100
MOST_FACTORS = 5_000  # however slowly a product grows, its range is not followed further
SVD_DIGITS = 14  # singular values closer to the largest than 10^-14 are measured, not rounding
PARTED = 8.0  # ln σ₁/σ₂ from which the law of its mean holds
_ENTRIES_IN_RANGES, _ENTRIES_IN_FRAMES = 2**17, 2**16


@dataclass(frozen=True)
class Plan:
    """What is multiplied: `factors` n×n matrices of each of `seeds` seeds; see `DRAWS`."""

    entries: str
    n: int
    sigma: float
    factors: int
    seeds: int
    dtype: str = SCALED

    @property
    def ensemble(self) -> Ensemble:
        return find(self.entries)

    @property
    def seeds_in_ranges(self) -> int:
        """How many of the seeds are also multiplied in every dtype."""
        return min(self.seeds, max(1, _ENTRIES_IN_RANGES // self.n**2))

    @property
    def seeds_in_frames(self) -> int:
        """How many of the seeds the Lyapunov spectrum is taken of."""
        return min(self.seeds, max(1, _ENTRIES_IN_FRAMES // self.n**2))

    @property
    def at_once(self) -> int:
        """Factors multiplied in every dtype between two looks at what is asked: some 50 ms."""
        return max(1, 400 // max(8, self.n))

    @property
    def until_lost(self) -> int:
        """Factors after which every dtype should be lost, if that is not too far away."""
        laws = [leaves(self.entries, self.n, self.sigma, dtype) for dtype in DTYPES]
        far = [law.first + 6 * law.deviation + 10 for law in laws if math.isfinite(law.first)]
        return min(MOST_FACTORS, math.ceil(max(far, default=0)))

    @property
    def gap_at(self) -> int:
        """The number of factors at which σ₁/σ₂ is held against its law; 0 if there is none.

        As many as leave σ₂ measurable in float64 for every seed, five sigma out.
        """
        if self.n < 2 or not self.ensemble.exact or self.ensemble.variances(self.n)[0] == 0:
            return 0
        for factors in range(self.factors, 0, -1):
            mean, variance = gap(self.ensemble, self.n, factors)
            if mean < PARTED:
                return 0
            if mean + 5 * math.sqrt(variance) < SVD_DIGITS * math.log(10):
                return factors
        return 0


class Explosion:
    """The products of all seeds, with their frames and their copies in real dtypes."""

    def __init__(self, plan: Plan, generator: Generator) -> None:
        dtype = torch.complex128 if plan.ensemble.beta == 2 else torch.float64
        self.plan = plan
        self.factors = 0
        self.products = Products(plan.seeds, plan.n, dtype)
        self.frames = Frames(plan.seeds_in_frames, plan.n, dtype)
        size = plan.n * plan.ensemble.beta
        watched = DTYPES.get(plan.dtype)
        self.ranges = Ranges(plan.seeds_in_ranges, size, list(DTYPES.values()), watched)
        self.log_gap: Tensor | None = None  # ln σ₁/σ₂ [seeds] after `plan.gap_at` factors
        self.after_chapter_loop: Tensor | None = None  # ln max|M|, σ taken out, after 101 factors
        self._generator = generator
        self._gap_at = plan.gap_at

    def multiply(self) -> None:
        """One more factor for every seed."""
        factors = self._draw(self.plan.seeds)
        self.factors += 1
        self.products.multiply(factors)
        self.frames.multiply(factors[: self.plan.seeds_in_frames])
        self.ranges.multiply(embedded(factors[: self.plan.seeds_in_ranges]))
        if self.factors == self._gap_at:
            values = self.products.log_singular_values()
            self.log_gap = values[:, 0] - values[:, 1]
        if self.factors == CHAPTER_LOOP:
            scale = CHAPTER_LOOP * math.log(self.plan.sigma)
            self.after_chapter_loop = self.products.log_largest() - scale

    def multiply_ranges(self) -> None:
        """One more factor for the copies in real dtypes alone."""
        self.ranges.multiply(embedded(self._draw(self.plan.seeds_in_ranges)))

    def growth(self) -> Tensor:
        """ln‖e₁ᵀM‖ per factor, [seeds]."""
        return self.products.log_row() / self.factors

    def parted(self, most: int) -> list[float]:
        """log₁₀ σᵢ/σ₁ of the first seed for i = 2 … most, NaN for what float64 cannot tell."""
        values = self.products.log_singular_values(1)[0] / math.log(10)
        ratios = (values[1:most] - values[0]).tolist()
        return [ratio if ratio > -SVD_DIGITS else math.nan for ratio in ratios]

    def shown(self) -> Tensor:
        """The first seed's product in the dtype asked for, of size [n, n] (see `Ranges`)."""
        return _complex(self.ranges.product[DTYPES[self.plan.dtype]][0], self.plan)

    def _draw(self, batch: int) -> Tensor:
        return draw(self.plan.entries, batch, self.plan.n, self.plan.sigma, self._generator)


def _complex(product: Tensor, plan: Plan) -> Tensor:
    if plan.ensemble.beta == 1:
        return product.double()
    return torch.complex(product[: plan.n, : plan.n].double(), product[plan.n :, : plan.n].double())
