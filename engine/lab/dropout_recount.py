"""What nets with dropout left out, and what they are worth, counted a second time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from engine.lab.classifier import inputs
from engine.lab.dropout_nets import Pairs

_UNIT = torch.finfo(torch.float32).eps / 2


@dataclass(frozen=True)
class LeftOut:
    """Of so many units with h ≠ 0, the fraction that the next layer got as 0."""

    units: int
    fraction: float


@dataclass(frozen=True)
class Recount:
    """Mean loss (nats) and accuracy in float64, and how far float32 may be from each at most."""

    loss: float
    accuracy: float
    loss_error: float
    accuracy_error: float


def left_out(pairs: Pairs, layer: int, *, dropped: bool) -> LeftOut:
    """In the last pass of training, over the nets of one kind; units that overflowed aside."""
    nets = slice(pairs.plan.nets, None) if dropped else slice(pairs.plan.nets)
    h, passed = (each[nets] for each in pairs.stack.passed(layer))
    active = h.isfinite() & (h != 0)
    units = int(active.sum())
    return LeftOut(units, int((passed[active] == 0).sum()) / max(1, units))


def recounted(pairs: Pairs, split: Literal["train", "test"]) -> Recount:
    """The first net with dropout on what a look evaluates, in eval mode: ReLU layers, no stack."""
    net, stack, data = pairs.plan.nets, pairs.stack, pairs.shown
    x, y = (data.x_test, data.y_test) if split == "test" else (data.x_train, data.y_train)
    layers = [
        (weight[net].cpu().double(), bias[net, :, 0].cpu().double())
        for weight, bias in zip(stack.weights, stack.biases, strict=True)
    ]
    logits, errors = _logits(layers, inputs(x).double())
    losses = functional.cross_entropy(logits, y, reduction="none")
    # the loss is the logarithm of a sum less a logit: each moves by no more than the logits do
    summed = _rounding(len(y)) * float(losses.mean() + 2 * logits.abs().amax(1).mean())
    best = logits.topk(2, dim=1).values
    return Recount(
        loss=float(losses.mean()),
        accuracy=float((logits.argmax(1) == y).double().mean()),
        loss_error=2 * float(errors.amax(1).mean()) + summed,
        accuracy_error=float((best[:, 0] - best[:, 1] <= 2 * errors.amax(1)).double().mean())
        + _UNIT,
    )


def _logits(layers: Sequence[tuple[Tensor, Tensor]], h: Tensor) -> tuple[Tensor, Tensor]:
    """Logits [n, classes], and how far those of float32 arithmetic may be from them.

    Roundings are as often up as down, so a product of n terms is off by at most 5√n·u times that
    of the absolute values, but for one in 10⁵ (Higham and Mary 2019, theorem 3.1), whatever the
    order of its terms. ReLU makes no error larger.
    """
    errors = torch.zeros_like(h)
    for place, (weight, bias) in enumerate(layers):
        most = (h.abs() + errors) @ weight.abs().T + bias.abs()
        errors = errors @ weight.abs().T + _rounding(weight.shape[1] + 1) * most
        h = h @ weight.T + bias
        if place < len(layers) - 1:
            h = h.relu()
    return h, errors


def _rounding(terms: int) -> float:
    return 5 * math.sqrt(terms) * _UNIT
