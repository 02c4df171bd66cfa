"""skorch's NeuralNetClassifier over arrays that are in memory already."""

from __future__ import annotations

import time

import torch
from skorch import NeuralNetClassifier
from torch import nn

from benchmarks.contestant import Prepared, Work
from benchmarks.peers.net import chapter_net
from benchmarks.vision import arrays


def prepared(work: Work) -> Prepared:
    """One `partial_fit` of one epoch at a time."""
    torch.set_num_threads(1)
    x, y = (tensor.numpy() for tensor in arrays(work).tensors)
    net = NeuralNetClassifier(
        chapter_net(work),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD,
        lr=work.lr,
        batch_size=work.batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        max_epochs=1,
        verbose=0,
    ).initialize()

    def epoch() -> float:
        began = time.perf_counter()
        net.partial_fit(x, y)
        return time.perf_counter() - began

    return Prepared(epoch)
