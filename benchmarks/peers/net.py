"""The chapter's net as an nn.Sequential."""

from __future__ import annotations

from torch import nn

from benchmarks.contestant import Work


def chapter_net(work: Work) -> nn.Sequential:
    """784-256-10 with ReLU, weights N(0, 0.01²), biases 0; takes [B, 1, 28, 28] or [B, 784]."""
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(784, work.hidden), nn.ReLU(), nn.Linear(work.hidden, 10)
    )
    for module in net:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
            nn.init.zeros_(module.bias)
    return net
