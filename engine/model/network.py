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
    [batch, fan_out].
    """

    inputs: list[Tensor]
    pre: list[Tensor]
    post: list[Tensor]


class Network(Protocol):
    """A multilayer perceptron. All lists go from the first layer to the output layer.

    `weights` are views of shape [fan_out, fan_in]: writing to one changes the model, however it
    stores the matrix. `slopes` are PReLU's learned parameters, empty for other activations.
    """

    names: list[str]
    weights: list[Tensor]
    biases: list[Tensor]
    slopes: list[Tensor]
    activation: Activation
    dropout: tuple[float, ...]

    def parameters(self) -> dict[str, Tensor]:
        """Every learned tensor by name, as stored (leaves that require a gradient)."""

    def forward(self, x: Tensor, dropout: Generator | None = None) -> Tensor:
        """Logits [batch, classes]; `dropout` is the masks' generator in train mode, None in eval."""

    def trace(self, x: Tensor, dropout: Generator | None = None) -> Trace:
        """The same pass with its intermediate values."""
