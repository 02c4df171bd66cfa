"""Everything that theory says of a start before its networks are drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from engine.lab.nets import Start
from engine.theory.correlation import fixed_correlation, through_network
from engine.theory.propagation import LayerPrediction, gradient_factor, predict
from engine.theory.relu_he_exact import LogNormLaw, layer_law
from engine.theory.variance_map import FixedPoint, fixed_point


@dataclass(frozen=True)
class Outlook:
    """Layer by layer and in the limit of many layers, the hidden ones being alike.

    `gradients` are E‖∂loss/∂W_l‖² of one input's loss over ‖δ‖² of the output layer. `law` is the
    exact one of ln(‖h_L‖²/‖x‖²), where there is one: Gaussian weights, ReLU, no biases.
    """

    layers: tuple[LayerPrediction, ...]
    correlations: tuple[float, ...]
    gradients: tuple[float, ...]
    weight_variance: float  # σw² of the hidden layers
    bias_variance: float
    fixed: FixedPoint
    fixed_correlation: float
    law: LogNormLaw | None

    @property
    def factor(self) -> float:
        """What ‖δ‖ is multiplied by per hidden layer on its way back."""
        return gradient_factor(self.layers)


def outlook(start: Start, second_moment: float, correlation: float) -> Outlook | None:
    """Theory for inputs of this mean square and correlation; None for init constant.

    No variance describes a layer whose weights are all alike.
    """
    if start.rule.uses == "init_constant":
        return None
    bias = start.bias_std**2
    phi = start.activation
    layers = predict(start.rule, phi, start.widths, start.draw, second_moment, bias)
    squares = [start.widths[0] * second_moment]
    squares += [layer.fan_out * layer.second_moment for layer in layers[:-1]]
    inner = layers[1] if len(layers) > 2 else layers[0]
    fixed = fixed_point(phi, inner.weight_gain, bias, layers[0].q or 1.0)
    settled = math.isfinite(fixed.q) and fixed.q > 0
    return Outlook(
        layers,
        through_network(phi, layers, correlation, bias),
        tuple(layer.delta * square for layer, square in zip(layers, squares, strict=True)),
        inner.weight_gain,
        bias,
        fixed,
        fixed_correlation(phi, fixed.q, inner.weight_gain, bias) if settled else math.nan,
        _exact_law(start),
    )


def _exact_law(start: Start) -> LogNormLaw | None:
    gaussian = start.rule.formula.startswith("N(0")
    if start.activation.name != "relu" or start.bias_std or not gaussian:
        return None
    gains = [i * start.rule.variance(i, o, start.draw) for i, o in pairwise(start.widths)]
    if not all(gains):
        return None
    hidden = zip(pairwise(start.widths[:-1]), gains[:-1], strict=True)
    laws = [layer_law(fan_in, fan_out, gain) for (fan_in, fan_out), gain in hidden]
    return LogNormLaw(
        math.fsum(law.mean for law in laws),
        math.fsum(law.variance for law in laws),
        math.prod(law.alive for law in laws),
    )
