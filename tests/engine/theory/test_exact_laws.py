"""Finite width, one layer's gains, loss and gradients before training, the edge, the rule."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Generator

from engine.errors import BadInput
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS, Draw
from engine.theory import edge, gradient_noise, initial_loss, trainability
from engine.theory.correlation import through_network
from engine.theory.layer_gain import compromise, gain_tolerance, layer_gain, layer_gains
from engine.theory.propagation import predict
from engine.theory.relu_he_exact import layer_law, network_law, square_law

STD = Draw(std=0.01, constant=0.01)
SECOND_MOMENT = 0.20645  # of Fashion-MNIST's pixels in [0, 1]


def test_relu_he_at_width_64_and_depth_20() -> None:
    law = square_law(64, 20)
    assert law.mean == pytest.approx(-0.802, abs=6e-4)
    assert law.tolerance(400) == pytest.approx(0.322, abs=6e-4)


def test_relu_he_approaches_its_expansion() -> None:
    law = layer_law(2000, 2000)
    assert law.mean == pytest.approx(-5 / (2 * 2000), rel=0.01)
    assert law.variance == pytest.approx(5 / 2000, rel=0.01)


@pytest.mark.parametrize(("widths", "gain"), [((64,) * 21, 2.0), ((30, 12, 50, 8), 1.3)])
def test_relu_he_by_sampling(widths: tuple[int, ...], gain: float) -> None:
    """400 nets of each shape at once, all layers a batched product."""
    generator = Generator().manual_seed(9)
    h = torch.ones(400, widths[0], 1, dtype=torch.float64)
    start = h.square().sum((1, 2)).log()
    for fan_in, fan_out in itertools.pairwise(widths):
        weight = torch.randn(400, fan_out, fan_in, generator=generator, dtype=torch.float64)
        h = (weight @ h * math.sqrt(gain / fan_in)).relu()
    logs = h.square().sum((1, 2)).log() - start
    logs = logs[logs.isfinite()]
    law = network_law(widths, gain)
    assert len(logs) / 400 == pytest.approx(law.alive, abs=0.03)
    assert float(logs.mean()) == pytest.approx(law.mean, abs=law.tolerance(len(logs)))
    assert 0.65 < float(logs.var()) / law.variance < 1.45


def test_one_unit_is_alive_half_the_time() -> None:
    """N = 1: ln of one χ²₁, given that it is positive."""
    law = layer_law(1, 1)
    assert law.alive == 0.5
    assert law.mean == pytest.approx(math.log(4) - 1.9635100260214235)  # ψ(½) = −γ − 2 ln 2
    assert law.variance == pytest.approx(math.pi**2 / 2)


def test_xavier_is_a_compromise() -> None:
    gain = layer_gain(INITIALIZERS["xavier_uniform"], 784, 256)
    assert (gain.forward, gain.backward) == pytest.approx((1.508, 0.492), abs=5e-4)
    assert (gain.forward, gain.backward) == pytest.approx(compromise(784, 256))
    assert gain.forward + gain.backward == pytest.approx(2)


@pytest.mark.parametrize("shape", [(784, 256), (100, 300)])
@pytest.mark.parametrize(
    "name", [n for n in INITIALIZERS if n not in {"constant", "lsuv", "zeros"}]
)
def test_gains_by_sampling(name: str, shape: tuple[int, int]) -> None:
    fan_in, fan_out = shape
    generator = Generator().manual_seed(4)
    gain = layer_gain(INITIALIZERS[name], fan_in, fan_out)
    forward = backward = 0.0
    for _ in range(10):
        weight = torch.empty(fan_out, fan_in, dtype=torch.float64)
        INITIALIZERS[name].fill(weight, STD, generator)
        x = torch.randn(fan_in, generator=generator, dtype=torch.float64)
        delta = torch.randn(fan_out, generator=generator, dtype=torch.float64)
        x, delta = x / x.square().mean().sqrt(), delta / delta.square().mean().sqrt()
        forward += float((weight @ x).square().mean()) / 10
        backward += float((weight.t() @ delta).square().mean()) / 10
    assert forward == pytest.approx(gain.forward, rel=gain_tolerance(10 * fan_out))
    assert backward == pytest.approx(gain.backward, rel=gain_tolerance(10 * fan_in))


def test_gains_say_where_they_are_not_exact() -> None:
    gains = {gain.initializer: gain for gain in layer_gains(784, 256)}
    assert set(gains) == set(INITIALIZERS)
    assert {name for name, gain in gains.items() if not gain.exact} == {"constant", "lsuv"}
    assert gains["kaiming_normal"].forward == pytest.approx(2)
    assert gains["kaiming_normal_fan_out"].backward == pytest.approx(2)
    assert gains["torch_default"].forward == pytest.approx(1 / 3)
    assert gains["normal"].forward == pytest.approx(784 * 1e-4)


def test_loss_of_small_logits() -> None:
    for s in (0.0, 0.05, 0.1):
        assert initial_loss.small_logits(10, s) == pytest.approx(math.log(10) + 0.45 * s * s)
        assert initial_loss.initial_loss(10, s) == pytest.approx(
            math.log(10) + 0.45 * s * s, abs=s**4 / 10 + 1e-9
        )


def test_loss_of_large_logits() -> None:
    assert initial_loss.expected_maximum(10) == pytest.approx(1.53875, abs=6e-6)
    assert initial_loss.expected_maximum(2) == pytest.approx(1 / math.sqrt(math.pi), abs=1e-9)
    assert initial_loss.expected_maximum(1) == pytest.approx(0, abs=1e-12)
    assert initial_loss.initial_loss(10, 300.0) == pytest.approx(1.54 * 300, rel=1e-3)
    for s in (0.5, 3.0, 20.0):
        assert initial_loss.initial_loss(10, s) > initial_loss.large_logits(10, s)


@pytest.mark.parametrize(("classes", "s"), [(10, 0.5), (10, 1.0), (10, 4.0), (2, 1.5), (100, 2.0)])
def test_loss_by_sampling(classes: int, s: float) -> None:
    draws = torch.randn(40_000, classes, generator=Generator().manual_seed(1), dtype=torch.float64)
    losses = torch.logsumexp(s * draws, 1)
    tolerance = 5 * float(losses.std()) / 200
    expected = initial_loss.initial_loss(classes, s)
    assert float(losses.mean()) == pytest.approx(expected, abs=tolerance)


def test_both_quadratures_of_the_loss_meet() -> None:
    below, above = initial_loss.initial_loss(10, 1.0), initial_loss.initial_loss(10, 1 + 1e-9)
    assert below == pytest.approx(above, abs=1e-7)


@pytest.mark.parametrize("batch", [1, 2, 4, 7])
def test_gradient_noise_is_the_mean_over_all_batches(batch: int) -> None:
    single = torch.randn(7, 3, generator=Generator().manual_seed(0), dtype=torch.float64)
    full = float(single.mean(0).square().sum())
    trace = float(single.square().sum(1).mean()) - full
    squares = [
        float(single[list(chosen)].mean(0).square().sum())
        for chosen in itertools.combinations(range(7), batch)
    ]
    expected = sum(squares) / len(squares)
    assert gradient_noise.expected_square(full, trace, batch, 7) == pytest.approx(
        expected, abs=1e-12
    )


def test_noise_scale() -> None:
    assert gradient_noise.noise_scale(2.0, 10.0) == 5
    assert gradient_noise.noise_scale(0.0, 10.0) == math.inf
    with pytest.raises(BadInput, match="1 to 7"):
        gradient_noise.expected_square(1.0, 1.0, 8, 7)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_edge_is_where_gradient_descent_turns(momentum: float) -> None:
    """On ½λw², a sharpness 1 % below the edge is stable, one 1 % above is not."""
    limit = edge.stable_sharpness(0.1, momentum)
    for sharpness, stable in ((0.99 * limit, True), (1.01 * limit, False)):
        w, velocity = 1.0, 0.0
        for _ in range(4000):
            velocity = momentum * velocity - 0.1 * sharpness * w
            w += velocity
        assert (abs(w) < 1) == stable
        assert (edge.instability(sharpness, 0.1, momentum) < 1) == stable


def test_edge_of_the_book_s_case() -> None:
    assert edge.stable_sharpness(0.1) == 20
    assert [edge.update_is_healthy(10**x) for x in (-4, -3, -2)] == [False, True, False]
    assert not edge.update_is_healthy(0.0)
    with pytest.raises(BadInput):
        edge.stable_sharpness(0.0)
    with pytest.raises(BadInput):
        edge.stable_sharpness(0.1, 1.0)


DEPTHS = (2, 5, 10, 20, 50)
ACCURACIES = {  # after one epoch of 10,000 images, batch 64, lr .1, width 256
    ("sigmoid", "xavier_uniform"): (0.47, 0.10, 0.10, 0.10, 0.10),
    ("tanh", "xavier_uniform"): (0.79, 0.76, 0.77, 0.65, 0.10),
    ("tanh", "orthogonal"): (0.79, 0.76, 0.77, 0.74, 0.16),
    ("relu", "normal"): (0.40, 0.10, 0.10, 0.10, 0.10),
    ("relu", "torch_default"): (0.72, 0.35, 0.10, 0.10, 0.10),
    ("relu", "xavier_uniform"): (0.77, 0.73, 0.57, 0.14, 0.10),
    ("relu", "kaiming_normal"): (0.77, 0.75, 0.61, 0.28, 0.10),
}


def test_the_rule_calls_what_trains_and_misses_deep_critical_nets() -> None:
    missed = set()
    for (name, init), accuracies in ACCURACIES.items():
        for depth, accuracy in zip(DEPTHS, accuracies, strict=True):
            widths = (784, *(256,) * depth, 10)
            layers = predict(INITIALIZERS[init], ACTIVATIONS[name], widths, STD, SECOND_MOMENT)
            trains = trainability.call(trainability.log_chi(layers)) == "trains"
            if trains != (accuracy > 0.3):
                missed.add((name, init, depth))
    assert missed == {
        ("tanh", "xavier_uniform", 50),
        ("tanh", "orthogonal", 50),
        ("relu", "kaiming_normal", 20),
        ("relu", "kaiming_normal", 50),
        ("relu", "torch_default", 5),  # on the border, and .35 is on the way
    }


def test_gauges_tell_why_deep_relu_is_hard() -> None:
    relu = ACTIVATIONS["relu"]
    layers = predict(INITIALIZERS["kaiming_normal"], relu, (256,) * 21 + (10,), STD)
    gauges = trainability.gauges(relu, layers, correlation=0.3, sharpness=60.0, learning_rate=0.1)
    assert gauges.call == "trains"
    assert gauges.log_chi == pytest.approx(0, abs=1e-9)
    assert gauges.correlation > 0.9
    assert gauges.instability == pytest.approx(3)
    assert trainability.call(3.5) == "explodes"
    assert trainability.gauges(relu, layers, correlation=0.3).instability is None


def test_correlation_through_a_network_starts_with_a_linear_layer() -> None:
    layers = predict(INITIALIZERS["xavier_normal"], ACTIVATIONS["tanh"], (9, 9, 9), STD, 1.0, 0.5)
    through = through_network(ACTIVATIONS["tanh"], layers, 0.2, 0.5)
    assert through[0] == pytest.approx((1.0 * 0.2 + 0.5) / 1.5)
    dead = predict(INITIALIZERS["zeros"], ACTIVATIONS["tanh"], (9, 9), STD)
    assert math.isnan(through_network(ACTIVATIONS["tanh"], dead, 0.2)[0])
