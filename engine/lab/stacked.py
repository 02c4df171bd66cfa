"""Many networks of one shape as one: their parameters stacked, every product batched over nets.

The layout is [nets, features, batch]: the first layers of all nets are then a single product of
[nets·hidden, inputs] with the minibatch that they share, and the others one `bmm` each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import torch
from torch import Generator, Tensor

from engine.errors import BadInput
from engine.lab.stacked_pass import Pass
from engine.model.dropout import keep_mask
from engine.model.network import Network
from engine.rules.activations import Activation
from engine.training.manual import IN_PLACE


class Stack:
    """K networks of one shape, each with an activation of its own, trained by one batched step.

    `weights[l]` is [K, fan_out, fan_in] and `biases[l]` [K, fan_out, 1], copies of the networks'.
    Nets with equal activations should stand side by side: each run of them is one kernel call. A
    net whose numbers are lost stays alone with that, since no product mixes two nets. `dropout`
    draws the masks of networks that drop units; a net without draws none and has the same numbers
    to the last bit as in a stack without.

    Raises:
        BadInput: for an activation without a derivative of its own (prelu), or for networks with
            dropout but no generator for it.
    """

    def __init__(self, networks: Sequence[Network], dropout: Generator | None = None) -> None:
        self.weights = [torch.stack(w) for w in zip(*(n.weights for n in networks), strict=True)]
        biases = [torch.stack(b) for b in zip(*(n.biases for n in networks), strict=True)]
        self.biases = [bias.unsqueeze(2) for bias in biases]
        self.names = networks[0].names
        self.nets = len(networks)
        self.runs = list(_runs([network.activation for network in networks]))
        self._rates = [
            list(_rates(p)) for p in zip(*(net.dropout for net in networks), strict=True)
        ]
        self._dropout = dropout
        if dropout is None and any(self._rates):
            raise BadInput("networks with dropout cannot be stacked here: set dropout to 0")
        self._in_place = all(rule.name in IN_PLACE for rule, _ in self.runs)
        self._passes: dict[int, Pass] = {}
        self._scratch: dict[torch.Size, Tensor] = {}
        self._last: tuple[Tensor, Pass] | None = None

    def differentiate(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Forward and backward on x [batch, inputs], y [batch]; parameters stay as they are.

        Returns each net's mean loss in nats and fraction correct, both [K], on the device.
        """
        buffers = self._buffers(len(y))
        self._forward(x, buffers.pre, buffers.post, buffers)
        losses, hits = buffers.objective.differentiate(buffers.pre[-1], y)
        for layer in range(len(self.weights) - 2, -1, -1):
            delta = buffers.delta[layer]
            above = self.weights[layer + 1].transpose(1, 2)
            torch.bmm(above, buffers.delta[layer + 1], out=delta)
            if (mask := buffers.masks[layer]) is not None:
                delta.mul_(mask)
            for rule, nets in self.runs:
                _mask(rule, delta[nets], buffers.pre[layer][nets], buffers.post[layer][nets])
        self._last = x, buffers
        return losses, hits

    def descend(self, lr: float, norms: Tensor | None = None) -> None:
        """One step of gradient descent along what `differentiate` found last.

        `norms` [layers, K], where given, takes ‖∂loss/∂W‖ (Frobenius) of every layer and net.
        """
        for layer, (weight, bias) in enumerate(self.gradients()):
            if norms is not None:
                torch.linalg.vector_norm(weight.flatten(1), dim=1, out=norms[layer])
            # accumulating within the product would be slower: the faster kernel has no sum
            self.weights[layer].add_(weight, alpha=-lr)
            self.biases[layer].sub_(bias, alpha=lr)

    def gradients(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Each layer's ∂loss/∂W [K, fan_out, fan_in] and ∂loss/∂b [K, fan_out, 1], in turn.

        The weight's is overwritten by the next of the same shape.
        """
        x, buffers = self._found()
        for layer, weight in enumerate(self.weights):
            delta = buffers.delta[layer]
            gradient = self._scratch.get(weight.shape)
            if gradient is None:
                gradient = self._scratch[weight.shape] = torch.empty_like(weight)
            if layer:
                torch.bmm(delta, buffers.inputs[layer - 1].transpose(1, 2), out=gradient)
            else:
                torch.mm(delta.flatten(0, 1), x, out=gradient.flatten(0, 1))
            yield gradient, delta.sum(2, keepdim=True)

    def weight_norms(self) -> Tensor:
        """‖W‖ (Frobenius), [layers, K]."""
        return torch.stack([torch.linalg.vector_norm(w.flatten(1), dim=1) for w in self.weights])

    def delta_norms(self) -> Tensor:
        """‖∂loss/∂z‖ over the minibatch, [layers, K]."""
        _, buffers = self._found()
        norms = [torch.linalg.vector_norm(d.flatten(1), dim=1) for d in buffers.delta]
        return torch.stack(norms)

    def mask(self, layer: int) -> Tensor | None:
        """What h of a hidden layer was last multiplied by, [K, units, batch]; None: by nothing."""
        return self._found()[1].masks[layer]

    def passed(self, layer: int) -> tuple[Tensor, Tensor]:
        """h of a hidden layer and what the next one last multiplied of it, [K, units, batch]."""
        buffers = self._found()[1]
        return buffers.post[layer], buffers.inputs[layer]

    def logits(self, x: Tensor) -> Tensor:
        """Logits [K, classes, batch] for x [batch, inputs], in eval mode."""
        like = self.weights[0]
        pre = [like.new_empty(self.nets, w.shape[1], len(x)) for w in self.weights]
        self._forward(x, pre, pre if self._in_place else [torch.empty_like(z) for z in pre])
        return pre[-1]

    def evaluate(self, batches: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Mean loss (nats) and fraction correct over `batches` of (x, y), both [K]; eval mode."""
        total = self.weights[0].new_zeros(2, self.nets)
        examples = 0
        for x, y in batches:
            logits = self.logits(x)
            picked = logits[:, y, torch.arange(len(y), device=y.device)]
            total[0] += (logits.logsumexp(1) - picked).sum(1)
            total[1] += (logits.argmax(1) == y).sum(1)
            examples += len(y)
        total /= examples
        return total[0], total[1]

    def _buffers(self, batch: int) -> Pass:
        if batch not in self._passes:
            dropped = [bool(rates) for rates in self._rates]
            self._passes[batch] = Pass(self.weights, batch, dropped, self._in_place)
        return self._passes[batch]

    def _found(self) -> tuple[Tensor, Pass]:
        if self._last is None:
            raise ValueError("no minibatch was differentiated yet")
        return self._last

    def _forward(
        self, x: Tensor, pre: list[Tensor], post: list[Tensor], train: Pass | None = None
    ) -> None:
        first = self.weights[0].flatten(0, 1)
        inputs = post if train is None else train.inputs
        for layer, z in enumerate(pre):
            if layer:
                torch.bmm(self.weights[layer], inputs[layer - 1], out=z)
            else:
                torch.mm(first, x.t(), out=z.flatten(0, 1))
            z.add_(self.biases[layer])
            if layer < len(pre) - 1:
                for rule, nets in self.runs:
                    _activate(rule, z[nets], post[layer][nets], self._in_place)
                if train is not None:
                    self._drop(layer, train)

    def _drop(self, layer: int, buffers: Pass) -> None:
        """Leave units out of what the next layer multiplies."""
        mask = buffers.masks[layer]
        if mask is None or self._dropout is None:
            return
        for p, nets in self._rates[layer]:
            mask[nets] = keep_mask(mask[nets], p, self._dropout)
        torch.mul(buffers.post[layer], mask, out=buffers.inputs[layer])


def _runs(activations: Sequence[Activation]) -> Iterator[tuple[Activation, slice]]:
    begin = 0
    for rule, same in groupby(activations):
        if rule.derivative is None:
            raise BadInput(
                f"{rule.name} has a learned parameter and cannot be stacked: take leaky_relu"
            )
        end = begin + len(list(same))
        yield rule, slice(begin, end)
        begin = end


def _rates(rates: Sequence[float]) -> Iterator[tuple[float, slice]]:
    """One layer's rates that are not 0, each with the nets side by side that have it."""
    begin = 0
    for p, same in groupby(rates):
        end = begin + len(list(same))
        if p > 0:
            yield p, slice(begin, end)
        begin = end


def _activate(rule: Activation, z: Tensor, h: Tensor, in_place: bool) -> None:
    if rule.name not in IN_PLACE:
        h.copy_(rule.forward(z))
        return
    if not in_place:
        h.copy_(z)
    IN_PLACE[rule.name][0](h)


def _mask(rule: Activation, delta: Tensor, z: Tensor, h: Tensor) -> None:
    if rule.name in IN_PLACE:
        IN_PLACE[rule.name][1](delta, h)
    elif rule.derivative:
        delta.mul_(rule.derivative(z, h))
