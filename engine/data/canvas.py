"""A sheet of 28×28 images drawn together: shapes given row by row, painted with soft edges.

A shape's outline is a function of the position `along` one axis, so it costs 28 numbers an image
and not 784; only its last step, coverage of the pixels, is done on the whole sheet.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

SIDE = 28
Number = Tensor | float


class Canvas:
    """`count` images. Garment coordinates run from −1 to 1; each image is placed a little
    differently. Numbers that vary from image to image are [count, 1], those that vary along the
    garment [count, 28], those on the sheet [count, 28, 28] with `along` as the middle axis.
    """

    def __init__(
        self, count: int, generator: torch.Generator, along_scale: float, across_scale: float
    ) -> None:
        self.count = count
        self.generator = generator
        grid = (torch.arange(SIDE) - (SIDE - 1) / 2) / (SIDE / 2)
        self._stretch = along_scale * self.uniform(0.88, 1.08)
        self._width = across_scale * self.uniform(0.85, 1.12)
        self.along = (grid - self.uniform(-0.1, 0.1)) / self._stretch
        middle = self.uniform(-0.12, 0.12) + self.uniform(-0.1, 0.1) * self.along
        self.across = (grid - middle[:, :, None]) / self._width[:, :, None]
        self.beside = self.across.abs()
        self.image = torch.zeros(count, SIDE, SIDE)

    def uniform(self, low: float, high: float) -> Tensor:
        """One number for each image, uniform in [low, high): [count, 1]."""
        return torch.rand(self.count, 1, generator=self.generator) * (high - low) + low

    def chance(self, probability: float) -> Tensor:
        """One with this probability, otherwise zero, for each image: [count, 1]."""
        return (torch.rand(self.count, 1, generator=self.generator) < probability).float()

    def trace(self, *knots: tuple[Number, Number]) -> Tensor:
        """A line through (position along, value) knots, flat beyond the ends: [count, 28]."""
        line = torch.zeros_like(self.along) + knots[0][1]
        for (start, low), (end, high) in pairwise(knots):
            line += ((self.along - start) / (end - start)).clamp_(0, 1) * (high - low)
        return line

    def band(self, low: Number, high: Number, start: Number, end: Number) -> Tensor:
        """How much of each pixel lies between two edges across: [count, 28, 28] in [0, 1]."""
        return self._coverage(self.across, low, high, start, end)

    def pair(self, inner: Number, outer: Number, start: Number, end: Number) -> Tensor:
        """The same for a band and its mirror image, at `inner` to `outer` from the middle."""
        return self._coverage(self.beside, inner, outer, start, end)

    def paint(self, coverage: Tensor, shade: Tensor) -> None:
        """Lay a shade ([count, 1], or whatever broadcasts to the sheet) over what is there."""
        self.image.lerp_(shade[:, :, None] if shade.dim() == 2 else shade, coverage)

    def fabric(self) -> Tensor:
        """A shade with stripes along or across and a soft light: [count, 28, 28]."""
        phase, pitch = self.uniform(0, 6.3), self.uniform(3, 14)
        across_pitch, light = self.uniform(3, 14), self.uniform(-0.25, 0.25)
        strength = self.uniform(0, 0.45)
        grid = torch.linspace(-1, 1, SIDE)
        rows = self.chance(0.35) * strength * torch.sin(self.along * pitch + phase)
        columns = self.chance(0.25) * strength * torch.sin(grid * across_pitch + phase)
        base = self.uniform(0.3, 0.95)
        return base[:, :, None] * ((1 + rows)[:, :, None] + (columns + light * grid)[:, None, :])

    def _coverage(
        self, position: Tensor, low: Number, high: Number, start: Number, end: Number
    ) -> Tensor:
        edge = self._width * (SIDE / 2)  # garment units to pixels: edges are one pixel soft
        low, high = (self._per_row(bound)[:, :, None] for bound in (low, high))
        inside = torch.minimum(position - low, high - position)
        inside.mul_(edge[:, :, None]).add_(0.5).clamp_(0, 1)
        ends = torch.minimum(self.along - start, end - self.along)
        ends = (ends * self._stretch * (SIDE / 2) + 0.5).clamp_(0, 1)
        return inside.mul_(ends[:, :, None])

    def _per_row(self, value: Number) -> Tensor:
        return value if isinstance(value, Tensor) else torch.full((self.count, 1), value)
