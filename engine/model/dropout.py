"""Inverted dropout with a generator of its own (Srivastava et al. 2014; d2l 4.6)."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn


def keep_mask(h: Tensor, p: float, generator: Generator) -> Tensor:
    """What `h` is multiplied by: 0 with probability p, else 1/(1 − p); all 0 for p = 1.

    Of `h` only shape, dtype and device are read. The mean of ``h * mask`` is h, its variance
    h²·p/(1 − p). A unit is kept where ``rand >= p`` with rand in [0, 1), so p = 0 keeps all.
    """
    draw = torch.rand(h.shape, generator=generator, dtype=h.dtype, device=h.device)
    return draw.ge_(p).mul_(1 / (1 - p) if p < 1 else 0.0)


def drop(h: Tensor, p: float, generator: Generator | None) -> Tensor:
    """`h` with units dropped; `h` itself in eval mode (no generator) or at p = 0."""
    return h if generator is None or p == 0 else h * keep_mask(h, p, generator)


class Dropout(nn.Module):
    """The module for it: `nn.Dropout` would draw from the global generator."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, h: Tensor, generator: Generator | None = None) -> Tensor:
        return drop(h, self.p, generator)

    def extra_repr(self) -> str:
        return f"p={self.p:g}"
