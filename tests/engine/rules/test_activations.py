"""Every activation against torch's function, its derivative, and what it calls dead."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.rules.activations import ACTIVATIONS, ALIASES, Activation, dead_fraction
from engine.schema import canonical

REFERENCES: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda z: z,
    "relu": functional.relu,
    "leaky_relu": lambda z: functional.leaky_relu(z, 0.01),
    "prelu": lambda z: functional.prelu(z, z.new_full((1,), 0.25)),
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": lambda z: z * torch.special.ndtr(z),
    "silu": lambda z: z * torch.sigmoid(z),
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),
    "tanh": torch.tanh,
    "sigmoid": lambda z: 1 / (1 + torch.exp(-z)),
}
TOLERANCES = {torch.float32: 1e-6, torch.float64: 1e-12}
KINKED = {"relu", "leaky_relu", "prelu", "elu", "selu"}
BY_SLOPE = ("elu", "selu", "gelu", "silu", "softplus", "tanh", "sigmoid")
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
every_dtype = pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
differentiable = pytest.mark.parametrize(
    "activation", [a for a in ACTIVATIONS.values() if a.derivative], ids=lambda a: a.name
)


def slope(activation: Activation, z: Tensor) -> Tensor:
    assert activation.derivative is not None
    return activation.derivative(z, activation.forward(z))


def grid(dtype: torch.dtype) -> Tensor:
    """The chapter's range, both zeros, and what lies far out."""
    far = torch.tensor([-100.0, -45.0, -30.0, -21.0, -0.0, 21.0, 30.0, 45.0, 100.0], dtype=dtype)
    return torch.cat([torch.linspace(-8, 8, 1601, dtype=dtype), far])


@every_dtype
@every_activation
def test_value_is_that_of_its_formula(activation: Activation, dtype: torch.dtype) -> None:
    z = grid(dtype)
    torch.testing.assert_close(
        activation.forward(z), REFERENCES[activation.name](z), rtol=1e-6, atol=TOLERANCES[dtype]
    )


@every_dtype
@differentiable
def test_derivative_is_autograd_s(activation: Activation, dtype: torch.dtype) -> None:
    z = grid(dtype).requires_grad_()
    h = activation.forward(z)
    (by_autograd,) = torch.autograd.grad(h.sum(), z)
    by_rule = slope(activation, z.detach())
    torch.testing.assert_close(by_rule, by_autograd, rtol=0, atol=TOLERANCES[dtype])


@every_activation
def test_autograd_agrees_with_finite_differences(activation: Activation) -> None:
    z = torch.linspace(-4, 4, 80, dtype=torch.float64).requires_grad_()  # 0 is not among them
    (by_autograd,) = torch.autograd.grad(activation.forward(z).sum(), z)
    step, at = 1e-5, z.detach()
    by_difference = (activation.forward(at + step) - activation.forward(at - step)) / (2 * step)
    torch.testing.assert_close(by_autograd, by_difference, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", sorted(KINKED))
def test_slope_at_a_kink_is_torch_s(name: str) -> None:
    ours = torch.zeros(1, requires_grad=True)
    theirs = torch.zeros(1, requires_grad=True)
    ACTIVATIONS[name].forward(ours).backward()
    REFERENCES[name](theirs).backward()
    assert torch.equal(ours.grad, theirs.grad)


@every_activation
def test_nothing_given_is_written_to(activation: Activation) -> None:
    z = grid(torch.float32)
    h = activation.forward(z)
    z_before, h_before = z.clone(), h.clone()
    activation.forward(z)
    if activation.derivative:
        activation.derivative(z, h)
    dead_fraction(activation, z, h)
    assert torch.equal(z, z_before)
    assert torch.equal(h, h_before)


@differentiable
def test_steepest_is_the_largest_slope(activation: Activation) -> None:
    z = torch.linspace(-30, 30, 600_001, dtype=torch.float64)
    assert slope(activation, z).abs().max().item() == pytest.approx(activation.steepest, abs=1e-4)


@pytest.mark.parametrize("name", BY_SLOPE)
def test_saturated_means_a_slope_below_one_percent_of_the_steepest(name: str) -> None:
    activation = ACTIVATIONS[name]
    z = torch.linspace(-12, 12, 240_001, dtype=torch.float64)
    flat = slope(activation, z).abs() < 0.01 * activation.steepest
    assert 0 < flat.sum() < z.numel()
    assert torch.equal(activation.dead_mask(z, activation.forward(z)) == 1, flat)


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - set(BY_SLOPE)))
def test_otherwise_dead_means_exactly_zero(name: str) -> None:
    activation = ACTIVATIONS[name]
    z = torch.tensor([-2.0, -1e-3, 0.0, 0.0, 1e-3, 2.0])
    fraction = dead_fraction(activation, z, activation.forward(z))
    assert fraction.item() == pytest.approx(4 / 6 if name == "relu" else 2 / 6)


@pytest.mark.parametrize("name", ["identity", "relu", "tanh", "sigmoid"])
def test_some_rules_need_no_z(name: str) -> None:
    """What lets the hand-written step compute h in the memory of z."""
    activation = ACTIVATIONS[name]
    z = grid(torch.float32)
    h = activation.forward(z)
    assert activation.derivative is not None
    assert torch.equal(activation.derivative(h, h), activation.derivative(z, h))
    assert torch.equal(activation.dead_mask(h, h), activation.dead_mask(z, h))


def test_dead_fraction_stays_a_tensor_outside_the_graph() -> None:
    z = torch.randn(7, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    fraction = dead_fraction(ACTIVATIONS["relu"], z, z.relu())
    assert fraction.shape == ()
    assert not fraction.requires_grad
    assert fraction.item() == pytest.approx((z <= 0).sum().item() / 35)


@pytest.mark.parametrize(
    ("name", "second_moment", "slope_moment"),
    [
        ("sigmoid", 0.29338, 0.04484),
        ("tanh", 0.39429, 0.46440),
        ("relu", 0.5, 0.5),
        ("gelu", 0.42522, 0.45585),
        ("silu", 0.35578, 0.37948),
        ("selu", 1.0, 1.071575),
        ("softplus", 0.92125, 0.29338),
    ],
)
def test_moments_under_a_standard_normal(
    name: str, second_moment: float, slope_moment: float
) -> None:
    z = torch.linspace(-12, 12, 240_001, dtype=torch.float64)
    density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    square = torch.trapezoid(ACTIVATIONS[name].forward(z) ** 2 * density, z).item()
    slopes = torch.trapezoid(slope(ACTIVATIONS[name], z) ** 2 * density, z).item()
    assert square == pytest.approx(second_moment, abs=2e-5)
    assert slopes == pytest.approx(slope_moment, abs=1e-4)


def test_aliases_lead_to_the_rule() -> None:
    for alias, name in [("swish", "silu"), ("Leaky-ReLU", "leaky_relu"), ("linear", "identity")]:
        assert canonical(alias, ACTIVATIONS, ALIASES) == name
    assert not set(ALIASES) & set(ACTIVATIONS)


def test_rules_settings_and_presets_come_without_torch() -> None:
    modules = "engine.rules.activations, engine.rules.initializers, engine.config, engine.presets"
    heavy = "[m for m in ('torch', 'numpy') if m in sys.modules]"
    code = f"import sys, {modules}; sys.exit(str({heavy}) if {heavy} else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
