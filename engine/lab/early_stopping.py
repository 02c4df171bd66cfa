"""When to stop: no loss on held-out examples lower than the best for so many epochs."""

from __future__ import annotations

import math


class Stopping:
    """Watches a loss from epoch 0, before the first update, on.

    `patience` is the number of epochs without a new best after which it is over, 0 for never;
    `limit` the last epoch in any case. A loss that is not a number is no best.
    """

    def __init__(self, patience: int, limit: int) -> None:
        self.patience = patience
        self.limit = limit
        self.losses: list[float] = []
        self.best = 0

    @property
    def epoch(self) -> int:
        """The last epoch seen."""
        return len(self.losses) - 1

    @property
    def best_loss(self) -> float:
        """The loss at `best`."""
        return self.losses[self.best]

    @property
    def out_of_patience(self) -> bool:
        """Whether patience has ended."""
        return bool(self.patience) and self.epoch - self.best >= self.patience

    @property
    def over(self) -> bool:
        """Whether no further epoch is wanted."""
        return self.out_of_patience or self.epoch >= self.limit

    def see(self, loss: float) -> bool:
        """The next epoch's loss; whether it is the best so far, the first of equals."""
        self.losses.append(loss)
        if self.epoch and not _below(loss, self.best_loss):
            return False
        self.best = self.epoch
        return True


def _below(loss: float, best: float) -> bool:
    return loss < best or (math.isnan(best) and not math.isnan(loss))
