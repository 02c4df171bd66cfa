"""Every initializer against the moments and bounds of its formula, within five sigma."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from engine.rules.initializers import ALIASES, INITIALIZERS, Draw
from engine.schema import canonical

FAN_IN, FAN_OUT = 784, 256
ENTRIES = FAN_IN * FAN_OUT
DRAW = Draw(std=0.01, constant=0.3)
UNIFORM_BOUNDS = {
    "xavier_uniform": math.sqrt(6 / (FAN_IN + FAN_OUT)),
    "kaiming_uniform": math.sqrt(6 / FAN_IN),
    "kaiming_uniform_fan_out": math.sqrt(6 / FAN_OUT),
    "torch_default": 1 / math.sqrt(FAN_IN),
}
NORMAL_STDS = {
    "normal": 0.01,
    "xavier_normal": math.sqrt(2 / (FAN_IN + FAN_OUT)),
    "kaiming_normal": math.sqrt(2 / FAN_IN),
    "kaiming_normal_fan_out": math.sqrt(2 / FAN_OUT),
    "lecun_normal": 1 / math.sqrt(FAN_IN),
}
RANDOM = [*UNIFORM_BOUNDS, *NORMAL_STDS, "orthogonal", "lsuv"]


def drawn(name: str, fan_out: int = FAN_OUT, fan_in: int = FAN_IN, seed: int = 0) -> Tensor:
    weight = torch.empty(fan_out, fan_in)
    INITIALIZERS[name].fill(weight, DRAW, torch.Generator().manual_seed(seed))
    return weight


@pytest.mark.parametrize(("name", "bound"), UNIFORM_BOUNDS.items())
def test_uniform_rules_fill_their_interval(name: str, bound: float) -> None:
    weight = drawn(name).double()
    variance = bound**2 / 3
    assert weight.abs().max().item() <= bound * (1 + 1e-6)
    assert weight.abs().max().item() > bound * (1 - 1e-3)
    assert weight.mean().item() == pytest.approx(0, abs=5 * math.sqrt(variance / ENTRIES))
    # a uniform law has kurtosis 9/5, so its sample variance has the relative variance 4/5/n
    assert weight.var().item() == pytest.approx(variance, rel=5 * math.sqrt(0.8 / ENTRIES))


@pytest.mark.parametrize(("name", "std"), NORMAL_STDS.items())
def test_normal_rules_have_their_moments(name: str, std: float) -> None:
    weight = drawn(name).double() / std
    assert weight.mean().item() == pytest.approx(0, abs=5 / math.sqrt(ENTRIES))
    assert weight.var().item() == pytest.approx(1, rel=5 * math.sqrt(2 / ENTRIES))
    assert (weight**4).mean().item() == pytest.approx(3, abs=5 * math.sqrt(96 / ENTRIES))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_stated_variance_is_that_of_an_entry(name: str) -> None:
    weight = drawn(name).double()
    stated = INITIALIZERS[name].variance(FAN_IN, FAN_OUT, DRAW)
    assert weight.var().item() == pytest.approx(stated, rel=5 * math.sqrt(2 / ENTRIES), abs=1e-12)


def test_constants_are_exact() -> None:
    assert torch.equal(drawn("zeros"), torch.zeros(FAN_OUT, FAN_IN))
    assert torch.equal(drawn("constant"), torch.full((FAN_OUT, FAN_IN), 0.3))


@pytest.mark.parametrize("shape", [(64, 64), (256, 784), (784, 100), (10, 1), (1, 10), (1, 1)])
@pytest.mark.parametrize("name", ["orthogonal", "lsuv"])
def test_orthogonal_keeps_lengths(name: str, shape: tuple[int, int]) -> None:
    values = torch.linalg.svdvals(drawn(name, *shape))
    torch.testing.assert_close(values, torch.ones(min(shape)), rtol=0, atol=1e-5)


def test_orthogonal_is_drawn_without_preference() -> None:
    """Under Haar's law tr Q has mean 0 and variance 1; bare QR leaves a negative diagonal."""
    generator = torch.Generator().manual_seed(0)
    total = 0.0
    for _ in range(400):
        weight = torch.empty(4, 4)
        INITIALIZERS["orthogonal"].fill(weight, DRAW, generator)
        total += weight.trace().item()
    assert total / 400 == pytest.approx(0, abs=5 / math.sqrt(400))


def test_xavier_is_a_compromise() -> None:
    """Forward 2·in/(in + out), backward 2·out/(in + out): both 1 only for equal fans."""
    variance = INITIALIZERS["xavier_normal"].variance(784, 256, DRAW)
    assert 784 * variance == pytest.approx(1.508, abs=1e-3)
    assert 256 * variance == pytest.approx(0.492, abs=1e-3)


def test_torch_default_is_a_sixth_of_he() -> None:
    default = INITIALIZERS["torch_default"].variance(784, 256, DRAW)
    assert INITIALIZERS["kaiming_normal"].variance(784, 256, DRAW) == pytest.approx(6 * default)


def test_torch_default_is_what_a_linear_layer_does() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = torch.nn.Linear(FAN_IN, FAN_OUT).weight
    assert torch.equal(drawn("torch_default", seed=0), theirs)


@pytest.mark.parametrize("name", RANDOM)
def test_the_generator_alone_decides(name: str) -> None:
    untouched = torch.get_rng_state()
    assert torch.equal(drawn(name, 20, 30, seed=1), drawn(name, 20, 30, seed=1))
    assert not torch.equal(drawn(name, 20, 30, seed=1), drawn(name, 20, 30, seed=2))
    assert torch.equal(torch.get_rng_state(), untouched)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("he", "kaiming_normal"),
        ("He-Uniform", "kaiming_uniform"),
        ("xavier", "xavier_uniform"),
        ("glorot normal", "xavier_normal"),
        ("lecun", "lecun_normal"),
        ("pytorch", "torch_default"),
        ("gaussian", "normal"),
    ],
)
def test_aliases_lead_to_the_rule(alias: str, name: str) -> None:
    assert canonical(alias, INITIALIZERS, ALIASES) == name


def test_no_alias_hides_another_rule() -> None:
    aliases = [alias for rule in INITIALIZERS.values() for alias in rule.aliases]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & set(INITIALIZERS)
