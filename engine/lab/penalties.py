"""One step of SGD under a penalty, for any number of weight vectors at once.

The strength λ is a tensor that broadcasts over the weights; `gradient` is that of the data's loss.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Rule = Callable[[Tensor, Tensor, float, Tensor], Tensor]


def decayed(weights: Tensor, gradient: Tensor, lr: float, decay: Tensor) -> Tensor:
    """L2, λ/2·‖w‖²: w ← (1 − ηλ)·w − η·g."""
    return torch.sub((1 - lr * decay) * weights, gradient, alpha=lr)


def proximal(weights: Tensor, gradient: Tensor, lr: float, decay: Tensor) -> Tensor:
    """L1, λ·‖w‖₁: the step of the loss, then every weight ηλ nearer to 0 and no further.

    So a weight within ηλ of 0 becomes exactly 0 (Parikh and Boyd 2014, section 6.5.2). NaN stays.
    """
    moved = torch.sub(weights, gradient, alpha=lr)
    return moved - torch.minimum(torch.maximum(moved, -lr * decay), lr * decay)


def subgradient(weights: Tensor, gradient: Tensor, lr: float, decay: Tensor) -> Tensor:
    """L1 as if it were smooth: w ← w − η·(g + λ·sign w). It steps over 0, to and fro."""
    return torch.sub(weights, gradient + decay * weights.sign(), alpha=lr)


RULES: dict[str, Rule] = {"l2": decayed, "l1": proximal}
