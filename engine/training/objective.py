"""Softmax cross-entropy, written so that a step neither allocates nor waits for the device."""

from __future__ import annotations

import torch
from torch import Tensor

MOST_SLOTS = 512
_MOST_ENTRIES = 2**20
_CHUNK = 32


class Meter:
    """Each step's loss and hits, kept on the device until a block is handed over.

    A slot holds three numbers for each example of its step: the correct class's logit less the
    row's largest, the sum Σⱼ exp(oⱼ − max o), and whether the largest logit is the correct one.
    The logarithm and the sums over the batch wait until `read`. `slots` steps fit; the slot after
    them, `probe`, takes passes that belong to no step.
    """

    def __init__(self, batch_size: int, like: Tensor) -> None:
        self.slots = max(1, min(MOST_SLOTS, _MOST_ENTRIES // batch_size))
        self.probe = self.slots
        self._chunk = min(_CHUNK, self.slots + 1)
        chunks = self.slots // self._chunk + 1
        self._rows = like.new_zeros(3, chunks * self._chunk, batch_size)
        self._rows[1].fill_(1)
        self._views = [rows.unbind() for rows in self._rows.unsqueeze(3).unbind()]
        self._batch_size = batch_size

    def row(self, slot: int, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Columns [batch, 1] for (correct logit, sum of exponentials, hits) of one step."""
        picked, total, hits = (views[slot] for views in self._views)
        if batch == self._batch_size:
            return picked, total, hits
        picked.zero_()
        total.fill_(1)  # log 1 = 0: an absent example adds nothing to the loss
        hits.zero_()
        return picked[:batch], total[:batch], hits[:batch]

    def read(self, slots: int) -> Tensor:
        """Sums over each slot's examples, [2, at least `slots`]: loss in nats, and hits.

        Slots are reduced in chunks of one size, whatever they hold, so that a step's numbers do
        not depend on how the steps were cut into blocks.
        """
        parts = []
        for begin in range(0, slots, self._chunk):
            picked, total, hits = self._rows[:, begin : begin + self._chunk].unbind()
            parts.append(torch.stack((total.log().sub_(picked).sum(1), hits.sum(1))))
        return torch.cat(parts, 1)


class CrossEntropy:
    """The mean loss of a minibatch and its derivative, for one batch size.

    `delta` [batch, classes] is ∂(mean loss)/∂logits = (softmax(o) − onehot(y))/batch.
    """

    def __init__(self, batch: int, classes: int, like: Tensor) -> None:
        self.delta = like.new_empty(batch, classes)
        self._largest = like.new_empty(batch, 1)
        self._class = torch.empty(batch, 1, dtype=torch.int64, device=like.device)
        self._one = like.new_full((batch, 1), -1.0)
        self._scale = 1.0 / batch

    def differentiate(
        self, logits: Tensor, y: Tensor, row: tuple[Tensor, Tensor, Tensor]
    ) -> Tensor:
        """Fill `row` of the meter and `delta` from logits [batch, classes], y [batch] (int64)."""
        picked, total, hits = row
        labels = y.unsqueeze(1)
        torch.max(logits, 1, keepdim=True, out=(self._largest, self._class))
        torch.eq(self._class, labels, out=hits)
        delta = torch.sub(logits, self._largest, out=self.delta)
        torch.gather(delta, 1, labels, out=picked)
        delta.exp_()
        torch.sum(delta, 1, keepdim=True, out=total)
        delta.div_(total).scatter_add_(1, labels, self._one)
        return delta.mul_(self._scale)
