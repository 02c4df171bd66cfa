"""Minibatches of a set that lies on the device: each is an index into it, gathered in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from engine.data.dataset import Dataset
from engine.errors import BadInput


class Minibatches:
    """The training set in a new order each epoch; the last batch of an epoch may be smaller.

    The order comes from a CPU generator of its own, so it is the same on every device. Buffers
    are made once: what `next` returns is overwritten by the following call.
    """

    def __init__(
        self, dataset: Dataset, batch_size: int, device: torch.device | str, seed: int
    ) -> None:
        self._x, self._y = dataset.x_train.to(device), dataset.y_train.to(device)
        self._examples, features = self._x.shape
        self._batch_size = min(batch_size, self._examples)
        self.steps_per_epoch = -(-self._examples // self._batch_size)
        self._bytes = torch.empty(self._batch_size, features, dtype=torch.uint8, device=device)
        self._inputs = torch.empty(self._batch_size, features, device=device)
        self._labels = torch.empty(self._batch_size, dtype=torch.int64, device=device)
        self._order = torch.empty(self._examples, dtype=torch.int64, device=device)
        self._generator = torch.Generator().manual_seed(seed)
        self._offset = 0
        self._shuffle()

    def next(self) -> tuple[Tensor, Tensor]:
        """The next minibatch: inputs float32 [b, features] and labels int64 [b], as views."""
        if self._offset == self._examples:
            self._offset = 0
            self._shuffle()
        index = self._order[self._offset : self._offset + self._batch_size]
        self._offset += len(index)
        x, y = self._inputs[: len(index)], self._labels[: len(index)]
        torch.index_select(self._y, 0, index, out=y)
        if self._x.dtype == torch.uint8:
            raw = self._bytes[: len(index)]
            torch.index_select(self._x, 0, index, out=raw)
            x.copy_(raw).div_(255)  # half the time of torch.div, to the same bits
        else:
            torch.index_select(self._x, 0, index, out=x)
        return x, y

    def state(self) -> dict[str, Tensor]:
        """What `load_state` needs to go on with exactly the batches that would follow.

        The epoch's order is not copied: the generator as it was before the shuffle rebuilds it,
        so this costs microseconds. The tensors are the caller's to keep.
        """
        return {
            "generator": self._epoch_start.clone(),
            "offset": torch.tensor(self._offset),
            "examples": torch.tensor(self._examples),
        }

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go on where another left off.

        Raises:
            BadInput: when the state belongs to a training set of another size, or is damaged.
        """
        try:
            examples, offset = int(state["examples"]), int(state["offset"])
            restored = torch.Generator().set_state(state["generator"])
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise BadInput(f"the saved order of the training set is damaged: {error}") from error
        if examples != self._examples:
            raise BadInput(
                f"the saved order is of {examples} training examples; this set has {self._examples}"
            )
        if not 0 <= offset <= examples:
            raise BadInput(f"the saved place {offset} is not within {examples} examples")
        self._generator = restored
        self._shuffle()
        self._offset = offset

    def _shuffle(self) -> None:
        self._epoch_start = self._generator.get_state()
        self._order.copy_(torch.randperm(self._examples, generator=self._generator))


def evaluation_batches(
    dataset: Dataset, split: Literal["train", "test"], device: torch.device | str, size: int = 2000
) -> Iterator[tuple[Tensor, Tensor]]:
    """A split in its own order, in parts of `size`: inputs float32 [b, features], labels [b].

    Inputs are overwritten by the next part. Nothing is copied to the device when `dataset` lies
    there already (`Dataset.to`).
    """
    x = (dataset.x_train if split == "train" else dataset.x_test).to(device)
    y = (dataset.y_train if split == "train" else dataset.y_test).to(device)
    buffer = torch.empty(min(size, len(x)), x.shape[1], device=device)
    for start in range(0, len(x), size):
        part, labels = x[start : start + size], y[start : start + size]
        if x.dtype == torch.uint8:
            yield buffer[: len(part)].copy_(part).div_(255), labels
        else:
            yield part, labels
