"""The training loop of Dive into Deep Learning's MLP chapter (`train_ch3`).

Images are decoded one by one in a DataLoader, and three Python floats are taken from every
minibatch: the summed loss, the number right and the number of examples.
"""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from benchmarks.contestant import Prepared, Work
from benchmarks.peers.net import chapter_net
from benchmarks.vision import images


class Accumulator:
    """Sums over a pass."""

    def __init__(self, count: int) -> None:
        self.sums = [0.0] * count

    def add(self, *values: float) -> None:
        self.sums = [total + float(value) for total, value in zip(self.sums, values, strict=True)]


def correct(logits: Tensor, labels: Tensor) -> float:
    """How many rows' largest logit is the label's."""
    return float((logits.argmax(dim=1).type(labels.dtype) == labels).type(labels.dtype).sum())


def alone(work: Work) -> Prepared:
    """Decoding in the training process."""
    return _prepared(work, workers=0)


def with_workers(work: Work) -> Prepared:
    """Decoding in four worker processes, the book's setting."""
    return _prepared(work, workers=4)


def _prepared(work: Work, workers: int) -> Prepared:
    torch.set_num_threads(1)
    net = chapter_net(work)
    loss = nn.CrossEntropyLoss(reduction="none")
    trainer = torch.optim.SGD(net.parameters(), lr=work.lr)
    batches = DataLoader(images(work), work.batch_size, shuffle=True, num_workers=workers)

    def epoch() -> float:
        began = time.perf_counter()
        net.train()
        metric = Accumulator(3)
        for x, y in batches:
            logits = net(x)
            losses = loss(logits, y)
            trainer.zero_grad()
            losses.mean().backward()
            trainer.step()
            metric.add(float(losses.sum()), correct(logits, y), y.numel())
        return time.perf_counter() - began

    return Prepared(epoch)
