from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch

from engine.lab.threads import one_thread
from engine.rules.activations import ACTIVATIONS, GELU_FLAT, SILU_FLAT, Activation
from engine.theory.moments import slope_moment, slopes
from engine.theory.quadrature import gaussian_around
from engine.theory.slopes import flat_parts, log_slope, log_slope_law

ALL = list(ACTIVATIONS.values())
LIVING = [a for a in ALL if a.name != "relu"]


@pytest.fixture(autouse=True)
def single_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.mark.parametrize("activation", ALL, ids=lambda a: a.name)
def test_logarithms_of_slopes_are_those_of_the_rules(activation: Activation) -> None:
    z = torch.arange(-60, 61, dtype=torch.float64) / 10
    from_logs = log_slope(activation, z).exp()
    assert torch.allclose(from_logs, slopes(activation, z).abs(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "elu", "selu", "silu", "gelu"])
def test_logarithms_hold_where_slopes_are_rounded_to_nothing(name: str) -> None:
    logs = log_slope(ACTIVATIONS[name], torch.tensor([-60.0, -300.0], dtype=torch.float64))
    assert bool(logs.isfinite().all())
    assert logs[1] < logs[0] < -50


@pytest.mark.parametrize("q", [0.1, 1.0, 16.0])
@pytest.mark.parametrize("activation", LIVING, ids=lambda a: a.name)
def test_laws_of_log_slopes_meet_samples(activation: Activation, q: float) -> None:
    normal = torch.randn(100_000, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    logs = log_slope(activation, math.sqrt(q) * normal)
    law = log_slope_law(activation, q)
    assert law.alive == 1
    assert abs(float(logs.mean()) - law.mean) < 5 * math.sqrt(law.variance / 100_000) + 1e-12
    assert float(logs.var()) == pytest.approx(law.variance, rel=0.05, abs=1e-12)
    # the typical slope is below the root of the mean square
    assert law.mean <= 0.5 * math.log(slope_moment(activation, q)) + 1e-12


@pytest.mark.parametrize(
    ("name", "root"), [("gelu", -0.7517915246935645), ("silu", -1.2784645427610738)]
)
def test_a_logarithm_that_is_singular_costs_no_digits(name: str, root: float) -> None:
    z, weights = gaussian_around(torch.tensor(root, dtype=torch.float64), halvings=40)
    logs = log_slope(ACTIVATIONS[name], z)
    mean = float(logs @ weights)
    law = log_slope_law(ACTIVATIONS[name], 1.0)
    assert law.mean == pytest.approx(mean, abs=1e-9)
    assert law.variance == pytest.approx(float((logs - mean).square() @ weights), abs=1e-9)


def test_closed_forms() -> None:
    leaky = log_slope_law(ACTIVATIONS["leaky_relu"], 2.0)
    assert leaky.mean == pytest.approx(0.5 * math.log(0.01))
    elu = log_slope_law(ACTIVATIONS["elu"], 4.0)
    assert elu.mean == pytest.approx(-2 / math.sqrt(2 * math.pi))  # E min(z, 0)
    relu = log_slope_law(ACTIVATIONS["relu"], 1.0)
    assert relu.mean == -math.inf
    assert relu.alive == pytest.approx(0.5)


def test_flat_parts_are_where_the_rules_say() -> None:
    for name, (tail, low, high) in (("gelu", GELU_FLAT), ("silu", SILU_FLAT)):
        (beyond, end), middle = flat_parts(ACTIVATIONS[name])
        assert beyond == -math.inf
        assert (end, *middle) == pytest.approx((tail, low, high), abs=1e-9)
    assert flat_parts(ACTIVATIONS["relu"]) == ((-math.inf, 0.0),)
    assert flat_parts(ACTIVATIONS["identity"]) == ()
    (_, below), (above, end) = flat_parts(ACTIVATIONS["sigmoid"])
    s = 1 / (1 + math.exp(-above))
    assert s * (1 - s) == pytest.approx(0.0025)
    assert (below, end) == (pytest.approx(-above), math.inf)


@pytest.mark.parametrize("activation", ALL, ids=lambda a: a.name)
def test_flat_parts_hold_the_units_that_count_as_dead(activation: Activation) -> None:
    normal = torch.randn(100_000, dtype=torch.float64, generator=torch.Generator().manual_seed(8))
    z = math.sqrt(8) * normal
    dead = activation.dead_mask(z, activation.forward(z)) > 0
    inside = torch.zeros_like(dead)
    for low, high in flat_parts(activation):
        inside |= (z > low) & (z < high)
    assert torch.equal(inside, dead)


def test_no_path_through_sigmoids_passes_more_than_a_quarter_a_layer() -> None:
    sigmoid = ACTIVATIONS["sigmoid"]
    normal = torch.randn(10, 1000, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    logs = log_slope(sigmoid, normal).sum(0)
    assert sigmoid.steepest == 0.25
    assert float(logs.max()) <= 10 * math.log(0.25)
    assert log_slope_law(sigmoid, 0.5).mean < math.log(0.25)
