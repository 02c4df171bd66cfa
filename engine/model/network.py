"""What training and telemetry need of a model, whichever way it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.rules.activations import Activation

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True)
class Trace:
    """One forward pass with everything in between, layer by layer.

    `inputs[l]` is what layer l multiplies, [batch, fan_in]; `pre[l]` is z = inputs·Wᵀ + b, and
    `post[l]` is φ(z) before dropout (for the last layer the logits themselves), both
    [batch, fan_out]. Where φ is the identity, `post[l]` is `pre[l]` itself.
    """

    inputs: list[Tensor]
    pre: list[Tensor]
    post: list[Tensor]


class Network(Protocol):
    """A multilayer perceptron. All lists go from the first layer to the output layer.

    `weights` are views of shape [fan_out, fan_in]: writing to one changes the model, however it
    stores the matrix. `biases` [fan_out] and `slopes` [1] are views as well; none of the views
    takes part in autograd. `slopes` are PReLU's learned parameters, one for each hidden layer,
    empty for other activations. `dropout` has one probability for each hidden layer.
    """

    names: list[str]
    weights: list[Tensor]
    biases: list[Tensor]
    slopes: list[Tensor]
    activation: Activation
    dropout: tuple[float, ...]

    def parameters(self) -> dict[str, Tensor]:
        """Every learned tensor by name, as stored (leaves that require a gradient).

        The names are ``hidden1.weight``, ``hidden1.bias``, ``hidden1.slope`` and so on, in the
        order of the layers, whichever way the model is written.
        """

    def forward(self, x: Tensor, dropout: Generator | None = None) -> Tensor:
        """Logits [batch, classes]; `dropout` is the masks' generator in train mode, None in eval.

        `x` is [batch, features], or [batch, ...] with as many numbers. The generator must live on
        the device of `x`.
        """

    def trace(self, x: Tensor, dropout: Generator | None = None) -> Trace:
        """The same pass with its intermediate values."""


def layer_names(layers: int) -> list[str]:
    """``hidden1``, ``hidden2``, … and ``output`` for so many affine layers."""
    return [f"hidden{number}" for number in range(1, layers)] + ["output"]


def named_parameters(
    names: list[str], weights: list[Tensor], biases: list[Tensor], slopes: list[Tensor]
) -> dict[str, Tensor]:
    """The tensors by the names that `Network.parameters` promises, in its order."""
    named: dict[str, Tensor] = {}
    for layer, name in enumerate(names):
        named[f"{name}.weight"] = weights[layer]
        named[f"{name}.bias"] = biases[layer]
        if layer < len(slopes):
            named[f"{name}.slope"] = slopes[layer]
    return named
