"""Every layer's vitals on measured steps, written into a ring on the device."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.events import LayerVitals
from engine.model.network import Network
from engine.rules.activations import ACTIVATIONS, dead_fraction

COLUMNS = (
    "gradient_norm",
    "bias_gradient_norm",
    "weight_norm",
    "update_ratio",
    "activation_mean",
    "activation_std",
    "dead",
    "delta_norm",
)


class Vitals:
    """Measures before an update and what it changed; nothing waits for the device before `take`.

    `slots` measured steps fit between two calls of `take`.
    """

    def __init__(self, network: Network, slots: int) -> None:
        like = network.biases[0]
        layers = len(network.names)
        self._network = network
        self._slots = slots
        self._ring = like.new_zeros(slots, layers, len(COLUMNS))
        self._cells: list[list[Tensor]] = []
        self._before = [torch.empty_like(weight) for weight in network.weights]
        self._centred: dict[torch.Size, Tensor] = {}
        self._steps: list[int] = []
        self._rules = [network.activation] * (layers - 1) + [ACTIVATIONS["identity"]]

    def before(
        self,
        step: int,
        gradients: tuple[list[Tensor], list[Tensor]],
        passed: tuple[list[Tensor], list[Tensor], list[Tensor]],
    ) -> None:
        """Measure step `step` right before its update.

        `gradients` are those of the weights and biases, `passed` the layers' z, h and δ.
        """
        rows = self._ring[len(self._steps)].unbind()
        self._cells = [list(row.unbind()) for row in rows]
        self._steps.append(step)
        for layer, cells in enumerate(self._cells):
            weight = self._network.weights[layer]
            _norm(gradients[0][layer], cells[0])
            _norm(gradients[1][layer], cells[1])
            _norm(weight, cells[2])
            z, h, delta = (tensors[layer] for tensors in passed)
            self._spread(h, cells[4], cells[5])
            cells[6].copy_(dead_fraction(self._rules[layer], z, h))
            _norm(delta, cells[7])

    def update_is(self, lr: float) -> None:
        """The step's update is −`lr` times its gradient."""
        for cells in self._cells:
            torch.div(cells[0], cells[2], out=cells[3]).mul_(lr)

    def remember(self) -> None:
        """Keep the weights that the update is about to change."""
        torch._foreach_copy_(self._before, self._network.weights)

    def update_is_difference(self) -> None:
        """The step's update is what has changed since `remember`."""
        torch._foreach_sub_(self._before, self._network.weights)
        for cells, difference in zip(self._cells, self._before, strict=True):
            _norm(difference, cells[3])
            cells[3].div_(cells[2])

    def take(self) -> tuple[tuple[int, ...], tuple[LayerVitals, ...]]:
        """The measured steps since the last call and each layer's columns: one transfer."""
        steps = tuple(self._steps)
        self._steps.clear()
        if not steps:
            return (), ()
        values = self._ring[: len(steps)].permute(1, 2, 0).tolist()
        return steps, tuple(
            LayerVitals(name, *(tuple(column) for column in columns))
            for name, columns in zip(self._network.names, values, strict=True)
        )

    def _spread(self, h: Tensor, mean: Tensor, std: Tensor) -> None:
        """Mean and population standard deviation in two passes: one pass cancels where σ ≪ |μ|."""
        centred = self._centred.get(h.shape)
        if centred is None:
            centred = self._centred[h.shape] = torch.empty_like(h)
        torch.mean(h.view(-1), 0, out=mean)
        torch.sub(h, mean, out=centred)
        _norm(centred, std)
        std.mul_(h.numel() ** -0.5)


def _norm(tensor: Tensor, out: Tensor) -> None:
    torch.linalg.vector_norm(tensor, out=out)
