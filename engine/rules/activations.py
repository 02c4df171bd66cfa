"""Activation functions φ, each with its derivative and the saturation it shows in practice."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
LEAKY_SLOPE = 0.01
PRELU_SLOPE = 0.25


@dataclass(frozen=True)
class Activation:
    """An elementwise function between two layers.

    `forward(z)` is φ(z). `derivative(z, h)` is φ′(z) given z and h = φ(z), whichever is cheaper;
    it is None where φ has a learned parameter, which only autograd handles. `dead` names what
    the column "dead" counts for this activation: units at exactly zero, or saturated units whose
    slope is below 1 % of the steepest.
    """

    name: str
    formula: str
    forward: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor, Tensor], Tensor] | None
    dead: str
    source: str
    aliases: tuple[str, ...] = ()


def _step(z: Tensor) -> Tensor:
    return (z > 0).to(z.dtype)


def _leaky(z: Tensor) -> Tensor:
    return z.clamp_min(0).add_(z.clamp_max(0), alpha=LEAKY_SLOPE)


def _elu_slope(z: Tensor, h: Tensor) -> Tensor:
    return h.clamp_max(0).add_(1)  # for z ≤ 0, φ′ = eᶻ = h + 1; h ≤ 0 exactly there


def _selu(z: Tensor) -> Tensor:
    return z.clamp_min(0).add_(z.clamp_max(0).expm1_(), alpha=SELU_ALPHA).mul_(SELU_SCALE)


def _selu_slope(z: Tensor, h: Tensor) -> Tensor:
    below = h.clamp_max(0).add_(SELU_SCALE * SELU_ALPHA)
    return below.where(z <= 0, below.new_full((), SELU_SCALE))


def _gelu(z: Tensor) -> Tensor:
    return (z / math.sqrt(2)).erf_().add_(1).mul_(z).mul_(0.5)


def _gelu_slope(z: Tensor, h: Tensor) -> Tensor:
    density = (z * z).mul_(-0.5).exp_().mul_(1 / math.sqrt(2 * math.pi))
    return (z / math.sqrt(2)).erf_().add_(1).mul_(0.5).add_(density.mul_(z))


def _silu_slope(z: Tensor, h: Tensor) -> Tensor:
    s = z.sigmoid()
    return s + h * (1 - s)


def _softplus(z: Tensor) -> Tensor:
    return z.abs().neg_().exp_().log1p_().add_(z.clamp_min(0))


def _prelu(z: Tensor) -> Tensor:
    return z.clamp_min(0).add_(z.clamp_max(0), alpha=PRELU_SLOPE)


_ALL = (
    Activation(
        "identity",
        "z",
        lambda z: z,
        lambda z, h: z.new_ones(()).expand_as(z),
        "exact zeros",
        "the linear network of Saxe et al. 2014",
        ("linear", "none"),
    ),
    Activation(
        "relu",
        "max(z, 0)",
        lambda z: z.clamp_min(0),
        lambda z, h: _step(h),
        "units at zero",
        "Nair and Hinton 2010",
    ),
    Activation(
        "leaky_relu",
        f"max(z, {LEAKY_SLOPE}·z)",
        _leaky,
        lambda z, h: _step(z).mul_(1 - LEAKY_SLOPE).add_(LEAKY_SLOPE),
        "exact zeros",
        "Maas et al. 2013",
        ("leaky", "lrelu"),
    ),
    Activation(
        "prelu",
        f"max(z, 0) + a·min(z, 0), a learned from {PRELU_SLOPE}",
        _prelu,
        None,
        "exact zeros",
        "He et al. 2015",
    ),
    Activation(
        "elu",
        "z if z > 0 else eᶻ − 1",
        lambda z: z.clamp_min(0).add_(z.clamp_max(0).expm1_()),
        _elu_slope,
        "saturated below",
        "Clevert et al. 2016",
    ),
    Activation(
        "selu",
        "1.0507·(z if z > 0 else 1.6733·(eᶻ − 1))",
        _selu,
        _selu_slope,
        "saturated below",
        "Klambauer et al. 2017",
    ),
    Activation(
        "gelu",
        "z·Φ(z)",
        _gelu,
        _gelu_slope,
        "slope near zero",
        "Hendrycks and Gimpel 2016",
    ),
    Activation(
        "silu",
        "z·sigmoid(z)",
        lambda z: z.sigmoid().mul_(z),
        _silu_slope,
        "slope near zero",
        "Elfwing et al. 2018",
        ("swish",),
    ),
    Activation(
        "softplus",
        "ln(1 + eᶻ)",
        _softplus,
        lambda z, h: z.sigmoid(),
        "slope near zero",
        "Dugas et al. 2001",
    ),
    Activation(
        "tanh",
        "tanh(z)",
        lambda z: z.tanh(),
        lambda z, h: (h * h).neg_().add_(1),
        "saturated",
        "LeCun et al. 1998, Efficient BackProp",
    ),
    Activation(
        "sigmoid",
        "1/(1 + e⁻ᶻ)",
        lambda z: z.sigmoid(),
        lambda z, h: (h * h).neg_().add_(h),
        "saturated",
        "Rumelhart et al. 1986",
        ("logistic",),
    ),
)
ACTIVATIONS: dict[str, Activation] = {a.name: a for a in _ALL}
ALIASES: dict[str, str] = {alias: a.name for a in _ALL for alias in a.aliases}
