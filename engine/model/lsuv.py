"""Layer-sequential unit-variance initialization (Mishkin and Matas 2016, algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from engine.errors import BadInput
from engine.rules.activations import Activation

TOLERANCE = 0.1
MAX_ITERATIONS = 10


def calibrate(
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    activation: Activation,
    sample: Tensor,
    names: Sequence[str],
) -> None:
    """Scale every weight in place, from the first layer to the output layer.

    A layer's weight [fan_out, fan_in] is divided by the standard deviation of its z, taken over
    all entries of [batch, fan_out], until |Var[z] − 1| < 0.1, at most ten times; only then does
    the next layer see its outputs. `sample` is [batch, features].

    Raises:
        BadInput: when a layer's z does not vary over the sample.
    """
    inputs = sample
    for weight, bias, name in zip(weights, biases, names, strict=True):
        z = inputs @ weight.t() + bias
        for _ in range(MAX_ITERATIONS):
            variance = float(z.var(correction=0))
            if not variance > 0:
                raise BadInput(
                    f"init lsuv cannot scale {name}: its pre-activations have variance "
                    f"{variance:g} on the first minibatch; choose another init, e.g. orthogonal"
                )
            if abs(variance - 1) < TOLERANCE:
                break
            weight.div_(variance**0.5)
            z = inputs @ weight.t() + bias
        inputs = activation.forward(z)
