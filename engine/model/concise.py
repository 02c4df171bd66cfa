"""The MLP as the framework writes it: one ``nn.Sequential``."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from engine.model.dropout import Dropout
from engine.model.network import Trace, layer_names, named_parameters
from engine.rules.activations import Activation


class Elementwise(nn.Module):
    """An activation without parameters as a module."""

    def __init__(self, activation: Activation) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, z: Tensor) -> Tensor:
        return self.activation.forward(z)

    def extra_repr(self) -> str:
        return self.activation.name


class ConciseNetwork:
    """A `Network` around ``Flatten, Linear, activation, [Dropout], …, Linear``, in `net`.

    Takes copies of `weights` ([fan_out, fan_in] each) and `biases` to `device`. The global
    generator is left alone: no layer initializes itself.
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
        linears = [
            _linear(weight, bias, device) for weight, bias in zip(weights, biases, strict=True)
        ]
        modules: list[nn.Module] = [nn.Flatten()]
        for linear, p in zip(linears, dropout, strict=False):
            modules += [linear, _nonlinearity(activation, device)]
            if p > 0:
                modules.append(Dropout(p))
        self.net = nn.Sequential(*modules, linears[-1])
        self._linears = linears
        self._prelus = [module for module in modules if isinstance(module, nn.PReLU)]
        self.weights = [linear.weight.detach() for linear in linears]
        self.biases = [linear.bias.detach() for linear in linears]
        self.slopes = [prelu.weight.detach() for prelu in self._prelus]

    def parameters(self) -> dict[str, Tensor]:
        return named_parameters(
            self.names,
            [linear.weight for linear in self._linears],
            [linear.bias for linear in self._linears],
            [prelu.weight for prelu in self._prelus],
        )

    def forward(self, x: Tensor, dropout: Generator | None = None) -> Tensor:
        for module in self.net:
            x = module(x, dropout) if isinstance(module, Dropout) else module(x)
        return x

    def trace(self, x: Tensor, dropout: Generator | None = None) -> Trace:
        trace = Trace([], [], [])
        for module in self.net:
            if isinstance(module, nn.Linear):
                trace.inputs.append(x)
                x = module(x)
                trace.pre.append(x)
            elif isinstance(module, Dropout):
                x = module(x, dropout)
            else:
                x = module(x)
                if not isinstance(module, nn.Flatten):
                    trace.post.append(x)
        trace.post.append(x)
        return trace


def _linear(weight: Tensor, bias: Tensor, device: torch.device) -> nn.Linear:
    fan_out, fan_in = weight.shape
    linear = nn.Linear(fan_in, fan_out, device="meta", dtype=weight.dtype)
    # Not `to_empty`: for a tensor on "meta" that loads the whole of sympy, half a second's work.
    linear.weight = _copied(weight, device)
    linear.bias = _copied(bias, device)
    return linear


def _copied(values: Tensor, device: torch.device) -> nn.Parameter:
    copy = values.detach().to(device, copy=True, memory_format=torch.contiguous_format)
    return nn.Parameter(copy)


def _nonlinearity(activation: Activation, device: torch.device) -> nn.Module:
    if activation.slope is None:
        return Elementwise(activation)
    return nn.PReLU(init=activation.slope, device=device)
