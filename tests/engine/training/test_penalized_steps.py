"""Weight decay and L1 under every update rule, against the closed form of the step."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from training_tools import config, events, losses, network

from engine.model.network import Network
from engine.training.gradients import GradientBuffers, named
from engine.training.optimizers import build

RULES = ["sgd", "momentum", "adam", "adamw", "rmsprop", "rmsprop momentum"]
LR, DECAY, STEPS = 0.05, 0.7, 6


def rule(name: str, **settings: object) -> dict[str, object]:
    first, _, momentum = name.partition(" ")
    if first == "momentum":
        first, momentum = "sgd", "momentum"
    return {"optimizer": first, "momentum": 0.9 if momentum else 0.0, **settings}


def stepped(
    settings: dict[str, object], steps: int = STEPS, gradient: float = 0.0, activation: str = "tanh"
) -> tuple[Network, dict[str, Tensor]]:
    """A float64 net after updates with constant gradients, and its parameters before."""
    net = network("scratch", activation)
    start = {key: p.clone() for key, p in parameters(net).items()}
    buffers = GradientBuffers(net)
    optimizer = build(config(**settings), net, buffers)
    for _ in range(steps):
        for each in buffers.named(net).values():
            each.fill_(gradient)
        optimizer.step(LR)
    return net, start


def parameters(net: Network) -> dict[str, Tensor]:
    return named(net, net.weights, net.biases, net.slopes)


def shrunk(weight: Tensor, threshold: float) -> Tensor:
    return weight.sign() * (weight.abs() - threshold).clamp(min=0)


def only_weights(net: Network, start: dict[str, Tensor], law: dict[str, Tensor]) -> None:
    """The weights follow the law, and nothing else has moved."""
    for key, p in parameters(net).items():
        if "weight" in key:
            torch.testing.assert_close(p, law[key], rtol=0, atol=1e-14)
            assert not torch.equal(p, start[key])
        else:
            assert torch.equal(p, start[key])


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_without_a_gradient_decay_is_a_factor(name: str) -> None:
    net, start = stepped(rule(name, weight_decay=DECAY))
    only_weights(net, start, {k: (1 - LR * DECAY) ** STEPS * p for k, p in start.items()})


def test_under_momentum_decay_has_momentum_too() -> None:
    net, start = stepped(rule("momentum", weight_decay=DECAY))
    # (w, v) ← (w − η·v′, v′) with v′ = μ·v + λ·w
    once = torch.tensor([[1 - LR * DECAY, -LR * 0.9], [DECAY, 0.9]], dtype=torch.float64)
    factor = torch.linalg.matrix_power(once, STEPS)[0, 0]
    only_weights(net, start, {k: factor * p for k, p in start.items()})


@pytest.mark.parametrize(("name", "root"), [("adam", 1.0), ("rmsprop", 0.1)])
def test_where_gradients_are_normalized_decay_is_too(name: str, root: float) -> None:
    """The first step: g/(√v̂ + ε), with v̂ = g² in Adam and .01·g² in RMSprop."""
    net, start = stepped(rule(name, weight_decay=DECAY), steps=1)
    law = {k: p - LR * DECAY * p / (root * DECAY * p.abs() + 1e-8) for k, p in start.items()}
    only_weights(net, start, law)


@pytest.mark.parametrize("name", RULES)
def test_without_a_gradient_l1_moves_every_weight_to_zero_and_no_further(name: str) -> None:
    net, start = stepped(rule(name, l1=DECAY))
    only_weights(net, start, {k: shrunk(p, STEPS * LR * DECAY) for k, p in start.items()})
    assert all((w == 0).any() and (w != 0).any() for w in net.weights)


@pytest.mark.parametrize("extra", [{}, {"weight_decay": 0.3}, {"clip_norm": 0.5}], ids=str)
@pytest.mark.parametrize("name", RULES)
def test_l1_is_the_proximal_step_after_each_rules_own(name: str, extra: dict[str, float]) -> None:
    smooth, _ = stepped(rule(name, **extra), steps=1, gradient=0.4)
    sparse, _ = stepped(rule(name, l1=DECAY, **extra), steps=1, gradient=0.4)
    for key, p in parameters(sparse).items():
        own = parameters(smooth)[key]
        expected = shrunk(own, LR * DECAY) if "weight" in key else own
        torch.testing.assert_close(p, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", RULES)
def test_learned_slopes_are_not_decayed(name: str) -> None:
    net, start = stepped(rule(name, weight_decay=DECAY, l1=0.1), activation="prelu")
    slopes = [key for key in start if "slope" in key]
    assert slopes
    assert all(torch.equal(parameters(net)[key], start[key]) for key in slopes)


@pytest.mark.parametrize("name", RULES)
def test_by_hand_and_by_autograd_the_penalized_run_is_one(name: str) -> None:
    settings = rule(name, weight_decay=0.05, l1=0.002, lr=0.01, epochs=3)
    by_hand, by_autograd = (
        losses(events(config(gradients=way, **settings))) for way in ("manual", "autograd")
    )
    assert by_hand == pytest.approx(by_autograd, abs=1e-5)
    bare = {**settings, "weight_decay": 0.0, "l1": 0.0}
    assert by_hand != pytest.approx(losses(events(config(**bare))), abs=1e-4)


@pytest.mark.parametrize("way", ["manual", "autograd"])
def test_the_loss_that_is_told_is_the_datas_alone(way: str) -> None:
    plain, penalized = (
        losses(events(config(gradients=way, **penalty)))
        for penalty in ({}, {"weight_decay": 5.0, "l1": 2.0})
    )
    assert penalized[0] == plain[0]  # ‖W‖² would have added to it before the first update
    assert penalized[1] != plain[1]


def test_a_net_that_has_lost_its_numbers_does_not_recover_by_l1() -> None:
    net = network()
    net.weights[0][0, 0] = math.nan
    buffers = GradientBuffers(net)
    for gradient in buffers.named(net).values():
        gradient.zero_()
    build(config(l1=1e3), net, buffers).step(LR)
    assert math.isnan(float(net.weights[0][0, 0]))
    assert not net.weights[1].any()
