"""Every update rule against its namesake in torch.optim."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor
from training_tools import config, network

from engine.model.network import Network
from engine.training.gradients import GradientBuffers, named
from engine.training.optimizers import build

RULES = {
    "sgd": (torch.optim.SGD, {}),
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {}),
    "rmsprop": (torch.optim.RMSprop, {}),
}
LR = 0.01


def parameters(net: Network) -> dict[str, Tensor]:
    return named(net, net.weights, net.biases, net.slopes)


def fill(buffers: GradientBuffers, net: Network, step: int) -> None:
    generator = Generator().manual_seed(step)
    for gradient in buffers.named(net).values():
        gradient.copy_(torch.randn(gradient.shape, generator=generator, dtype=gradient.dtype))


@pytest.mark.parametrize("clip", [0.0, 2.0])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("implementation", ["concise", "scratch"])
@pytest.mark.parametrize("name", RULES)
def test_twenty_steps_equal_torch(
    name: str, implementation: str, momentum: float, decay: float, clip: float
) -> None:
    net = network(implementation, hidden=(5,), dtype=torch.float32)
    settings = config(optimizer=name, momentum=momentum, weight_decay=decay, clip_norm=clip)
    buffers = GradientBuffers(net)
    ours = build(settings, net, buffers)
    theirs = {key: p.clone().requires_grad_() for key, p in parameters(net).items()}
    kind, options = RULES[name]
    if name in ("sgd", "rmsprop"):
        options = {**options, "momentum": momentum}
    groups = [
        {"params": [p for key, p in theirs.items() if "weight" in key], "weight_decay": decay},
        {"params": [p for key, p in theirs.items() if "weight" not in key], "weight_decay": 0.0},
    ]
    reference = kind(groups, lr=LR, **options)
    for step in range(20):
        fill(buffers, net, step)
        for key, gradient in buffers.named(net).items():
            theirs[key].grad = gradient.clone()
        if clip:
            torch.nn.utils.clip_grad_norm_(theirs.values(), clip)
        ours.step(LR)
        reference.step()
    for key, p in parameters(net).items():
        torch.testing.assert_close(p, theirs[key].detach(), rtol=1e-6, atol=1e-6)


def test_l1_shrinks_by_a_proximal_step_to_exact_zeros() -> None:
    net = network(hidden=(5,))
    buffers = GradientBuffers(net)
    optimizer = build(config(l1=3.0), net, buffers)
    fill(buffers, net, 0)
    moved = {k: p - 0.1 * buffers.named(net)[k] for k, p in parameters(net).items()}
    optimizer.step(0.1)
    for name, p in parameters(net).items():
        expected = moved[name]
        if "weight" in name:
            expected = expected.sign() * (expected.abs() - 0.3).clamp_min(0)
        torch.testing.assert_close(p, expected, rtol=0, atol=1e-15)
    assert (net.weights[0] == 0).any()
    assert not (net.biases[0] == 0).any()


def test_clipping_leaves_small_gradients_alone() -> None:
    first, second = network(hidden=(5,)), network(hidden=(5,))
    for net, clip in ((first, 0.0), (second, 1e9)):
        buffers = GradientBuffers(net)
        fill(buffers, net, 0)
        build(config(clip_norm=clip), net, buffers).step(LR)
    assert all(map(torch.equal, parameters(first).values(), parameters(second).values()))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, True),
        ({"momentum": 0.9}, False),
        ({"weight_decay": 0.1}, False),
        ({"l1": 0.1}, False),
        ({"clip_norm": 1.0}, False),
        ({"optimizer": "adam"}, False),
        ({"optimizer": "rmsprop"}, False),
    ],
)
def test_only_plain_sgd_is_proportional(settings: dict[str, object], expected: bool) -> None:
    net = network()
    assert build(config(**settings), net, GradientBuffers(net)).proportional is expected


def test_state_names_every_tensor_that_a_checkpoint_needs() -> None:
    net = network(hidden=(5,))
    names = build(config(optimizer="adam"), net, GradientBuffers(net)).state.keys()
    expected = {f"{kind}/{p}" for kind in ("mean", "square") for p in net.parameters()}
    assert names == expected | {"updates"}
