"""Update rules, in place and by hand: constructing one of torch.optim costs a second of imports.

Each does what its namesake in ``torch.optim`` does, to rounding. Weights decay, biases and slopes
do not. The steps are: clip the gradient to a global norm, add the L2 term, update, and shrink the
weights for L1. Nothing waits for the device. The gradients are used up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from engine.config import RunConfig
from engine.model.network import Network
from engine.training.gradients import GradientBuffers, named

Tensors = list[Tensor]


class Optimizer(ABC):
    """Updates a network's parameters from its gradient buffers.

    `state` holds, by name, every tensor that a checkpoint needs: ``<kind>/<parameter>``.
    """

    def __init__(self, config: RunConfig, network: Network, gradients: GradientBuffers) -> None:
        self._weights: Tensors = network.weights
        self._weight_gradients: Tensors = gradients.weights
        self._parameters: Tensors = [*network.weights, *network.biases, *network.slopes]
        self._gradients: Tensors = [*gradients.weights, *gradients.biases, *gradients.slopes]
        self._network = network
        self._clip_norm = config.clip_norm
        self._weight_decay = config.weight_decay
        self._l1 = config.l1
        self.state: dict[str, Tensor] = {}

    def step(self, lr: float) -> None:
        """One update with the rate `lr`."""
        if self._clip_norm:
            self._clip()
        if self._weight_decay:
            self._decay(lr)
        self._update(lr)
        if self._l1:
            for weight in self._weights:
                torch.ops.aten.softshrink.out(weight, lr * self._l1, out=weight)

    def _clip(self) -> None:
        norms = torch.stack([torch.linalg.vector_norm(g) for g in self._gradients])
        norm = torch.linalg.vector_norm(norms)
        factor = (self._clip_norm / (norm + 1e-6)).clamp_max_(1.0)  # as torch's clip_grad_norm_
        torch._foreach_mul_(self._gradients, factor)

    def _decay(self, lr: float) -> None:
        torch._foreach_add_(self._weight_gradients, self._weights, alpha=self._weight_decay)

    @property
    def proportional(self) -> bool:
        """Whether an update is always −lr times the gradient that `step` was given."""
        return False

    @abstractmethod
    def _update(self, lr: float) -> None:
        """Move the parameters along the gradients."""

    def _slot(self, kind: str) -> Tensors:
        """Zeros beside every parameter, kept in `state` under this kind."""
        network = self._network
        parts = [
            [torch.zeros_like(p) for p in group]
            for group in (network.weights, network.biases, network.slopes)
        ]
        self.state.update(
            {f"{kind}/{name}": tensor for name, tensor in named(network, *parts).items()}
        )
        return [tensor for part in parts for tensor in part]


class SGD(Optimizer):
    """θ ← θ − η·v with v ← μ·v + g (heavy ball, as torch writes it; Sutskever et al. 2013)."""

    def __init__(self, config: RunConfig, network: Network, gradients: GradientBuffers) -> None:
        super().__init__(config, network, gradients)
        self._momentum = config.momentum
        self._velocity = self._slot("velocity") if self._momentum else []

    @property
    def proportional(self) -> bool:
        return not (self._momentum or self._weight_decay or self._l1 or self._clip_norm)

    def _update(self, lr: float) -> None:
        direction = self._gradients
        if self._momentum:
            torch._foreach_mul_(self._velocity, self._momentum)
            torch._foreach_add_(self._velocity, self._gradients)
            direction = self._velocity
        torch._foreach_add_(self._parameters, direction, alpha=-lr)


class Adam(Optimizer):
    """Kingma and Ba 2015, algorithm 1, with β = (.9, .999) and ε = 1e-8."""

    BETAS = (0.9, 0.999)
    EPSILON = 1e-8

    def __init__(self, config: RunConfig, network: Network, gradients: GradientBuffers) -> None:
        super().__init__(config, network, gradients)
        self._mean = self._slot("mean")
        self._square = self._slot("square")
        self._scratch = [torch.empty_like(p) for p in self._parameters]
        # On the CPU, whatever the device: the bias corrections are computed there.
        self._updates = self.state["updates"] = torch.zeros((), dtype=torch.int64)

    def _update(self, lr: float) -> None:
        beta1, beta2 = self.BETAS
        self._updates += 1
        updates = int(self._updates)
        torch._foreach_lerp_(self._mean, self._gradients, 1 - beta1)
        torch._foreach_mul_(self._square, beta2)
        torch._foreach_addcmul_(self._square, self._gradients, self._gradients, 1 - beta2)
        torch._foreach_copy_(self._scratch, self._square)
        torch._foreach_sqrt_(self._scratch)
        torch._foreach_div_(self._scratch, (1 - beta2**updates) ** 0.5)
        torch._foreach_add_(self._scratch, self.EPSILON)
        rate = -lr / (1 - beta1**updates)
        torch._foreach_addcdiv_(self._parameters, self._mean, self._scratch, rate)


class AdamW(Adam):
    """Adam with decoupled weight decay, W ← (1 − η·λ)·W (Loshchilov and Hutter 2019)."""

    def _decay(self, lr: float) -> None:
        torch._foreach_mul_(self._weights, 1 - lr * self._weight_decay)


class RMSprop(Optimizer):
    """Tieleman and Hinton 2012 with α = .99 and ε = 1e-8, and optional momentum on the step."""

    ALPHA = 0.99
    EPSILON = 1e-8

    def __init__(self, config: RunConfig, network: Network, gradients: GradientBuffers) -> None:
        super().__init__(config, network, gradients)
        self._momentum = config.momentum
        self._square = self._slot("square")
        self._velocity = self._slot("velocity") if self._momentum else []
        self._scratch = [torch.empty_like(p) for p in self._parameters]

    def _update(self, lr: float) -> None:
        torch._foreach_mul_(self._square, self.ALPHA)
        torch._foreach_addcmul_(self._square, self._gradients, self._gradients, 1 - self.ALPHA)
        torch._foreach_copy_(self._scratch, self._square)
        torch._foreach_sqrt_(self._scratch)
        torch._foreach_add_(self._scratch, self.EPSILON)
        if self._momentum:
            torch._foreach_mul_(self._velocity, self._momentum)
            torch._foreach_addcdiv_(self._velocity, self._gradients, self._scratch)
            torch._foreach_add_(self._parameters, self._velocity, alpha=-lr)
        else:
            torch._foreach_addcdiv_(self._parameters, self._gradients, self._scratch, -lr)


_RULES: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop}


def build(config: RunConfig, network: Network, gradients: GradientBuffers) -> Optimizer:
    """The update rule that `config` names."""
    return _RULES[config.optimizer](config, network, gradients)
