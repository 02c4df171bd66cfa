"""Will it train? One rule that is usually right, and three gauges that say why it is not.

A rule of thumb on the χ-product: −1.5 < Σ ½log₁₀χ < 3 over the hidden layers but the last, that is,
‖δ₁‖/‖δ_L‖ within 10^−1.5 … 10³. It called 99 of 115 combinations of activation, initializer and
depth on Fashion-MNIST (one epoch, lr .1). It misses deep critical nets, ReLU with He at 20 layers
among them: their gradients have the right size, yet every input looks alike at the top, and the
loss is sharper than this learning rate can follow. Hence the gauges: χ-product, the correlation
that two inputs arrive with, and ηλ_max/2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.rules.activations import Activation
from engine.theory.correlation import through_network
from engine.theory.edge import instability
from engine.theory.propagation import LayerPrediction

TOO_SMALL, TOO_LARGE = -1.5, 3.0
Call = Literal["trains", "vanishes", "explodes"]


@dataclass(frozen=True)
class Gauges:
    """`log_chi` is Σ ½log₁₀χ, in decades of ‖δ‖; `correlation` that of two inputs in the output
    layer's logits (1: told apart no more); `instability` ηλ_max/2, above 1 beyond the edge of
    stability, or None where no sharpness was measured."""

    log_chi: float
    correlation: float
    instability: float | None
    call: Call


def gauges(  # noqa: PLR0913 (a network, two inputs and how it will be trained)
    activation: Activation,
    layers: Sequence[LayerPrediction],
    *,
    correlation: float,
    bias_variance: float = 0.0,
    sharpness: float | None = None,
    learning_rate: float = 0.1,
) -> Gauges:
    """What theory says of a network's predicted `layers`, for inputs of this correlation."""
    decades = log_chi(layers)
    last = through_network(activation, layers, correlation, bias_variance)[-1]
    beyond = None if sharpness is None else instability(sharpness, learning_rate)
    return Gauges(decades, last, beyond, call(decades))


def log_chi(layers: Sequence[LayerPrediction]) -> float:
    """Σ ½log₁₀χ over the hidden layers but the last: decades of ‖δ₁‖/‖δ_L‖; −∞ for a χ of 0."""
    return math.fsum(
        0.5 * math.log10(layer.chi) if layer.chi > 0 else -math.inf for layer in layers[:-2]
    )


def call(decades: float) -> Call:
    """The rule: between −1.5 and 3 it trains."""
    if decades <= TOO_SMALL:
        return "vanishes"
    return "trains" if decades < TOO_LARGE else "explodes"
