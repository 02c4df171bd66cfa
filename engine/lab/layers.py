"""One layer drawn many times at once: what it does to second moments, forward and back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from engine.lab.nets import unit_variance
from engine.rules.activations import Activation
from engine.rules.initializers import Draw, Initializer
from engine.theory.moments import slopes

WEIGHTS_AT_ONCE = 2**23
CALIBRATION_INPUTS = 64


@dataclass(frozen=True)
class Passed:
    """Means over draws: of an entry's w², of o² and of δ_z²; inputs and δ_o are N(0, 1)."""

    weight_square: float
    forward: float
    backward: float


def pass_through(  # noqa: PLR0913, PLR0917 (a layer, and how often it is drawn)
    rule: Initializer,
    activation: Activation,
    fan_in: int,
    fan_out: int,
    draw: Draw,
    draws: int,
    generator: Generator,
) -> Passed:
    """`draws` independent weights [fan_out, fan_in], each with an input and a δ_o of its own."""
    at_once = max(1, WEIGHTS_AT_ONCE // (fan_in * fan_out))
    sums = torch.zeros(3, dtype=torch.float64)
    for first in range(0, draws, at_once):
        count = min(at_once, draws - first)
        weight = torch.empty(count, fan_out, fan_in, dtype=torch.float32)
        rule.fill(weight, draw, generator)
        weights = weight.double()
        if rule.calibrated:
            weights *= _calibration(weights, activation, generator)
        z, delta = _normal(count, 1, fan_in, generator), _normal(count, 1, fan_out, generator)
        outputs = torch.bmm(activation.forward(z), weights.mT)
        back = torch.bmm(delta, weights) * slopes(activation, z)
        squares = [x.square().mean() for x in (weights, outputs, back)]
        sums += count * torch.stack(squares)
    return Passed(*(sums / draws).tolist())


def _calibration(weights: Tensor, activation: Activation, generator: Generator) -> Tensor:
    """LSUV's factor on each weight, on inputs that are not those measured."""
    sample = _normal(1, CALIBRATION_INPUTS, weights.shape[-1], generator)
    products = torch.bmm(activation.forward(sample).expand(len(weights), -1, -1), weights.mT)
    ones = torch.ones(len(weights), 1, 1, dtype=torch.float64)
    return unit_variance(products, torch.zeros_like(ones), ones)


def _normal(count: int, rows: int, columns: int, generator: Generator) -> Tensor:
    return torch.randn(count, rows, columns, generator=generator, dtype=torch.float64)
