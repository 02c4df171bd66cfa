"""Starts that every course names, each with the factor it puts on a gradient per layer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Generator

from engine.lab.nets import Start, hidden_widths
from engine.lab.propagation import Propagation, gradient_factors, typical
from engine.lab.signals import pair_of_inputs
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS, Draw
from engine.theory.fluctuations import factor_tolerance
from engine.theory.propagation import gradient_factor, predict

WEIGHTS_OF_ALL_NETS = 8e6  # so that a start takes a fraction of a second
MOST_NETS = 32


@dataclass(frozen=True)
class Known:
    """A start by name; σw² counts for init normal alone, the other rules have their own."""

    name: str
    activation: str
    init: str
    weight_variance: float = 1.0
    bias_variance: float = 0.0


KNOWN = (
    Known("relu, He", "relu", "kaiming_normal", 2.0),
    Known("relu, Xavier", "relu", "xavier_normal"),
    Known("tanh, σw² = 1", "tanh", "lecun_normal"),
    Known("tanh, edge of chaos", "tanh", "normal", 1.76095, 0.05),
    Known("tanh, σw² = 3, σb² = .05", "tanh", "normal", 3.0, 0.05),
    Known("sigmoid, Xavier", "sigmoid", "xavier_normal"),
    Known("selu, 1/N", "selu", "lecun_normal"),
)


@dataclass(frozen=True)
class Factor:
    """What ‖δ‖ is multiplied by per layer towards the input: the typical net beside theory."""

    name: str
    nets: int
    measured: float
    predicted: float
    tolerance: float


def measured_factor(
    known: Known, width: int, depth: int, nets: int, generator: Generator
) -> Factor:
    """`nets` networks, or as many as take a moment, whose first pre-activations have q = 1."""
    widths = hidden_widths(width, width, depth, width)
    rule, activation = INITIALIZERS[known.init], ACTIVATIONS[known.activation]
    draw = Draw(std=math.sqrt(known.weight_variance / width), constant=0.0)
    start = Start(rule, activation, widths, draw, math.sqrt(known.bias_variance))
    second = (1 - known.bias_variance) / known.weight_variance
    nets = max(1, min(nets, MOST_NETS, int(WEIGHTS_OF_ALL_NETS / (depth * width**2))))
    inputs = pair_of_inputs(nets, width, second, 0.0, generator)
    seen = Propagation(start, nets, inputs, generator)
    for _ in (*seen.forward(), *seen.backward()):
        pass
    layers = predict(rule, activation, widths, draw, second, known.bias_variance)
    predicted = gradient_factor(layers)
    tolerance = predicted * math.expm1(factor_tolerance(activation, layers, nets))
    return Factor(
        known.name, nets, typical(gradient_factors(seen.delta, depth)), predicted, tolerance
    )
