"""Every column against its formula, written plainly."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Generator, Tensor

from engine.model.network import Network
from engine.model.scratch import ScratchNetwork
from engine.rules.activations import ACTIVATIONS
from engine.telemetry.vitals import COLUMNS, Vitals

WIDTHS = (6, 5, 4, 3)
BATCH = 7


def network(activation: str = "relu") -> Network:
    generator = Generator().manual_seed(0)
    weights = [torch.randn(out, into, generator=generator) for into, out in pairwise(WIDTHS)]
    biases = [torch.randn(out, generator=generator) for out in WIDTHS[1:]]
    rule = ACTIVATIONS[activation]
    return ScratchNetwork(weights, biases, rule, (0.0, 0.0), torch.device("cpu"))


def random_like(shapes: list[tuple[int, ...]], seed: int) -> list[Tensor]:
    generator = Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def outputs(seed: int) -> list[Tensor]:
    return random_like([(BATCH, width) for width in WIDTHS[1:]], seed)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_columns_are_what_their_names_say(activation: str, known: bool) -> None:
    net = network(activation)
    vitals = Vitals(net, 4)
    weight_gradients = random_like([tuple(w.shape) for w in net.weights], 1)
    bias_gradients = random_like([tuple(b.shape) for b in net.biases], 2)
    pre, delta = outputs(3), outputs(4)
    post = [net.activation.forward(z) for z in pre[:-1]] + [pre[-1]]
    weights = [w.clone() for w in net.weights]
    vitals.before(20, (weight_gradients, bias_gradients), (pre, post, delta))
    if known:
        vitals.update_is(0.1)
    else:
        vitals.remember()
    for weight, gradient in zip(net.weights, weight_gradients, strict=True):
        weight.sub_(0.1 * gradient)
    if not known:
        vitals.update_is_difference()
    steps, layers = vitals.take()
    assert steps == (20,)
    assert [layer.name for layer in layers] == ["hidden1", "hidden2", "output"]
    for index, layer in enumerate(layers):
        h = post[index].double()
        rule = net.activation if index < 2 else ACTIVATIONS["identity"]
        expected = {
            "gradient_norm": weight_gradients[index].double().square().sum().sqrt(),
            "bias_gradient_norm": bias_gradients[index].double().square().sum().sqrt(),
            "weight_norm": weights[index].double().square().sum().sqrt(),
            "update_ratio": (net.weights[index] - weights[index]).norm() / weights[index].norm(),
            "activation_mean": h.mean(),
            "activation_std": h.std(correction=0),
            "dead": rule.dead_mask(pre[index], post[index]).mean(),
            "delta_norm": delta[index].double().square().sum().sqrt(),
        }
        assert expected.keys() == set(COLUMNS)
        for name, value in expected.items():
            assert getattr(layer, name) == pytest.approx((value.item(),), rel=1e-5), name


def test_dead_units_of_relu_are_counted() -> None:
    net = network()
    vitals = Vitals(net, 1)
    post = [torch.zeros(4, 5), torch.tensor([[0.0, 1.0, 2.0, 0.0]]), torch.ones(1, 3)]
    gradients = random_like([tuple(w.shape) for w in net.weights], 1)
    vitals.before(1, (gradients, gradients), (post, post, post))
    _, layers = vitals.take()
    assert [layer.dead for layer in layers] == [(1.0,), (0.5,), (0.0,)]


def test_a_spread_far_below_the_mean_keeps_its_digits() -> None:
    net = network()
    vitals = Vitals(net, 1)
    h = 1000 + torch.linspace(-0.5, 0.5, 2001).view(3, 667)
    post = [h, h, h]
    gradients = random_like([tuple(w.shape) for w in net.weights], 1)
    vitals.before(1, (gradients, gradients), (post, post, post))
    _, layers = vitals.take()
    assert layers[0].activation_std[0] == pytest.approx(h.double().std(correction=0), rel=1e-3)


def test_taking_empties_the_ring() -> None:
    net = network()
    vitals = Vitals(net, 2)
    gradients = random_like([tuple(w.shape) for w in net.weights], 1)
    assert vitals.take() == ((), ())
    for steps in ((1, 2), (3, 4)):
        for step in steps:
            passed = outputs(step)
            vitals.before(step, (gradients, gradients), (passed, passed, passed))
            vitals.update_is(0.1 * step)
        found, layers = vitals.take()
        assert found == steps
        assert layers[0].update_ratio[1] == pytest.approx(
            layers[0].update_ratio[0] * steps[1] / steps[0]
        )


def test_numbers_that_are_not_finite_stay_in_the_column() -> None:
    net = network()
    vitals = Vitals(net, 1)
    gradients = random_like([tuple(w.shape) for w in net.weights], 1)
    gradients[0][0, 0] = float("nan")
    gradients[1][0, 0] = float("inf")
    passed = outputs(1)
    vitals.before(1, (gradients, gradients), (passed, passed, passed))
    _, layers = vitals.take()
    assert [str(layer.gradient_norm[0]) for layer in layers[:2]] == ["nan", "inf"]
