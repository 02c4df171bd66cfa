"""A small network before its first step, and then on its way to the edge of stability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from engine.lab import gradient_squares as squares
from engine.lab.descent import Descent, network, one_hot, square_loss
from engine.lab.examples import Examples
from engine.lab.gradient_squares import Sampled
from engine.lab.starting_losses import LastLayers, StartingLoss
from engine.model.network import Network
from engine.theory.gradient_noise import expected_square, noise_scale
from engine.training.seeds import generator

DEVIATIONS: Final = (0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)  # of the logits
AT_START: Final = 8  # examples whose loss before training is taken: each has a law of its own


@dataclass(frozen=True)
class Plan:
    """One hidden layer of `width` units, the step size, and how many random draws there are."""

    width: int
    activation: str
    lr: float
    draws: int
    seed: int


class Edge:
    """Three measurements on one start: `take_loss`, `take_noise`, and `descent`.

    Inputs are centred, each feature by its mean, as its Hessian would otherwise have one large
    eigenvalue from the start that belongs to the mean image.
    """

    def __init__(self, plan: Plan, shown: Examples) -> None:
        x = shown.x - shown.x.mean(0)
        targets = one_hot(shown.y, shown.classes, x.dtype)
        widths = (x.shape[1], plan.width, shown.classes)
        self.plan = plan
        self.classes = shown.classes
        self.losses: list[StartingLoss] = []
        self.noise: list[Sampled] = []
        self._random = generator(plan.seed, "dropout")
        double, single = (
            network(widths, plan.activation, generator(plan.seed, "initialization"), dtype)
            for dtype in (torch.float64, torch.float32)
        )
        products = squares.gram(double, x, targets)
        self._products = products
        self.sizes = squares.batch_sizes(len(x))
        full, trace = squares.full_square(products), squares.trace_of_noise(products)
        self.full_square = full
        self.square_by_autograd = _square(double, x, targets)
        self.noise_scale = noise_scale(full, trace)
        self.laws = [expected_square(full, trace, size, len(x)) for size in self.sizes]
        hidden = double.trace(x[:AT_START]).inputs[-1].detach()
        labels = shown.y[:AT_START]
        self._layers = LastLayers(hidden, labels, self.classes, plan.draws, self._random)
        self.descent = Descent(single, x.float(), targets.float(), plan.lr, self._random)

    def take_loss(self) -> StartingLoss:
        """The loss before training at the next of `DEVIATIONS`."""
        self.losses.append(self._layers.at(DEVIATIONS[len(self.losses)]))
        return self.losses[-1]

    def take_noise(self) -> Sampled:
        """‖g_B‖² before training at the next of `sizes`."""
        size = self.sizes[len(self.noise)]
        self.noise.append(squares.sampled(self._products, size, self.plan.draws, self._random))
        return self.noise[-1]


def _square(net: Network, x: Tensor, targets: Tensor) -> float:
    """‖g‖² of the full gradient, by autograd."""
    with torch.enable_grad():
        loss = square_loss(net.forward(x), targets).mean()
    found = torch.autograd.grad(loss, list(net.parameters().values()))
    return sum(float(part.square().sum()) for part in found)
