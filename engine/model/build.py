"""From settings to a model with its first weights in place."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from engine.config import RunConfig, per_layer
from engine.errors import BadInput
from engine.events import Layer
from engine.model.concise import ConciseNetwork
from engine.model.lsuv import calibrate
from engine.model.network import Network, layer_names
from engine.model.scratch import ScratchNetwork
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS, Draw

MAX_PARAMETERS = 2**29  # 2 GiB of float32; gradient and optimizer state take up to three times more


def build(  # noqa: PLR0913, PLR0917 (what a model depends on, no more)
    config: RunConfig,
    features: int,
    classes: int,
    generator: Generator,
    device: torch.device,
    sample: Tensor,
) -> Network:
    """The model that `config` describes, initialized from `generator` (a CPU one).

    The weights are drawn layer by layer on the CPU in [fan_out, fan_in], so that one seed gives
    the same weights in both implementations and on every device. `sample` is a minibatch of
    float32 inputs, [batch, features] or [batch, ...]; only calibrated initializers look at it.

    Raises:
        BadInput: when the sizes do not fit each other or this machine, when a setting is out of
            float32's range, or when the sample gives a calibrated initializer nothing to go by.
    """
    widths = (_first_inputs(config, features), *config.hidden, classes)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    _fits(widths, shapes)
    _in_range(config)
    weights, biases = _draw(config, shapes, generator)
    activation = ACTIVATIONS[config.activation]
    if INITIALIZERS[config.init].calibrated:
        calibrate(weights, biases, activation, sample.flatten(1).cpu(), layer_names(len(shapes)))
    dropout = per_layer(config.dropout, len(config.hidden))
    network = ConciseNetwork if config.implementation == "concise" else ScratchNetwork
    return network(weights, biases, activation, dropout, device)


def describe(network: Network, config: RunConfig) -> tuple[Layer, ...]:
    """The layers of a model built from `config`, first to output (whose φ is the identity)."""
    last = len(network.names) - 1
    return tuple(
        Layer(
            name=name,
            fan_in=weight.shape[1],
            fan_out=weight.shape[0],
            parameters=weight.numel() + bias.numel() + (layer < len(network.slopes)),
            activation=network.activation.name if layer < last else "identity",
            initializer=config.init,
        )
        for layer, (name, weight, bias) in enumerate(
            zip(network.names, network.weights, network.biases, strict=True)
        )
    )


def _first_inputs(config: RunConfig, features: int) -> int:
    rows = config.first_layer_inputs
    if rows and config.implementation != "scratch":
        raise BadInput(
            f"first_layer_inputs = {rows} needs --implementation scratch: "
            "nn.Linear is always built for the width of the data"
        )
    if rows not in (0, features):
        columns = config.hidden[0] if config.hidden else "classes"
        raise BadInput(
            f"X @ W1 cannot be computed: X is ({config.batch_size}, {features}) and W1 is "
            f"({rows}, {columns}), but the inner sizes {features} and {rows} must agree, since "
            f"every row of W1 belongs to one input of the data; set first_layer_inputs to "
            f"{features}, or to auto"
        )
    return features


def _fits(widths: Sequence[int], shapes: Sequence[tuple[int, int]]) -> None:
    parameters = sum(fan_out * fan_in + fan_out for fan_out, fan_in in shapes)
    if parameters > MAX_PARAMETERS:
        raise BadInput(
            f"a {'-'.join(map(str, widths))} network has {parameters:,} parameters, more than the "
            f"{MAX_PARAMETERS:,} that are allowed; use narrower or fewer hidden layers"
        )


def _in_range(config: RunConfig) -> None:
    limit = torch.finfo(torch.float32).max
    named = [("init_std", std) for std in config.init_std]
    named += [("init_constant", config.init_constant), ("bias_value", config.bias_value)]
    for name, value in named:
        if abs(value) > limit:
            raise BadInput(f"{name} = {value:g} is beyond float32, whose largest is {limit:.3g}")
    if config.bias_init == "normal" and config.bias_value < 0:
        raise BadInput(
            f"bias_value = {config.bias_value:g} is the std of bias_init normal and must be ≥ 0"
        )


def _draw(
    config: RunConfig, shapes: Sequence[tuple[int, int]], generator: Generator
) -> tuple[list[Tensor], list[Tensor]]:
    rule = INITIALIZERS[config.init]
    weights, biases = [], []
    stds = per_layer(config.init_std, len(shapes))
    for (fan_out, fan_in), std in zip(shapes, stds, strict=True):
        weight = torch.empty(fan_out, fan_in)
        rule.fill(weight, Draw(std, config.init_constant), generator)
        weights.append(weight)
        biases.append(_bias(config, fan_out, fan_in, generator))
    return weights, biases


def _bias(config: RunConfig, fan_out: int, fan_in: int, generator: Generator) -> Tensor:
    bias = torch.zeros(fan_out)
    if config.bias_init == "constant":
        return bias.fill_(config.bias_value)
    if config.bias_init == "normal":
        return bias.normal_(0, config.bias_value, generator=generator)
    if config.bias_init == "torch_default":
        bound = 1 / math.sqrt(fan_in)
        return bias.uniform_(-bound, bound, generator=generator)
    return bias
