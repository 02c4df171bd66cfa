"""What one pass of a stack of networks leaves behind, in buffers that are made once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Pass:
    """The buffers of one batch size, each [K, fan_out, batch].

    `inputs[l]` is what layer l + 1 multiplies: h of layer l, or h · mask where nets drop units.
    """

    def __init__(
        self, weights: Sequence[Tensor], batch: int, dropped: Sequence[bool], in_place: bool
    ) -> None:
        self.pre = [weight.new_empty(*weight.shape[:2], batch) for weight in weights]
        self.post = self.pre if in_place else [torch.empty_like(z) for z in self.pre]
        hidden = self.post[: len(dropped)]
        self.masks = [
            torch.ones_like(h) if drops else None for h, drops in zip(hidden, dropped, strict=True)
        ]
        self.inputs = [
            h if mask is None else torch.empty_like(h)
            for h, mask in zip(hidden, self.masks, strict=True)
        ]
        self.delta = [torch.empty_like(z) for z in self.pre]
        self.objective = CrossEntropy(self.delta[-1])


class CrossEntropy:
    """Mean cross-entropy of K nets on one minibatch, `delta` [K, classes, batch] its derivative."""

    def __init__(self, delta: Tensor) -> None:
        nets, _, self._batch = delta.shape
        self._delta = delta
        self._label = torch.empty(nets, 1, self._batch, dtype=torch.int64, device=delta.device)
        self._one = delta.new_full((nets, 1, self._batch), -1.0)

    def differentiate(self, logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        label = self._label.copy_(y)
        largest, chosen = logits.max(1, keepdim=True)
        delta = torch.sub(logits, largest, out=self._delta)
        picked = delta.gather(1, label)
        delta.exp_()
        total = delta.sum(1, keepdim=True)
        delta.div_(total).scatter_add_(1, label, self._one).div_(self._batch)
        losses = total.log_().sub_(picked).mean((1, 2))
        return losses, (chosen == label).to(losses.dtype).mean((1, 2))
