"""What the chapter claims about the model before and during training."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator, Tensor
from torch.nn import functional

from engine.config import RunConfig
from engine.model.build import build
from engine.model.network import Network
from engine.presets import named
from engine.schema import overlay

both = pytest.mark.parametrize("implementation", ["concise", "scratch"])


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def batch() -> tuple[Tensor, Tensor]:
    x = torch.rand(256, 784, generator=seeded(1))
    return x, torch.randint(10, (256,), generator=seeded(2))


def preset(name: str, **settings: object) -> Network:
    config = overlay(overlay(RunConfig(), named(name).changes, name), settings, "test")
    return build(config, 784, 10, seeded(0), torch.device("cpu"), batch()[0])


def first_loss(network: Network) -> float:
    x, y = batch()
    return functional.cross_entropy(network.forward(x), y).item()


def collapse_error(network: Network) -> float:
    """How far the net is from the one affine map its weights multiply up to, relative to it."""
    x, _ = batch()
    (w1, w2), (b1, b2) = network.weights, network.biases
    affine = x @ (w2 @ w1).t() + w2 @ b1 + b2
    return ((network.forward(x) - affine).abs().max() / affine.abs().max()).item()


@both
def test_without_relu_the_net_is_one_affine_map_of_rank_ten(implementation: str) -> None:
    printed = preset("printed", implementation=implementation, bias_init="normal")
    assert collapse_error(printed) < 1e-5
    assert torch.linalg.matrix_rank(printed.weights[1] @ printed.weights[0]) == 10
    chapter = preset("chapter", implementation=implementation, bias_init="normal")
    assert collapse_error(chapter) > 0.1


@pytest.mark.parametrize("name", ["chapter", "scratch", "printed", "zeros", "constant", "tanh"])
def test_small_weights_begin_at_ln_ten(name: str) -> None:
    assert first_loss(preset(name)) == pytest.approx(math.log(10), abs=0.02)


def test_weights_of_std_one_begin_far_above() -> None:
    assert first_loss(preset("all-normal")) > 50
    assert first_loss(preset("chapter")) < first_loss(preset("w1-normal")) < 50


def spread(network: Network) -> float:
    """The largest difference between two hidden units' incoming weights."""
    w1 = network.weights[0]
    return (w1 - w1[0]).abs().max().item()


def train(network: Network, updates: int, dropout: Generator | None) -> None:
    x, y = batch()
    for _ in range(updates):
        parameters = list(network.parameters().values())
        loss = functional.cross_entropy(network.forward(x, dropout), y)
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(gradient, alpha=0.1)


@both
def test_equal_units_stay_equal_until_dropout_parts_them(implementation: str) -> None:
    network = preset("constant", implementation=implementation, dropout=(0.5,), hidden=(16,))
    start = network.weights[0].clone()
    train(network, 20, None)
    assert (network.weights[0] - start).abs().max() > 1e-4
    assert spread(network) < 1e-6
    assert torch.linalg.matrix_rank(network.weights[0], rtol=1e-4) == 1
    train(network, 5, seeded(3))
    assert spread(network) > 1e-5


@both
def test_zeros_move_the_last_bias_alone(implementation: str) -> None:
    network = preset("zeros", implementation=implementation)
    train(network, 20, None)
    assert not any(weight.any() for weight in network.weights)
    assert not network.biases[0].any()
    assert network.biases[1].any()


@pytest.mark.parametrize("depth", [1, 20])
def test_he_keeps_the_signal_of_relu_where_xavier_loses_it(depth: int) -> None:
    x = torch.randn(64, 256, generator=seeded(1))

    def kept(init: str) -> float:
        config = RunConfig(hidden=(256,) * depth, init=init)
        network = build(config, 256, 10, seeded(0), torch.device("cpu"), x)
        h = network.trace(x).post[depth - 1]
        return (h.square().mean() / x.square().mean()).item()

    # ln of it has the variance 5·L/N at finite width (Hanin and Nica 2020)
    five_sigma = 5 * math.sqrt(5 * depth / 256)
    assert math.log(kept("kaiming_normal")) == pytest.approx(0, abs=five_sigma)
    assert math.log(kept("xavier_normal")) == pytest.approx(-depth * math.log(2), abs=five_sigma)
