"""Gradients of a minibatch's mean loss, by hand or by autograd, behind one interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from engine.config import RunConfig
from engine.errors import BadInput
from engine.model.network import Network

Watch = Callable[[str, Tensor], None]


@dataclass(frozen=True)
class Passed:
    """What the last minibatch left behind, layer by layer.

    `pre[l]` is z, `post[l]` is h = φ(z) before dropout (for the last layer the logits; the same
    tensor as z where φ works in place) and `delta[l]` is ∂(mean loss)/∂z, each [batch, fan_out].
    """

    pre: list[Tensor]
    post: list[Tensor]
    delta: list[Tensor]


class GradientBuffers:
    """One preallocated gradient for each parameter, laid out in memory as the parameter is."""

    def __init__(self, network: Network) -> None:
        self.weights = [torch.empty_like(weight) for weight in network.weights]
        self.biases = [torch.empty_like(bias) for bias in network.biases]
        self.slopes = [torch.empty_like(slope) for slope in network.slopes]

    def named(self, network: Network) -> dict[str, Tensor]:
        """The gradients by the parameters' names, in the order of `Network.parameters`."""
        return named(network, self.weights, self.biases, self.slopes)


class Gradients(Protocol):
    """Forward and backward for one minibatch."""

    way: str
    buffers: GradientBuffers

    def compute(self, x: Tensor, y: Tensor, slot: int, watch: Watch | None = None) -> Passed:
        """Fill `buffers` and the meter's `slot` from x [batch, features] and y [batch].

        `watch(name, tensor)`, where given, sees every tensor in the order of computation, right
        after it was computed.
        """


def named(
    network: Network, weights: list[Tensor], biases: list[Tensor], slopes: list[Tensor]
) -> dict[str, Tensor]:
    """Tensors that belong to the parameters, by their names; weights are [fan_out, fan_in]."""
    result: dict[str, Tensor] = {}
    for layer, name in enumerate(network.names):
        result[f"{name}.weight"] = weights[layer]
        result[f"{name}.bias"] = biases[layer]
        if layer < len(slopes):
            result[f"{name}.slope"] = slopes[layer]
    return result


def only_autograd(network: Network) -> str:
    """Why the hand-written backward pass does not apply to a network; "" where it does."""
    if any(p > 0 for p in network.dropout):
        return "the network has dropout"
    if network.activation.derivative is None:
        return f"{network.activation.name} has a learned parameter"
    return ""


def choose(config: RunConfig, network: Network) -> str:
    """``manual`` or ``autograd``.

    Raises:
        BadInput: when manual was asked for and does not apply.
    """
    reason = only_autograd(network)
    if config.gradients == "manual" and reason:
        raise BadInput(f"gradients = 'manual' cannot be used: {reason}; choose auto or autograd")
    if config.gradients == "autograd" or reason:
        return "autograd"
    return "manual"
