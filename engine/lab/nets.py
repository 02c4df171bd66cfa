"""Many networks at initialization at once: stacked parameters, one product for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from engine.model.lsuv import MAX_ITERATIONS, TOLERANCE
from engine.rules.activations import Activation
from engine.rules.initializers import Draw, Initializer
from engine.theory.moments import slopes

KEPT_WEIGHTS = 2**25  # numbers of all layers together (128 MiB); what is beyond is drawn again
BLOCK = 2**17  # numbers multiplied at once: what a core's own cache holds, beside their float64


@dataclass(frozen=True)
class Start:
    """How a network begins: `widths` are inputs, hidden ..., outputs; biases N(0, bias_std²)."""

    rule: Initializer
    activation: Activation
    widths: tuple[int, ...]
    draw: Draw
    bias_std: float = 0.0

    @property
    def layers(self) -> int:
        """The number of weights, the output layer's included."""
        return len(self.widths) - 1


class Nets:
    """`nets` networks of one `start`, their weights [nets, fan_out, fan_in] drawn layer by layer.

    Weights are float32, as a training run draws them; all products are float64, so that signals
    of 50 layers neither overflow nor vanish. `gains` [nets] scales the weights of each net and
    `bias_stds` [nets] takes the place of the start's, so that one batch can cover a plane of
    starts. Backward needs every weight again: as many as fit into `keep` numbers stay in memory,
    and the others are drawn once more from the generator's state, to the last bit the same.
    """

    def __init__(  # noqa: PLR0913 (keyword-only: what few callers need)
        self,
        start: Start,
        nets: int,
        generator: Generator,
        *,
        gains: Tensor | None = None,
        bias_stds: Tensor | None = None,
        keep: int = KEPT_WEIGHTS,
    ) -> None:
        self.start = start
        self.nets = nets
        self.z: list[Tensor] = []  # pre-activations of each layer, float64 [nets, inputs, width]
        self._generator = generator
        self._gains = torch.ones(nets, dtype=torch.float64) if gains is None else gains
        stds = torch.full((nets,), start.bias_std, dtype=torch.float64)
        self._bias_stds = stds if bias_stds is None else bias_stds
        self._room = keep
        self._kept: dict[tuple[int, int], Tensor] = {}  # by layer and first net of the block
        self._states: dict[tuple[int, int], Tensor] = {}
        self._scales: list[Tensor] = []  # of each layer's weights, [nets, 1, 1]

    def forward(self, inputs: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """z and h of each layer in turn, for `inputs` float64 [nets or 1, inputs, features].

        h of the output layer are its logits z. LSUV is calibrated on these inputs as it goes.
        """
        h = inputs.expand(self.nets, -1, -1)
        for layer in range(self.start.layers):
            products = torch.cat([self._up(layer, some, h[some]) for some in self._blocks(layer)])
            bias = self._biases(self.start.widths[layer + 1])
            scale = self._gains[:, None, None]
            if self.start.rule.calibrated:
                scale = unit_variance(products, bias, scale)
            self._scales.append(scale)
            z = products * scale + bias
            last = layer == self.start.layers - 1
            h = z if last else self.start.activation.forward(z)
            self.z.append(z)
            yield z, h

    def backward(self, delta: Tensor) -> Iterator[Tensor]:
        """δ = ∂loss/∂z of the hidden layers, last to first, given the output layer's.

        Each input of each net has its own loss; all are float64 [nets, inputs, width].
        """
        for layer in range(self.start.layers - 1, 0, -1):
            back = [self._down(layer, some, delta[some]) for some in self._blocks(layer)]
            below = torch.cat(back) * self._scales[layer]
            delta = below * slopes(self.start.activation, self.z[layer - 1])
            yield delta

    def _blocks(self, layer: int) -> list[slice]:
        fan_in, fan_out = self.start.widths[layer : layer + 2]
        size = max(1, BLOCK // (fan_in * fan_out))
        return [slice(i, min(i + size, self.nets)) for i in range(0, self.nets, size)]

    def _up(self, layer: int, some: slice, h: Tensor) -> Tensor:
        self._states[layer, some.start] = self._generator.get_state()
        weight = self._drawn(layer, some, self._generator)
        if weight.numel() <= self._room:
            self._room -= weight.numel()
            self._kept[layer, some.start] = weight
        return torch.bmm(h, weight.double().mT)

    def _down(self, layer: int, some: slice, delta: Tensor) -> Tensor:
        weight = self._kept.get((layer, some.start))
        if weight is None:
            again = Generator().set_state(self._states[layer, some.start])
            weight = self._drawn(layer, some, again)
        return torch.bmm(delta, weight.double())

    def _drawn(self, layer: int, some: slice, generator: Generator) -> Tensor:
        fan_in, fan_out = self.start.widths[layer : layer + 2]
        weight = torch.empty(some.stop - some.start, fan_out, fan_in, dtype=torch.float32)
        self.start.rule.fill(weight, self.start.draw, generator)
        return weight

    def _biases(self, width: int) -> Tensor:
        draws = torch.randn(self.nets, 1, width, generator=self._generator, dtype=torch.float64)
        return draws * self._bias_stds[:, None, None]


def unit_variance(products: Tensor, bias: Tensor, scale: Tensor) -> Tensor:
    """LSUV's factor on each net's weight: `engine.model.lsuv.calibrate` for a stack of nets."""
    for _ in range(MAX_ITERATIONS):
        variance = (products * scale + bias).var((1, 2), correction=0, keepdim=True)
        far = (variance - 1).abs() >= TOLERANCE
        if not bool(far.any()):
            break
        scale = torch.where(far, scale / variance.sqrt(), scale)
    return scale


def correlations(z: Tensor) -> Tensor:
    """The cosine of the angle between the first two inputs' z, [nets]; NaN where one is 0."""
    first, second = z[:, 0], z[:, 1]
    norms = first.square().sum(-1).sqrt() * second.square().sum(-1).sqrt()
    return (first * second).sum(-1) / norms


def hidden_widths(inputs: int, width: int, depth: int, outputs: int) -> tuple[int, ...]:
    """Inputs, `depth` hidden layers of one width, outputs."""
    return (inputs, *(width,) * depth, outputs)
