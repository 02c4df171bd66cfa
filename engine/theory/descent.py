"""Gradient descent on a quadratic loss: every eigenvector of its Hessian goes its own way."""

from __future__ import annotations

import torch
from torch import Tensor


def progress(step_size: Tensor, steps: int) -> Tensor:
    """The share of the way to the minimum after so many steps, 1 − (1 − ηλ)ᵏ.

    `step_size` holds ηλ, learning rate times eigenvalue; all of the way needs k well above 1/(ηλ).
    Relative accuracy is kept however small ηλ is. Beyond ηλ = 2 it grows without bound.
    """
    slow = -torch.expm1(steps * torch.log1p(-step_size.clamp(max=0.5)))
    return torch.where(step_size < 0.5, slow, 1 - (1 - step_size) ** steps)
