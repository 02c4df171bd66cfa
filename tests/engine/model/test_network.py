"""What holds for the model whichever way it is written, and that both ways are one."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor
from torch.nn import functional

from engine.config import RunConfig
from engine.model.build import build
from engine.model.concise import ConciseNetwork
from engine.model.network import Network
from engine.rules.activations import ACTIVATIONS

FEATURES, CLASSES, BATCH = 36, 5, 16
IMPLEMENTATIONS = ("concise", "scratch")
both = pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def images(batch: int = BATCH) -> Tensor:
    return torch.rand(batch, 6, 6, generator=seeded(1))


def made(**settings: object) -> Network:
    config = RunConfig(**{"hidden": (12, 8), "init": "he", **settings})
    return build(config, FEATURES, CLASSES, seeded(0), torch.device("cpu"), images())


def train(network: Network, updates: int) -> None:
    """Plain SGD on random images and labels, with dropout where the network has it."""
    masks, draws = seeded(2), seeded(3)
    for _ in range(updates):
        x = torch.rand(BATCH, FEATURES, generator=draws)
        y = torch.randint(CLASSES, (BATCH,), generator=draws)
        parameters = network.parameters().values()
        loss = functional.cross_entropy(network.forward(x, masks), y)
        gradients = torch.autograd.grad(loss, list(parameters))
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(gradient, alpha=0.1)


@pytest.mark.parametrize("hidden", [(), (12,), (12, 12, 12)], ids=str)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@every_activation
def test_both_ways_agree_through_twenty_updates(
    activation: str, dropout: float, hidden: tuple[int, ...]
) -> None:
    settings = {"activation": activation, "dropout": (dropout,), "hidden": hidden}
    concise, scratch = (made(implementation=way, **settings) for way in IMPLEMENTATIONS)
    start = concise.weights[0].clone()
    train(concise, 20)
    train(scratch, 20)
    assert (concise.weights[0] - start).abs().max() > 1e-3
    for ours, theirs in [
        *zip(concise.weights, scratch.weights, strict=True),
        *zip(concise.biases, scratch.biases, strict=True),
        *zip(concise.slopes, scratch.slopes, strict=True),
        (concise.forward(images()), scratch.forward(images())),
    ]:
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dropout", [0.0, 0.5, 1.0])
@every_activation
@both
def test_trace_is_the_forward_pass(implementation: str, activation: str, dropout: float) -> None:
    network = made(implementation=implementation, activation=activation, dropout=(dropout,))
    trace = network.trace(images(), seeded(5))
    assert torch.equal(trace.post[-1], network.forward(images(), seeded(5)))
    assert torch.equal(trace.inputs[0], images().flatten(1))
    layers = zip(trace.inputs, trace.pre, network.weights, network.biases, strict=True)
    for inputs, z, weight, bias in layers:
        torch.testing.assert_close(z, inputs @ weight.t() + bias, rtol=1e-5, atol=1e-6)
    for layer, (z, h) in enumerate(zip(trace.pre[:-1], trace.post[:-1], strict=True)):
        torch.testing.assert_close(h, network.activation.forward(z))
        kept = trace.inputs[layer + 1] != 0
        assert torch.equal(trace.inputs[layer + 1][kept], (h / (1 - dropout))[kept])
    assert trace.post[-1] is trace.pre[-1]


@both
def test_dropout_works_in_train_mode_alone(implementation: str) -> None:
    dropping = made(implementation=implementation, dropout=(0.5,))
    keeping = made(implementation=implementation, dropout=(0.0,))
    x = images()
    assert torch.equal(dropping.forward(x), keeping.forward(x))
    assert not torch.equal(dropping.forward(x, seeded(1)), keeping.forward(x))
    assert torch.equal(keeping.forward(x, seeded(1)), keeping.forward(x))
    assert torch.equal(dropping.forward(x, seeded(1)), dropping.forward(x, seeded(1)))


@both
def test_views_are_the_model_itself(implementation: str) -> None:
    network = made(implementation=implementation, activation="prelu")
    assert [tuple(w.shape) for w in network.weights] == [(12, FEATURES), (8, 12), (CLASSES, 8)]
    for view in [*network.weights, *network.biases, *network.slopes]:
        assert not view.requires_grad
        view.zero_()
    network.biases[-1].fill_(2.0)
    assert torch.equal(network.forward(images()), torch.full((BATCH, CLASSES), 2.0))
    values = torch.arange(12.0 * FEATURES).view(12, FEATURES)
    network.weights[0].copy_(values)
    stored = network.parameters()["hidden1.weight"].detach()
    assert torch.equal(stored if implementation == "concise" else stored.t(), values)


@both
def test_parameters_are_named_leaves_in_order(implementation: str) -> None:
    network = made(implementation=implementation, activation="prelu")
    parameters = network.parameters()
    assert list(parameters) == [
        *(f"hidden{n}.{part}" for n in (1, 2) for part in ("weight", "bias", "slope")),
        "output.weight",
        "output.bias",
    ]
    assert all(tensor.is_leaf and tensor.requires_grad for tensor in parameters.values())
    assert all(tensor is parameters[name] for name, tensor in network.parameters().items())


@both
def test_prelu_learns_one_slope_for_each_hidden_layer(implementation: str) -> None:
    network = made(implementation=implementation, activation="prelu")
    assert [slope.item() for slope in network.slopes] == [0.25, 0.25]
    train(network, 5)
    assert all(slope.item() != 0.25 for slope in network.slopes)
    assert not made(implementation=implementation, activation="leaky_relu").slopes


def test_the_concise_way_is_one_sequential() -> None:
    network = made(dropout=(0.2, 0.0))
    assert isinstance(network, ConciseNetwork)
    kinds = [type(module).__name__ for module in network.net]
    assert kinds == [
        "Flatten", "Linear", "Elementwise", "Dropout", "Linear", "Elementwise", "Linear"
    ]  # fmt: skip
    assert torch.equal(network.net(images()), network.forward(images()))
