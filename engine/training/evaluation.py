"""Loss and accuracy in eval mode."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional

from engine.model.network import Network

MOST_EVALUATED = 10_000
"""Training examples that are evaluated in eval mode after an epoch, where there is dropout."""


@torch.no_grad()
def evaluate(network: Network, batches: Iterable[tuple[Tensor, Tensor]]) -> tuple[float, float]:
    """Mean cross-entropy (nats) and fraction correct over `batches` of (x, y), without dropout.

    One transfer in all; NaN for both where there is no example.
    """
    total = network.biases[0].new_zeros(2)
    examples = 0
    for x, y in batches:
        logits = network.forward(x)
        loss = functional.cross_entropy(logits, y, reduction="sum")
        total += torch.stack((loss, (logits.argmax(1) == y).sum().to(loss.dtype)))
        examples += len(y)
    if not examples:
        return float("nan"), float("nan")
    loss_sum, correct = total.tolist()
    return loss_sum / examples, correct / examples
