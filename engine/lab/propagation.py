"""Signals through many networks at initialization: what is kept of every layer of every net."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor

from engine.lab.nets import Nets, Start, correlations


@dataclass
class Propagation:
    """Nets of one `start` followed forward and back, layer by layer.

    `forward` and `backward` are to be exhausted one after the other; each step adds a layer to the
    lists below, float64. Index 0 is the first hidden layer, the last one the output layer.
    """

    start: Start
    nets: int
    inputs: Tensor  # [nets or 1, inputs, features]; followed are the first two
    generator: Generator
    z_squared: list[Tensor] = field(default_factory=list)  # mean of z² over units, [nets, inputs]
    h_squared: list[Tensor] = field(default_factory=list)  # mean of h²; logits² of the output
    correlation: list[Tensor] = field(default_factory=list)  # of the two inputs' z, [nets]
    delta: dict[int, Tensor] = field(default_factory=dict)  # ‖δ‖² over the output's, [nets, inputs]

    def __post_init__(self) -> None:
        self._stack = Nets(self.start, self.nets, self.generator)

    def forward(self) -> Iterator[int]:
        """The number of each layer that was passed, from 0."""
        for layer, (z, h) in enumerate(self._stack.forward(self.inputs)):
            self.z_squared.append(z.square().mean(-1))
            self.h_squared.append(h.square().mean(-1))
            self.correlation.append(correlations(z))
            yield layer

    def backward(self) -> Iterator[int]:
        """The same from the output layer to the first, starting from δ ~ N(0, 1) there.

        Factors per layer do not depend on the loss that δ comes from.
        """
        last = self.start.layers - 1
        shape = self.nets, self.inputs.shape[1], self.start.widths[-1]
        delta = torch.randn(shape, generator=self.generator, dtype=torch.float64)
        end = delta.square().sum(-1)
        self.delta[last] = torch.ones_like(end)
        yield last
        for layer, back in zip(range(last - 1, -1, -1), self._stack.backward(delta), strict=True):
            self.delta[layer] = back.square().sum(-1) / end
            yield layer

    def weight_gradient(self, layer: int) -> Tensor:
        """‖∂loss/∂W‖² of one input's loss over ‖δ‖² of the output: ‖δ_l‖²·‖h_{l−1}‖²."""
        if layer == 0:
            below = self.inputs.square().sum(-1)
        else:
            below = self.h_squared[layer - 1] * self.start.widths[layer]
        return self.delta[layer] * below

    def log_growth(self) -> Tensor:
        """ln(‖h_L‖²/‖x‖²) of the last hidden layer, first input, [nets]; −∞ where it died."""
        last = self.start.layers - 2
        norms = self.h_squared[last][:, 0] * self.start.widths[-2]
        return (norms / self.inputs[:, 0].square().sum(-1)).log()


def gradient_factors(delta: dict[int, Tensor], depth: int) -> Tensor:
    """(‖δ₁‖/‖δ_L‖)^(1/(L−1)) of each net, [nets], first input; 1 for a single hidden layer."""
    if depth < 2:
        return torch.ones(len(delta[0]), dtype=torch.float64)
    ratio = delta[0][:, 0] / delta[depth - 1][:, 0]
    return (ratio.log() / (2 * (depth - 1))).exp().nan_to_num(nan=0.0)


def typical(factors: Tensor) -> float:
    """The geometric mean over the nets whose signal lived; 0 where none did."""
    alive = factors[factors > 0]
    return math.exp(float(alive.log().mean())) if len(alive) else 0.0
