"""Gradients by autograd: the general path, and the proof of the hand-written one."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional

from engine.model.network import Network
from engine.training.gradients import GradientBuffers, Passed, Watch
from engine.training.objective import Meter


class AutogradGradients:
    """For every `Network`; `dropout` is the masks' generator, on the network's device."""

    way = "autograd"

    def __init__(self, network: Network, meter: Meter, dropout: Generator) -> None:
        self.buffers = GradientBuffers(network)
        self._network = network
        self._meter = meter
        self._dropout = dropout
        self._leaves = network.parameters()
        self._into = {
            name: _as_stored(leaf, buffer)
            for (name, leaf), buffer in zip(
                self._leaves.items(), self.buffers.named(network).values(), strict=True
            )
        }

    def compute(self, x: Tensor, y: Tensor, slot: int, watch: Watch | None = None) -> Passed:
        """See `Gradients.compute`."""
        with torch.enable_grad():
            trace = self._network.trace(x, self._dropout)
            logits = trace.post[-1]
            loss = functional.cross_entropy(logits, y)
        self._meter_it(logits.detach(), y, slot)
        if watch:
            self._show_forward(trace.pre, trace.post, loss, watch)
        found = torch.autograd.grad(
            loss, [*self._leaves.values(), *trace.pre], materialize_grads=True
        )
        for (name, into), gradient in zip(self._into.items(), found, strict=False):
            into.copy_(gradient)
            if watch:
                watch(f"gradient of {name}", into)
        return Passed(
            pre=[z.detach() for z in trace.pre],
            post=[h.detach() for h in trace.post],
            delta=list(found[len(self._leaves) :]),
        )

    def _meter_it(self, logits: Tensor, y: Tensor, slot: int) -> None:
        picked, total, hits = self._meter.row(slot, len(y))
        torch.gather(functional.log_softmax(logits, 1), 1, y.unsqueeze(1), out=picked)
        total.fill_(1)
        torch.eq(logits.argmax(1, keepdim=True), y.unsqueeze(1), out=hits)

    def _show_forward(
        self, pre: list[Tensor], post: list[Tensor], loss: Tensor, watch: Watch
    ) -> None:
        for name, z, h in zip(self._network.names[:-1], pre, post, strict=False):
            watch(f"z of {name}", z.detach())
            watch(f"h of {name}", h.detach())
        watch("logits", post[-1].detach())
        watch("loss", loss.detach())


def _as_stored(leaf: Tensor, buffer: Tensor) -> Tensor:
    """The buffer [fan_out, fan_in] seen in the layout of the leaf, which may be its transpose."""
    same = (leaf.shape, leaf.stride()) == (buffer.shape, buffer.stride())
    return buffer if same else buffer.t()
