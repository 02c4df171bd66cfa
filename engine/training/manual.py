"""Forward and backward by hand, into buffers that are allocated once: the fast path."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from engine.model.network import Network
from engine.rules.activations import Activation
from engine.training.gradients import GradientBuffers, Passed, Watch
from engine.training.objective import CrossEntropy, Meter

Forward = Callable[[Tensor], object]
Backward = Callable[[Tensor, Tensor], object]


def _relu_backward(delta: Tensor, h: Tensor) -> None:
    _threshold_backward(delta, h, 0, grad_input=delta)


def _tanh_backward(delta: Tensor, h: Tensor) -> None:
    _tanh_backward_out(delta, h, grad_input=delta)


def _sigmoid_backward(delta: Tensor, h: Tensor) -> None:
    _sigmoid_backward_out(delta, h, grad_input=delta)


def _nothing(*_: Tensor) -> None:
    pass


_threshold_backward = torch.ops.aten.threshold_backward.grad_input
_tanh_backward_out = torch.ops.aten.tanh_backward.grad_input
_sigmoid_backward_out = torch.ops.aten.sigmoid_backward.grad_input

# Activations whose derivative needs h alone can overwrite z: (z → h in place, δ·φ′ in place).
IN_PLACE: dict[str, tuple[Forward, Backward]] = {
    "identity": (_nothing, _nothing),
    "relu": (torch.relu_, _relu_backward),
    "tanh": (torch.tanh_, _tanh_backward),
    "sigmoid": (torch.sigmoid_, _sigmoid_backward),
}


class _Pass:
    """The buffers of one batch size."""

    def __init__(self, network: Network, batch: int, in_place: bool) -> None:
        like = network.biases[0]
        widths = [len(bias) for bias in network.biases]
        self.pre = [like.new_empty(batch, width) for width in widths]
        self.post = self.pre[:]
        if not in_place:
            self.post[:-1] = [torch.empty_like(z) for z in self.pre[:-1]]
        self.objective = CrossEntropy(batch, widths[-1], like)
        self.delta = [like.new_empty(batch, width) for width in widths[:-1]]
        self.delta.append(self.objective.delta)
        self.delta_t = [delta.t() for delta in self.delta]
        self.passed = Passed(self.pre, self.post, self.delta)


class ManualGradients:
    """For any `Network` without dropout whose φ has a derivative and no parameter.

    ``z = x·Wᵀ + b``, ``h = φ(z)``, ``δ_l = (δ_{l+1}·W_{l+1}) ∘ φ′(z_l)``, ``∂W = δᵀ·x``,
    ``∂b = Σ δ`` (Rumelhart, Hinton and Williams 1986; d2l 5.3). The factor 1/batch is in δ of
    the output layer.
    """

    way = "manual"

    def __init__(self, network: Network, meter: Meter) -> None:
        self.buffers = GradientBuffers(network)
        self._network = network
        self._meter = meter
        self._biases = network.biases
        self._weights = network.weights
        self._weights_t = [weight.t() for weight in network.weights]
        self._last = len(network.weights) - 1
        self._activation: Activation = network.activation
        self._in_place = IN_PLACE.get(network.activation.name)
        self._passes: dict[int, _Pass] = {}

    def compute(self, x: Tensor, y: Tensor, slot: int, watch: Watch | None = None) -> Passed:
        """See `Gradients.compute`."""
        batch = len(y)
        buffers = self._passes.get(batch)
        if buffers is None:
            buffers = self._passes[batch] = _Pass(self._network, batch, self._in_place is not None)
        logits = self._forward(x, buffers, watch)
        row = self._meter.row(slot, batch)
        delta = buffers.objective.differentiate(logits, y, row)
        if watch:
            watch("loss", row[1].log().sub_(row[0]))
            watch("δ of the logits", delta)
        self._backward(x, buffers, watch)
        return buffers.passed

    def _forward(self, x: Tensor, buffers: _Pass, watch: Watch | None) -> Tensor:
        inputs = x
        for layer, z in enumerate(buffers.pre):
            # one addmm would be slower: the faster product kernel has no bias of its own
            torch.mm(inputs, self._weights_t[layer], out=z).add_(self._biases[layer])
            name = self._network.names[layer]
            if watch:
                watch("logits" if layer == self._last else f"z of {name}", z)
            if layer < self._last:
                inputs = buffers.post[layer]
                self._activate(z, inputs)
                if watch:
                    watch(f"h of {name}", inputs)
        return z

    def _backward(self, x: Tensor, buffers: _Pass, watch: Watch | None) -> None:
        for layer in range(self._last, -1, -1):
            delta = buffers.delta[layer]
            if layer < self._last:
                torch.mm(buffers.delta[layer + 1], self._weights[layer + 1], out=delta)
                self._mask(delta, buffers.pre[layer], buffers.post[layer])
            inputs = buffers.post[layer - 1] if layer else x
            torch.mm(buffers.delta_t[layer], inputs, out=self.buffers.weights[layer])
            torch.sum(delta, 0, out=self.buffers.biases[layer])
            if watch:
                name = self._network.names[layer]
                watch(f"δ of {name}", delta)
                watch(f"gradient of the weight of {name}", self.buffers.weights[layer])
                watch(f"gradient of the bias of {name}", self.buffers.biases[layer])

    def _activate(self, z: Tensor, h: Tensor) -> None:
        if self._in_place:
            self._in_place[0](h)
        else:
            h.copy_(self._activation.forward(z))

    def _mask(self, delta: Tensor, z: Tensor, h: Tensor) -> None:
        derivative = self._activation.derivative
        if self._in_place:
            self._in_place[1](delta, h)
        elif derivative:
            delta.mul_(derivative(z, h))
