"""The MLP by hand, as the chapter writes it: ``H = relu(X @ W1 + b1)``, ``O = H @ W2 + b2``."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import torch
from torch import Generator, Tensor

from engine.model.dropout import drop
from engine.model.network import Trace, layer_names, named_parameters
from engine.rules.activations import Activation


class ScratchNetwork:
    """A `Network` whose parameters are bare tensors: W [fan_in, fan_out] and b [fan_out].

    Takes copies of `weights` ([fan_out, fan_in] each) and `biases` to `device`.
    """

    def __init__(
        self,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor],
        activation: Activation,
        dropout: tuple[float, ...],
        device: torch.device,
    ) -> None:
        self.names = layer_names(len(weights))
        self.activation = activation
        self.dropout = dropout
        starts = [] if activation.slope is None else [activation.slope] * len(dropout)
        self._w = [_parameter(weight.t(), device) for weight in weights]
        self._b = [_parameter(bias, device) for bias in biases]
        self._a = [_parameter(biases[0].new_full((1,), start), device) for start in starts]
        self.weights = [w.detach().t() for w in self._w]
        self.biases = [b.detach() for b in self._b]
        self.slopes = [a.detach() for a in self._a]

    def parameters(self) -> dict[str, Tensor]:
        return named_parameters(self.names, self._w, self._b, self._a)

    def forward(self, x: Tensor, dropout: Generator | None = None) -> Tensor:
        last = deque(self._layers(x, dropout), maxlen=1)  # lets go of each layer's values
        return last.pop()[2]

    def trace(self, x: Tensor, dropout: Generator | None = None) -> Trace:
        inputs, pre, post = zip(*self._layers(x, dropout), strict=True)
        return Trace(list(inputs), list(pre), list(post))

    def _layers(
        self, x: Tensor, dropout: Generator | None
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Each layer's (inputs, z, φ(z))."""
        inputs = x.flatten(1)
        for layer, p in enumerate(self.dropout):
            z = inputs @ self._w[layer] + self._b[layer]
            h = z.prelu(self._a[layer]) if self._a else self.activation.forward(z)
            yield inputs, z, h
            inputs = drop(h, p, dropout)
        logits = inputs @ self._w[-1] + self._b[-1]
        yield inputs, logits, logits


def _parameter(start: Tensor, device: torch.device) -> Tensor:
    copy = torch.empty(start.shape, dtype=start.dtype, device=device).copy_(start)
    return copy.requires_grad_()
