"""Moments of activations, the variance map and what follows from it."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Generator

from engine.errors import BadInput
from engine.rules.activations import ACTIVATIONS, PRELU_SLOPE, Activation
from engine.rules.initializers import INITIALIZERS, Draw
from engine.theory import correlation as pairs
from engine.theory.criticality import critical_points, half_stable_point
from engine.theory.moments import moments, second_moment, slope_moment, slopes, steepest
from engine.theory.phase_diagram import phase_diagram
from engine.theory.propagation import gradient_factor, predict
from engine.theory.variance_map import chi, depth_scale, fixed_point, phase_of, step

EVERY = pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
STD = Draw(std=0.01, constant=0.01)


@pytest.mark.parametrize(
    ("name", "second", "slope"),
    [
        ("sigmoid", 0.29338, 0.04484),
        ("tanh", 0.39429, 0.46440),
        ("relu", 0.5, 0.5),
        ("leaky_relu", (1 + 0.01**2) / 2, (1 + 0.01**2) / 2),
        ("prelu", (1 + PRELU_SLOPE**2) / 2, (1 + PRELU_SLOPE**2) / 2),
        ("gelu", 0.42522, 0.45585),
        ("silu", 0.35578, 0.37948),
        ("selu", 1.0, 1.071575),
        ("softplus", 0.92125, 0.29338),
        ("identity", 1.0, 1.0),
    ],
)
def test_moments_at_unit_variance(name: str, second: float, slope: float) -> None:
    assert second_moment(ACTIVATIONS[name], 1.0) == pytest.approx(second, abs=6e-6)
    assert slope_moment(ACTIVATIONS[name], 1.0) == pytest.approx(slope, abs=6e-6)


def test_selu_has_mean_zero_at_its_fixed_point() -> None:
    assert float(moments(ACTIVATIONS["selu"], 1.0).mean) == pytest.approx(0, abs=1e-9)
    assert float(moments(ACTIVATIONS["selu"], 1.0).second) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("q", [1e-6, 0.3, 50.0, 1e6])
@EVERY
def test_moments_agree_with_a_fine_sum(activation: Activation, q: float) -> None:
    """Midpoints of 200,000 cells, 0 an edge of one: the error is of the order of h²."""
    z = (torch.arange(200_000, dtype=torch.float64) - 99_999.5) * 9e-5
    weights = torch.exp(-z * z / 2)
    weights /= weights.sum()
    x = math.sqrt(q) * z
    at = moments(activation, q)
    slope = slopes(activation, x)
    assert float(at.mean) == pytest.approx(
        float(activation.forward(x) @ weights), rel=1e-6, abs=1e-9
    )
    assert float(at.second) == pytest.approx(
        float(activation.forward(x).square() @ weights), rel=1e-6
    )
    assert float(at.slope) == pytest.approx(float(slope.square() @ weights), rel=3e-6)


@pytest.mark.parametrize("q", [0.2, 1.0, 30.0])
@EVERY
def test_growth_is_the_derivative_of_the_second_moment(activation: Activation, q: float) -> None:
    h = 1e-4 * q
    difference = second_moment(activation, q + h) - second_moment(activation, q - h)
    assert float(moments(activation, q).growth) == pytest.approx(difference / (2 * h), rel=1e-6)


@EVERY
def test_moments_have_a_limit_at_zero(activation: Activation) -> None:
    at_zero, near = moments(activation, 0.0), moments(activation, 1e-14)
    assert float(at_zero.second) == pytest.approx(float(near.second), abs=1e-6)
    assert float(at_zero.slope) == pytest.approx(float(near.slope), abs=1e-6)


@pytest.mark.parametrize(
    ("name", "slope", "at"),
    [
        ("sigmoid", 0.25, 0.0),
        ("tanh", 1.0, 0.0),
        ("gelu", 1.12890, math.sqrt(2)),
        ("silu", 1.09984, 2.3994),
        ("selu", 1.75810, 0.0),
        ("softplus", 1.0, math.inf),
        ("relu", 1.0, math.inf),
    ],
)
def test_steepest_slope_and_its_place(name: str, slope: float, at: float) -> None:
    found = steepest(ACTIVATIONS[name])
    assert found.slope == pytest.approx(slope, abs=6e-6)
    assert found.at == pytest.approx(at, abs=6e-5)


@EVERY
def test_steepest_is_the_rule_s_own(activation: Activation) -> None:
    assert steepest(activation).slope == pytest.approx(activation.steepest, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "bias", "weight", "q"),
    [
        ("sigmoid", 0.0, 103.0, 45.6),
        ("tanh", 0.0, 1.0, 0.0),
        ("tanh", 0.05, 1.76095, 0.570),
        ("relu", 0.0, 2.0, 1.0),
        ("leaky_relu", 0.0, 2 / 1.0001, 1.0),
    ],
)
def test_critical_points(name: str, bias: float, weight: float, q: float) -> None:
    (point,) = critical_points(ACTIVATIONS[name], bias)
    assert point.weight_variance == pytest.approx(weight, rel=1e-4)
    assert point.q == pytest.approx(q, rel=1e-3)
    assert point.bias_variance == pytest.approx(bias, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "weight", "bias"), [("gelu", 1.98306, 0.17292), ("silu", 1.98800, 0.55514)]
)
def test_half_stable_points(name: str, weight: float, bias: float) -> None:
    point = half_stable_point(ACTIVATIONS[name])
    assert point is not None
    assert point.weight_variance == pytest.approx(weight, abs=6e-6)
    assert point.bias_variance == pytest.approx(bias, abs=6e-6)


@pytest.mark.parametrize("bias", [0.0, 0.05, 0.5, 5.0])
def test_softplus_has_no_critical_point(bias: float) -> None:
    assert critical_points(ACTIVATIONS["softplus"], bias) == ()
    assert half_stable_point(ACTIVATIONS["softplus"]) is None
    assert half_stable_point(ACTIVATIONS["relu"]) is None


def test_every_critical_point_is_a_fixed_point_with_unit_slope() -> None:
    for activation in ACTIVATIONS.values():
        for point in critical_points(activation, 0.3):
            q = step(activation, point.q, point.weight_variance, 0.3)
            assert q == pytest.approx(point.q, rel=1e-9)
            assert chi(activation, q, point.weight_variance) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "weight", "bias", "q", "slope", "phase"),
    [
        ("tanh", 25 / 9, 0.0, 1.17848, 1.21, "chaotic"),  # calculate_gain('tanh') = 5/3
        ("tanh", 1.0, 0.0, 0.0, 1.0, "critical"),
        ("tanh", 0.9, 0.0, 0.0, 0.9, "ordered"),
        ("relu", 2.0, 0.0, 1.0, 1.0, "critical"),
        ("relu", 1.0, 0.0, 0.0, 0.5, "ordered"),
        ("relu", 3.0, 0.0, math.inf, 1.5, "chaotic"),
        ("relu", 1.0, 0.5, 1.0, 0.5, "ordered"),
        ("selu", 1.0, 0.0, 1.0, 1.071575, "chaotic"),
    ],
)
def test_fixed_points(  # noqa: PLR0913, PLR0917 (one row of a table)
    name: str, weight: float, bias: float, q: float, slope: float, phase: str
) -> None:
    found = fixed_point(ACTIVATIONS[name], weight, bias)
    assert found.q == pytest.approx(q, rel=2e-5)
    assert found.chi == pytest.approx(slope, abs=5e-4)
    assert found.phase == phase
    assert found.depth_scale == depth_scale(found.chi)


@EVERY
def test_fixed_point_is_where_iterating_ends(activation: Activation) -> None:
    for weight, bias, start in ((0.4, 0.2, 1.0), (1.2, 0.1, 0.01), (0.9, 0.1, 40.0)):
        q = start
        for _ in range(200):
            q = step(activation, q, weight, bias)
        found = fixed_point(activation, weight, bias, start)
        if found.q == math.inf:
            assert q > 1e10
        else:
            assert found.q == pytest.approx(q, rel=1e-6)


def test_depth_scale_and_phase() -> None:
    assert depth_scale(math.exp(-0.25)) == pytest.approx(4)
    assert depth_scale(math.exp(0.25)) == pytest.approx(4)
    assert depth_scale(1.0) == math.inf
    assert depth_scale(0.0) == 0
    assert [phase_of(x) for x in (0.9, 1.0005, 1.1)] == ["ordered", "critical", "chaotic"]


def test_phase_diagram_is_the_fixed_points_of_its_grid() -> None:
    weights = [0.5 + 0.28 * j for j in range(15)]
    biases = [0.08 * i for i in range(10)]
    for name in ("tanh", "relu"):
        diagram = phase_diagram(ACTIVATIONS[name], weights, biases)
        assert diagram.chi.shape == (10, 15)
        for i, j in ((0, 0), (0, 14), (9, 0), (1, 11)):
            found = fixed_point(ACTIVATIONS[name], weights[j], biases[i])
            assert float(diagram.q[i, j]) == pytest.approx(found.q, rel=1e-6)
            assert float(diagram.chi[i, j]) == pytest.approx(found.chi, rel=1e-6)
    with pytest.raises(BadInput, match="σw²"):
        fixed_point(ACTIVATIONS["tanh"], -1.0, 0.0)
    with pytest.raises(BadInput, match="positive"):
        fixed_point(ACTIVATIONS["tanh"], 1.0, 0.0, start=0.0)


@pytest.mark.parametrize("c", [-0.99, -0.3, 0.0, 0.4, 0.9, 0.9999])
def test_correlation_map_of_relu_is_the_arc_cosine_kernel(c: float) -> None:
    by_quadrature = pairs.step(ACTIVATIONS["relu"], 1.7, c, 2.0, 0.0)
    assert by_quadrature == pytest.approx(pairs.arc_cosine(c), abs=1e-10)


@pytest.mark.parametrize("name", ["tanh", "gelu", "sigmoid", "elu"])
def test_correlation_map_s_slope_at_one_is_chi(name: str) -> None:
    activation = ACTIVATIONS[name]
    found = fixed_point(activation, 1.2, 0.3)
    h = 1e-5
    slope = (1 - pairs.step(activation, found.q, 1 - h, 1.2, 0.3)) / h
    assert slope == pytest.approx(found.chi, rel=5e-3)


def test_overlap_by_sampling() -> None:
    draws = torch.randn(2, 400_000, generator=Generator().manual_seed(5), dtype=torch.float64)
    other = 0.6 * draws[0] + 0.8 * draws[1]
    for name in ("tanh", "silu", "selu", "softplus"):
        forward = ACTIVATIONS[name].forward
        products = forward(draws[0] * 2) * forward(other * 2)
        tolerance = 5 * float(products.std()) / math.sqrt(400_000)
        expected = pairs.overlap(ACTIVATIONS[name], 4.0, 0.6)
        assert float(products.mean()) == pytest.approx(expected, abs=tolerance)


def test_chaos_parts_what_order_joins() -> None:
    tanh = ACTIVATIONS["tanh"]
    chaotic = fixed_point(tanh, 3.0, 0.05)
    c = pairs.fixed_correlation(tanh, chaotic.q, 3.0, 0.05)
    assert 0 < c < 0.9
    assert pairs.step(tanh, chaotic.q, c, 3.0, 0.05) == pytest.approx(c, abs=1e-9)
    ordered = fixed_point(tanh, 1.0, 0.05)
    assert pairs.fixed_correlation(tanh, ordered.q, 1.0, 0.05) == 1
    unbiased = fixed_point(tanh, 3.0, 0.0)
    assert pairs.fixed_correlation(tanh, unbiased.q, 3.0, 0.0) == 0


def _fifty(name: str, rule: str, weight_variance: float, bias: float) -> float:
    """Gradient factor of 50 hidden layers of 1024 whose first pre-activations have q = 1."""
    gain = (
        weight_variance if rule == "normal" else 1024 * INITIALIZERS[rule].variance(1024, 1024, STD)
    )
    draw = Draw(std=math.sqrt(weight_variance / 1024), constant=0.0)
    layers = predict(
        INITIALIZERS[rule], ACTIVATIONS[name], (1024,) * 52, draw, (1 - bias) / gain, bias
    )
    assert layers[0].q == pytest.approx(1)
    return gradient_factor(layers)


@pytest.mark.parametrize(
    ("name", "rule", "weight", "bias", "factor"),
    [
        ("relu", "kaiming_normal", 0.0, 0.0, 1.0),
        ("relu", "xavier_uniform", 0.0, 0.0, 0.7071),
        ("tanh", "lecun_normal", 0.0, 0.0, 0.9578),
        ("tanh", "normal", 1.76095, 0.05, 0.9960),
        ("tanh", "normal", 3.0, 0.05, 1.1022),
        ("sigmoid", "xavier_normal", 0.0, 0.0, 0.2355),
        ("selu", "lecun_normal", 0.0, 0.0, 1.0352),
    ],
)
def test_gradient_factor_per_layer(
    name: str, rule: str, weight: float, bias: float, factor: float
) -> None:
    assert _fifty(name, rule, weight, bias) == pytest.approx(factor, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "rule"),
    [("relu", "kaiming_uniform"), ("tanh", "xavier_normal"), ("gelu", "orthogonal")],
)
def test_predictions_hold_in_a_sampled_network(name: str, rule: str) -> None:
    """Eight networks 40-300-200-300-10, backward from random δ with fresh signs."""
    generator, widths = Generator().manual_seed(2), (40, 300, 200, 300, 10)
    activation, nets = ACTIVATIONS[name], 8
    layers = predict(INITIALIZERS[rule], activation, widths, STD)
    forward, backward = torch.zeros(4, nets), torch.zeros(4, nets)
    for net in range(nets):
        h, zs, weights = torch.randn(64, 40, generator=generator).double(), [], []
        for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
            weight = torch.empty(fan_out, fan_in, dtype=torch.float64)
            INITIALIZERS[rule].fill(weight, STD, generator)
            z = h @ weight.t()
            forward[layer, net] = z.square().mean() / layers[layer].q
            h = activation.forward(z)
            zs.append(z)
            weights.append(weight)
        delta = torch.randn(64, 10, generator=generator).double()
        end = delta.square().sum()
        for layer in (2, 1, 0):
            delta = (delta @ weights[layer + 1]) * slopes(activation, zs[layer])
            backward[layer, net] = delta.square().sum() / end / layers[layer].delta
    assert forward.mean(1) == pytest.approx(torch.ones(4), abs=0.1)
    assert backward[:3].mean(1) == pytest.approx(torch.ones(3), abs=0.15)


def test_predictions_of_starts_that_are_not_random() -> None:
    tanh, relu = ACTIVATIONS["tanh"], ACTIVATIONS["relu"]
    widths = (784, 256, 256, 10)
    zero = predict(INITIALIZERS["zeros"], tanh, widths, STD)
    assert [layer.q for layer in zero] == [0, 0, 0]
    assert zero[0].delta == 0
    calibrated = predict(INITIALIZERS["lsuv"], relu, widths, STD, 0.2)
    assert [layer.q for layer in calibrated] == pytest.approx([1, 1, 1])
    with pytest.raises(BadInput, match="constant"):
        predict(INITIALIZERS["constant"], relu, widths, STD)


def test_torch_s_default_shrinks_relu_by_six_a_layer() -> None:
    layers = predict(INITIALIZERS["torch_default"], ACTIVATIONS["relu"], (256,) * 5, STD)
    assert layers[1].q / layers[2].q == pytest.approx(6)


@pytest.mark.parametrize(
    ("widths", "second", "bias"),
    [((784,), 1.0, 0.0), ((784, 0, 10), 1.0, 0.0), ((3, 2), -1.0, 0.0), ((3, 2), 1.0, -0.1)],
)
def test_what_makes_no_network_is_refused(
    widths: tuple[int, ...], second: float, bias: float
) -> None:
    with pytest.raises(BadInput):
        predict(INITIALIZERS["lecun_normal"], ACTIVATIONS["relu"], widths, STD, second, bias)
