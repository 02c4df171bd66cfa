"""A few examples of a run's data, as an experiment takes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
import torch
from torch import Generator, Tensor

from engine.config import RunConfig
from engine.controls import Report, unreported
from engine.events import DatasetInfo
from engine.training import numerics
from engine.training.shelf import Shelf


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs float64 [n, features] (images in 0 … 1) and labels int64 [n]."""

    x: Tensor
    y: Tensor
    info: DatasetInfo

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.info.classes)


class Bench:
    """Where small networks are taken apart: on the CPU, on one thread.

    The data set that was used last stays for the next run of this process.
    """

    def __init__(self) -> None:
        self._shelf = Shelf()

    @contextmanager
    def examples(
        self, data: str, data_dir: str, count: int, seed: int, report: Report = unreported
    ) -> Iterator[Examples]:
        """The first `count` training examples of a shuffle by `seed`, or all if there are fewer.

        Until the end this process computes on one thread, where sizes like these are fastest.

        Raises:
            BadInput: as `engine.data.sources.load`.
        """
        config, cpu = RunConfig(data=data, data_dir=data_dir, seed=seed), torch.device("cpu")
        with numerics.applied(config, cpu):
            dataset = self._shelf.load(config, cpu, report)
            shuffled = torch.randperm(len(dataset.x_train), generator=Generator().manual_seed(seed))
            order = shuffled[:count]
            x = dataset.x_train[order]
            scale = 255 if x.dtype == torch.uint8 else 1
            info = msgspec.structs.replace(dataset.info, train_examples=len(order))
            yield Examples(x.double() / scale, dataset.y_train[order], info)


def minibatches(examples: int, size: int, generator: Generator) -> Iterator[Tensor]:
    """Indices [≤ size] of one minibatch after another, in a new order each epoch, without end."""
    while True:
        order = torch.randperm(examples, generator=generator)
        for begin in range(0, examples, size):
            yield order[begin : begin + size]
