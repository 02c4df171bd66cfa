"""The loop of PyTorch's quickstart tutorial: a DataLoader, and a line every hundred batches."""

from __future__ import annotations

import time

import torch
from torch import nn
from torch.utils.data import DataLoader

from benchmarks.contestant import Prepared, Work
from benchmarks.peers.net import chapter_net
from benchmarks.vision import images


def prepared(work: Work) -> Prepared:
    """The tutorial's `train`, over the chapter's net."""
    torch.set_num_threads(1)
    model = chapter_net(work)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=work.lr)
    batches = DataLoader(images(work), batch_size=work.batch_size)

    def epoch() -> float:
        began = time.perf_counter()
        model.train()
        for batch, (inputs, labels) in enumerate(batches):
            x, y = inputs.to("cpu"), labels.to("cpu")
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            if batch % 100 == 0:
                print(f"loss: {loss.item():>7f}  [{(batch + 1) * len(x):>5d}/{work.examples:>5d}]")
        return time.perf_counter() - began

    return Prepared(epoch)
