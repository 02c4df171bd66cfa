"""Full-batch gradient descent on ½ mean ‖o − onehot(y)‖², watched at the edge of stability."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from statistics import median

import torch
from torch import Generator, Tensor
from torch.nn import functional

from engine.lab.sharpness import Sharpness
from engine.model.scratch import ScratchNetwork
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS, Draw
from engine.theory.edge import stable_sharpness

SETTLED = 20  # measurements at the edge from which where it hovers can be told


def network(
    widths: tuple[int, ...], activation: str, generator: Generator, dtype: torch.dtype
) -> ScratchNetwork:
    """An MLP of these widths with torch's default weights, and biases at 0."""
    rule, weights = INITIALIZERS["torch_default"], []
    for fan_in, fan_out in pairwise(widths):
        weight = torch.empty(fan_out, fan_in, dtype=torch.float64)
        rule.fill(weight, Draw(0.0, 0.0), generator)
        weights.append(weight.to(dtype))
    biases = [weight.new_zeros(len(weight)) for weight in weights]
    none = (0.0,) * (len(weights) - 1)
    return ScratchNetwork(weights, biases, ACTIVATIONS[activation], none, torch.device("cpu"))


def square_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """½‖o − t‖² of each example, [n] (as Cohen et al. 2021 scale it)."""
    return 0.5 * (outputs - targets).square().sum(1)


def one_hot(y: Tensor, classes: int, dtype: torch.dtype) -> Tensor:
    """Targets [n, classes]."""
    return functional.one_hot(y, classes).to(dtype)


@dataclass
class Descent:
    """θ ← θ − η∇L on all examples. x is [n, features], targets [n, classes], of one dtype.

    `measured` are the steps at which the sharpness was taken, before their update, and `ratios`
    the weights' |Δ|/|W| of the last step, layer by layer.
    """

    network: ScratchNetwork
    x: Tensor
    targets: Tensor
    lr: float
    generator: Generator
    steps: int = 0
    loss: float = math.nan
    ratios: tuple[float, ...] = ()
    measured: list[int] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._leaves = self.network.parameters()
        # Not a method of this one: in that circle its tensors would stay until the collector comes.
        self._mean = partial(_mean_loss, self.network, self.x, self.targets)
        self._hessian = Sharpness(self._mean, list(self._leaves.values()), self.generator)

    @property
    def diverged(self) -> bool:
        """Whether the loss has become infinite or NaN."""
        return self.steps > 0 and not math.isfinite(self.loss)

    def measure(self) -> float:
        """Take the sharpness here."""
        self.measured.append(self.steps)
        self.sharpness.append(self._hessian.measure())
        return self.sharpness[-1]

    def step(self) -> None:
        """One update."""
        with torch.enable_grad():
            loss = self._mean()
        found = torch.autograd.grad(loss, list(self._leaves.values()))
        self.loss = float(loss.detach())
        named = dict(zip(self._leaves, found, strict=True))
        self.ratios = tuple(
            self.lr * _norm(named[f"{name}.weight"]) / (_norm(weight) or math.nan)
            for name, weight in zip(self.network.names, self.network.weights, strict=True)
        )
        with torch.no_grad():
            torch._foreach_add_(list(self._leaves.values()), found, alpha=-self.lr)
        self.steps += 1

    def hovers(self) -> float | None:
        """Where the sharpness hovers: its median over the later half of its time at the edge.

        None where it did not rise to the edge from below, or was not there long enough.
        """
        edge = stable_sharpness(self.lr)
        beyond = [i for i, value in enumerate(self.sharpness) if value >= edge]
        if self.diverged or not beyond or beyond[0] == 0:
            return None
        there = self.sharpness[beyond[0] :]
        return median(there[len(there) // 2 :]) if len(there) >= SETTLED else None


def _mean_loss(network: ScratchNetwork, x: Tensor, targets: Tensor) -> Tensor:
    return square_loss(network.forward(x), targets).mean()


def _norm(tensor: Tensor) -> float:
    return float(torch.linalg.vector_norm(tensor))
