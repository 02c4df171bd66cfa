"""What the score of the best of several states is worth: the examples that chose it flatter it.

A small validation set is drawn from a large one; it chooses the epoch of least loss, and the
examples that were not drawn say what that epoch's loss is on fresh ones. Over all draws, whatever
the losses (Jensen's inequality: the mean of a minimum is at most the minimum of means)::

    E[score of the chosen] ≤ min over epochs of the loss on all ≤ E[fresh loss of the chosen]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

SIZES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
DRAWS = 400


@dataclass(frozen=True, eq=False)
class Choice:
    """What `size` examples choose, over draws: `score` on themselves, `fresh` on the others."""

    size: int
    score: Tensor
    fresh: Tensor

    @property
    def optimism(self) -> float:
        """How much lower the score is than the truth, on average."""
        return float((self.fresh - self.score).mean())


def mean_error(values: Tensor) -> tuple[float, float]:
    """The mean of values [draws] and its standard error."""
    return float(values.mean()), float(values.std()) / len(values) ** 0.5


def choices(losses: Tensor, random: Generator, sizes: Sequence[int] = SIZES) -> list[Choice]:
    """What sets of these sizes, at most half of all, choose among losses [epochs, examples].

    Epochs with losses that are not finite cannot be chosen.
    """
    losses = losses[losses.isfinite().all(1)].double()
    examples = losses.shape[1]
    ranks = torch.rand(DRAWS, examples, generator=random).argsort(1).argsort(1)
    sums = losses.sum(1)
    return [_chosen(losses, sums, ranks < m, m) for m in sizes if 2 * m <= examples]


def _chosen(losses: Tensor, sums: Tensor, drawn: Tensor, size: int) -> Choice:
    inside = drawn.to(losses.dtype) @ losses.T  # [draws, epochs]
    least = inside.argmin(1, keepdim=True)
    fresh = (sums - inside) / (losses.shape[1] - size)
    return Choice(size, inside.gather(1, least)[:, 0] / size, fresh.gather(1, least)[:, 0])
