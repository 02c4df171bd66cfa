"""Linear regression on inputs that are dropped: every mask counted, and masks drawn."""

from __future__ import annotations

import math
from itertools import product

import torch
from torch import Generator, Tensor

from engine.model.dropout import keep_mask
from engine.theory import dropout as theory

EXAMPLES, FEATURES, NOISE = 20, 8, 0.5
RATES = tuple(tenths / 10 for tenths in range(10))


class Law:
    """A regression y = Xw* + noise, its w the least squares, and losses measured under masks.

    X is float64 [20, 8], columns of different sizes. Losses are ‖y − (X∘M)w‖², sums over examples.
    """

    def __init__(self, generator: Generator) -> None:
        scales = torch.linspace(0.5, 2.0, FEATURES, dtype=torch.float64)
        self.x = _normal((EXAMPLES, FEATURES), generator) * scales
        noise = NOISE * _normal((EXAMPLES,), generator)
        self.y = self.x @ _normal((FEATURES,), generator) + noise
        self.w: Tensor = torch.linalg.lstsq(self.x, self.y.unsqueeze(1)).solution.squeeze(1)
        self.draws = 0
        self._generator = generator
        self._sums = torch.zeros(len(RATES), dtype=torch.float64)
        self._kept = _all_masks(FEATURES)

    def draw(self, masks: int) -> None:
        """Take the loss under so many new masks for each of `RATES`."""
        like = self.x.new_empty(masks, EXAMPLES, FEATURES)
        for place, p in enumerate(RATES):
            dropped = self.x * keep_mask(like, p, self._generator)
            self._sums[place] += (self.y - dropped @ self.w).square().sum()
        self.draws += masks

    def measured(self) -> list[float]:
        """The mean loss under the masks drawn so far, for each of `RATES`."""
        return (self._sums / self.draws).tolist()

    def expected(self, p: float) -> float:
        """What theory says of `measured`."""
        return theory.expected_square_loss(self.x, self.y, self.w, p)

    def counted(self, p: float) -> tuple[float, float]:
        """Mean and standard deviation of the loss over all masks, each counted with its chance.

        Examples have masks of their own, so means and variances add up over them.
        """
        chance, factors = self._weighed(p)
        squares = (self.y - (self.x * factors[:, None]) @ self.w).square()  # [2^d, n]
        first, second = chance @ squares, chance @ squares.square()
        return float(first.sum()), math.sqrt(float((second - first.square()).sum().clamp(min=0)))

    def counted_weights(self, p: float) -> Tensor:
        """The w that minimizes the loss counted over all masks: E[(X∘M)ᵀ(X∘M)]⁻¹E[X∘M]ᵀy."""
        chance, factors = self._weighed(p)
        dropped = self.x * factors[:, None]  # [2^d, n, d]
        gram = torch.einsum("m,mni,mnj->ij", chance, dropped, dropped)
        crossed = torch.einsum("m,mni,n->i", chance, dropped, self.y)
        weights: Tensor = torch.linalg.solve(gram, crossed)
        return weights

    def farthest(self) -> float:
        """How far a measured loss is from the law at most, in its standard deviations.

        Without dropout there is no deviation: any distance but rounding is infinite.
        """
        far = 0.0
        for p, measured in zip(RATES, self.measured(), strict=True):
            expected, deviation = self.expected(p), self.counted(p)[1] / math.sqrt(self.draws)
            distance = abs(measured - expected)
            if distance > 1e-12 * expected:
                far = max(far, distance / deviation if deviation else math.inf)
        return far

    def _weighed(self, p: float) -> tuple[Tensor, Tensor]:
        """The chance of each mask [2^d], and what it multiplies the inputs by, [2^d, d]."""
        kept = self._kept.sum(1)
        return p ** (FEATURES - kept) * (1 - p) ** kept, self._kept / (1 - p)


def _all_masks(features: int) -> Tensor:
    return torch.tensor(list(product((0.0, 1.0), repeat=features)), dtype=torch.float64)


def _normal(shape: tuple[int, ...], generator: Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)
