"""Ways in which pictures go wrong, each with five severities.

Each works on float32 [n, channels, h, w] in 0 … 1 and returns a new tensor. The six of the
chapter have the severity and the accuracy that it gives; noise is added without clipping there,
and so it is here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from engine.theory.known_accuracies import Known

LEVELS = 5
_MIDDLE = 3
Change = Callable[[Tensor, float, Generator], Tensor]


@dataclass(frozen=True)
class Corruption:
    """`change(images, severity, random)` at one of five `severities`, the mildest first.

    `level` (1 … 5) is the chapter's severity, where it has one the middle elsewhere. `known` is
    the accuracy of a net of one hidden layer and .828 on clean Fashion-MNIST, with the spread
    between nets.
    """

    change: Change
    severities: tuple[float, ...]
    unit: str
    level: int = _MIDDLE
    known: Known | None = None

    def severity(self, level: int) -> float:
        """The severity of level 1 … 5; 0 means the chapter's."""
        return self.severities[(level or self.level) - 1]

    def spelled(self, level: int) -> str:
        """The severity as people write it."""
        return self.unit.format(self.severity(level))

    def apply(self, images: Tensor, level: int, random: Generator) -> Tensor:
        """The images [n, channels, h, w] at level 1 … 5, or 0 for the chapter's."""
        return self.change(images, self.severity(level), random)


def _brightness(x: Tensor, factor: float, random: Generator) -> Tensor:
    return x * factor


def _noise(x: Tensor, std: float, random: Generator) -> Tensor:
    return x + std * torch.randn(x.shape, generator=random)


def _some(x: Tensor, changed: Tensor, share: float, random: Generator) -> Tensor:
    """A random share of the pictures changed, the others as they are."""
    chosen = torch.rand(len(x), 1, 1, 1, generator=random) < share
    return torch.where(chosen, changed, x)


def _mirror(x: Tensor, share: float, random: Generator) -> Tensor:
    return _some(x, x.flip(3), share, random)


def _upside_down(x: Tensor, share: float, random: Generator) -> Tensor:
    return _some(x, x.flip(2), share, random)


def _shift(x: Tensor, pixels: float, random: Generator) -> Tensor:
    by = min(int(pixels), x.shape[3])
    return functional.pad(x, (by, 0))[..., : x.shape[3]]


def _invert(x: Tensor, share: float, random: Generator) -> Tensor:
    return x + share * (1 - 2 * x)


def _blur(x: Tensor, std: float, random: Generator) -> Tensor:
    reach = math.ceil(3 * std)
    bell = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / std) ** 2)
    bell /= bell.sum()
    flat = x.flatten(0, 1).unsqueeze(1)
    for kernel, pad in ((bell.view(1, 1, 1, -1), (0, reach)), (bell.view(1, 1, -1, 1), (reach, 0))):
        flat = functional.conv2d(flat, kernel, padding=pad)
    return flat.view_as(x)


def _contrast(x: Tensor, factor: float, random: Generator) -> Tensor:
    mean = x.mean((1, 2, 3), keepdim=True)
    return mean + factor * (x - mean)


def _rotate(x: Tensor, degrees: float, random: Generator) -> Tensor:
    angle = math.radians(degrees)
    turn = torch.tensor(
        [[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0]]
    )
    grid = functional.affine_grid(turn.expand(len(x), 2, 3), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)


def _patch(x: Tensor, side: float, random: Generator) -> Tensor:
    """A grey square of a quarter `side`² of the picture, anywhere within it."""
    height, width = x.shape[2:]
    tall, wide = (max(1, round(side * length)) for length in (height, width))
    top = torch.randint(height - tall + 1, (len(x), 1), generator=random)
    left = torch.randint(width - wide + 1, (len(x), 1), generator=random)
    rows, columns = torch.arange(height), torch.arange(width)
    down = (rows >= top) & (rows < top + tall)
    along = (columns >= left) & (columns < left + wide)
    hidden = (down[:, :, None] & along[:, None, :]).unsqueeze(1)
    return x.masked_fill(hidden, 0.5)


_SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
CORRUPTIONS = {
    "brightness": Corruption(
        _brightness, (0.9, 0.7, 0.5, 0.3, 0.1), "×{:g}", 3, Known(0.790, 0.010)
    ),
    "noise": Corruption(_noise, (0.1, 0.2, 0.3, 0.4, 0.5), "std {:g}", 3, Known(0.791, 0.006)),
    "mirror": Corruption(_mirror, _SHARES, "{:.0%} of them", 5, Known(0.572, 0.006)),
    "shift": Corruption(_shift, (1, 2, 3, 4, 5), "{:g} px right", 3, Known(0.374, 0.012)),
    "upside-down": Corruption(_upside_down, _SHARES, "{:.0%} of them", 5, Known(0.298, 0.010)),
    "invert": Corruption(_invert, _SHARES, "by {:.0%}", 5, Known(0.034, 0.006)),
    "blur": Corruption(_blur, (0.5, 1.0, 1.5, 2.0, 3.0), "σ {:g} px"),
    "contrast": Corruption(_contrast, (0.8, 0.6, 0.4, 0.25, 0.1), "×{:g}"),
    "rotate": Corruption(_rotate, (10, 20, 30, 45, 90), "{:g}°"),
    "patch": Corruption(_patch, (0.15, 0.25, 0.35, 0.45, 0.6), "{:.0%} of a side"),
}
CLEAN = Known(0.828, 0.004)


def planes(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Pictures [n, features] as [n, channels, h, w], with the shape (h, w) or with channels.

    Channels stand first or last, whichever of the two ends is smaller. The inverse is `rows`.
    """
    images = x.view(len(x), *shape)
    if len(shape) == 2:
        return images.unsqueeze(1)
    return images.permute(0, 3, 1, 2) if shape[2] <= shape[0] else images


def rows(images: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Pictures [n, channels, h, w] as the network takes them: [n, features]."""
    if len(shape) == 3 and shape[2] <= shape[0]:
        images = images.permute(0, 2, 3, 1)
    return images.flatten(1)
