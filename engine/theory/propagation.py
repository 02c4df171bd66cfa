"""What the variance map predicts for each layer of one network at initialization.

z_l = W_l h_{l−1} + b_l, h_l = φ(z_l), and a linear output layer. In wide layers with independent
entries of mean zero, q_l = E z_l² = fan_in·Var[W_l]·E h_{l−1}² + σb² and E h_l² = V(q_l); backward,
E‖δ_l‖² = n_l·Var[W_{l+1}]·W(q_l)·E‖δ_{l+1}‖², δ = ∂loss/∂z (Schoenholz et al. 2017, eq. 2 and 8,
which takes the weights of the way back as independent of those forward).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.errors import BadInput
from engine.rules.activations import Activation
from engine.rules.initializers import Draw, Initializer
from engine.theory.moments import moments


@dataclass(frozen=True)
class LayerPrediction:
    """One layer: `q` = E z², `second_moment` = E h² (of the output layer, its logits').

    `weight_gain` is fan_in·Var[W]. `chi` is E‖δ_l‖²/E‖δ_{l+1}‖², NaN for the output layer; `delta`
    is E‖δ_l‖² over that of the output layer, 1 there.
    """

    fan_in: int
    fan_out: int
    weight_gain: float
    q: float
    second_moment: float
    chi: float
    delta: float


def predict(  # noqa: PLR0913, PLR0917 (a network at initialization, and what enters it)
    rule: Initializer,
    activation: Activation,
    widths: Sequence[int],
    draw: Draw,
    input_second_moment: float = 1.0,
    bias_variance: float = 0.0,
) -> tuple[LayerPrediction, ...]:
    """The layers between `widths` (inputs, hidden ..., outputs), first to output.

    The law of the entries matters to no second moment, only their variance does: a uniform draw is
    as exact as a Gaussian one, up to terms of order 1/width. Orthogonal weights have dependent
    entries: exact for a linear network at any width, and for others in the limit. LSUV measures
    Var[z] on data and sets it to 1; it is taken as q = 1 in every layer, which is what it does when
    the mean of z over data is near 0.

    Raises:
        BadInput: for fewer than two widths, a width below 1, a second moment that is no such, or
            a constant initializer, whose layers add up instead of being random.
    """
    _check(rule, widths, input_second_moment, bias_variance)
    forward: list[tuple[float, float, float]] = []
    h2 = input_second_moment
    for fan_in, fan_out in pairwise(widths):
        gain = fan_in * rule.variance(fan_in, fan_out, draw)
        if rule.calibrated and h2 > 0:
            gain = (1.0 - bias_variance) / h2
        q = gain * h2 + bias_variance
        at = moments(activation, q)
        h2 = float(at.second)
        forward.append((gain, q, float(at.slope)))
    return _backward(activation, widths, forward)


def _backward(
    activation: Activation, widths: Sequence[int], forward: Sequence[tuple[float, float, float]]
) -> tuple[LayerPrediction, ...]:
    gain, q, _ = forward[-1]
    layers = [LayerPrediction(widths[-2], widths[-1], gain, q, q, math.nan, 1.0)]
    for index in range(len(forward) - 2, -1, -1):
        gain, q, slope = forward[index]
        chi = layers[-1].weight_gain * slope  # its fan_in is this layer's width
        h2 = float(moments(activation, q).second)
        delta = chi * layers[-1].delta
        layers.append(LayerPrediction(widths[index], widths[index + 1], gain, q, h2, chi, delta))
    return tuple(reversed(layers))


def gradient_factor(layers: Sequence[LayerPrediction]) -> float:
    """Geometric mean, over the hidden layers but the last, of √χ: what ‖δ‖ is multiplied by.

    That is (E‖δ₁‖²/E‖δ_L‖²)^(1/2(L−1)) with L hidden layers; 1 when there are fewer than two.
    """
    inner = [layer.chi for layer in layers[:-2]]
    if not inner:
        return 1.0
    return math.prod(math.pow(chi, 0.5 / len(inner)) for chi in inner)


def _check(
    rule: Initializer, widths: Sequence[int], input_second_moment: float, bias_variance: float
) -> None:
    if len(widths) < 2 or min(widths) < 1:
        raise BadInput(f"a network has at least two widths of at least 1, not {tuple(widths)}")
    if rule.uses == "init_constant":
        raise BadInput(f"the variance map predicts nothing for init {rule.name!r}: choose another")
    if not (input_second_moment >= 0 and math.isfinite(input_second_moment)):
        raise BadInput(f"inputs cannot have a second moment of {input_second_moment}")
    if not (bias_variance >= 0 and math.isfinite(bias_variance)):
        raise BadInput(f"σb² must be a number of at least 0, not {bias_variance}")
