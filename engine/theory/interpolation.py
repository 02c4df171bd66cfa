"""Where SGD without decay ends that can fit all of its examples, from weights drawn as N(0, I).

With n examples of d ≥ n inputs, A = [X, 1] and K = AAᵀ, every update is a combination of rows of
A. So θ = (w, b) ends at θ₀ + A⁺(y − Aθ₀), and off the truth by P(θ₀ − θ*) + A⁺ε, P = I − A⁺A: the
first weights where no example looks, and the noise that was fitted, orthogonal to each other.
Everything here is given the inputs, so that nothing is said of how small K can be drawn.
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from engine.theory.linear_models import Truth


class Interpolation:
    """Moments of ‖θ − θ*‖² over w₀ and the noise, [seeds], for x [seeds, n, d], n ≤ d.

    A Gaussian's quadratic form uᵀMu about μ has mean tr M + μᵀMμ and variance 2·tr M² + 4·‖Mμ‖²
    (Mathai and Provost 1992, section 3.2); b₀ = 0 is not drawn, which leaves the block of w.
    """

    def __init__(self, x: Tensor, truth: Truth) -> None:
        self._truth = truth
        self._rows = torch.cat((x, torch.ones_like(x[..., :1])), 2)

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and variance of ‖θ − θ*‖², [seeds] each."""
        rows, truth = self._rows, self._truth
        n, d = rows.shape[1], rows.shape[2] - 1
        aim = torch.full_like(rows[:, 0], truth.weight)
        aim[:, -1] = truth.intercept
        values, axes = self._spectrum
        off = aim - (rows.mT @ self._solved(rows @ aim.unsqueeze(2))).squeeze(2)  # Pθ*
        kept_b = 1 - (axes.sum(1).square() / values).sum(1)  # P's last entry
        kept_w = d + 1 - n - kept_b
        noise = truth.noise**2
        mean = kept_w + off.square().sum(1) + noise * values.reciprocal().sum(1)
        of_start = 2 * (kept_w - kept_b + kept_b**2) + 4 * off[:, :-1].square().sum(1)
        return mean, of_start + 2 * noise**2 * values.square().reciprocal().sum(1)

    def to_go(self, residual: Tensor) -> Tensor:
        """‖A⁺r‖, [seeds]: how far θ still is from its end where r = ŷ − y [seeds, n]."""
        column = residual.unsqueeze(2)
        left = (column * self._solved(column)).sum((1, 2))
        return left.clamp(min=0).sqrt()

    def fitted(self) -> Tensor:
        """√E‖A⁺ε‖², [seeds]."""
        return self._truth.noise * self._spectrum[0].reciprocal().sum(1).sqrt()

    @cached_property
    def _spectrum(self) -> tuple[Tensor, Tensor]:
        values, axes = torch.linalg.eigh(self._rows @ self._rows.mT)
        return values, axes

    def _solved(self, columns: Tensor) -> Tensor:
        values, axes = self._spectrum
        solved: Tensor = axes @ ((axes.mT @ columns) / values.unsqueeze(2))
        return solved
