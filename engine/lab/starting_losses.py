"""The cross-entropy before training, over many draws of the last layer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from engine.theory.initial_loss import initial_loss


@dataclass(frozen=True)
class StartingLoss:
    """The mean loss at logits of root mean square `deviation`, its error and its exact law."""

    deviation: float
    mean: float
    error: float
    predicted: float


class LastLayers:
    """`draws` last layers, all entries N(0, σ²), on the last hidden values h [n, width], y [n].

    Given h, the logits of example i over draws are independent N(0, σ²‖hᵢ‖²), whatever its label.
    One set of draws serves every σ, which only scales them. Each is taken with its mirror image
    −W, of the same law: the label's own logit, of mean 0, then cancels instead of adding noise.
    """

    def __init__(
        self, h: Tensor, y: Tensor, classes: int, draws: int, generator: Generator
    ) -> None:
        length = torch.linalg.vector_norm(h, dim=1)
        root_mean_square = length.square().mean().sqrt()
        weights = torch.randn(draws, h.shape[1], classes, generator=generator, dtype=h.dtype)
        self.classes = classes
        self._spread = (length / root_mean_square).tolist()
        self._logits = torch.matmul(h / root_mean_square, weights)  # [draws, n, classes]
        self._y = y.expand(draws, -1)

    def at(self, deviation: float) -> StartingLoss:
        """The loss with σ such that the root mean square of the logits' deviations is this."""
        losses = (self._losses(deviation) + self._losses(-deviation)) / 2
        exact = [initial_loss(self.classes, deviation * spread) for spread in self._spread]
        return StartingLoss(
            deviation,
            float(losses.mean()),
            float(losses.std()) / math.sqrt(len(losses)),
            sum(exact) / len(exact),
        )

    def _losses(self, scale: float) -> Tensor:
        """The mean loss of each draw, [draws]."""
        logits = scale * self._logits.transpose(1, 2)
        return functional.cross_entropy(logits, self._y, reduction="none").mean(1)
