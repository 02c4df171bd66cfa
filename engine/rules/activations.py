"""Activation functions φ, each with its derivative and the saturation it shows in practice.

Forwards are safe under autograd: its derivative equals `Activation.derivative` everywhere, the
kinks at z = 0 included (where torch's convention is taken: relu's slope is 0 there, elu's is 1).
"""

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
FLAT = 0.01  # a unit is saturated where its slope is below this share of the steepest
# Where |φ′| < FLAT·steepest: below the first number, and from the second to the third, around
# the minimum of φ. Roots of φ′(z) = ∓FLAT·steepest, by bisection in float64.
GELU_FLAT = (-3.0216626341, -0.7786016940, -0.7262165994)
SILU_FLAT = (-6.1429157002, -1.3307899905, -1.2295877280)

Elementwise = Callable[["Tensor"], "Tensor"]
Pairwise = Callable[["Tensor", "Tensor"], "Tensor"]


@dataclass(frozen=True)
class Activation:
    """An elementwise function between two layers.

    `forward(z)` is φ(z), for the identity z itself. `derivative(z, h)` is φ′(z) given z and
    h = φ(z), whichever is cheaper, to be read and not written to; it is None where φ has a
    learned parameter, which only autograd handles: `slope` is then what it starts from. `steepest`
    is the largest |φ′|. `dead` names what the column "dead" counts for this activation: units at
    exactly zero, or saturated units whose slope is below 1 % of the steepest; `dead_mask(z, h)`
    is 1 for those and 0 for the others, in the dtype of h. For identity, relu, tanh and sigmoid
    both read h alone, so that h may have overwritten z.
    """

    name: str
    formula: str
    forward: Elementwise
    derivative: Pairwise | None
    steepest: float
    dead: str
    dead_mask: Pairwise
    source: str
    aliases: tuple[str, ...] = ()
    slope: float | None = None


def dead_fraction(activation: Activation, z: Tensor, h: Tensor) -> Tensor:
    """The fraction of entries that `activation` calls dead, given z and h = φ(z).

    A 0-dim tensor on their device, computed without waiting for it.
    """
    return activation.dead_mask(z.detach(), h.detach()).mean()


# Comparisons below write floats in place: torch vectorizes those, while a comparison that makes
# booleans, and reading them back as numbers, costs ten times as much.


def _zero(z: Tensor, h: Tensor) -> Tensor:
    return h.clone().eq_(0)


def _flat_tail_and_minimum(tail: float, low: float, high: float) -> Pairwise:
    def mask(z: Tensor, h: Tensor) -> Tensor:
        near_minimum = (z - (low + high) / 2).abs_().lt_((high - low) / 2)
        return z.clone().lt_(tail).add_(near_minimum)

    return mask


def _torch(name: str, *options: float) -> Elementwise:
    """torch's own kernel, imported when it is first called."""

    def forward(z: Tensor) -> Tensor:
        from torch.nn import functional

        value: Tensor = getattr(functional, name)(z, *options)
        return value

    return forward


def _elu(z: Tensor) -> Tensor:
    positive = z.relu()
    # z − max(z, 0) = min(z, 0), with slope 1 at 0. exp is 15 times as fast as expm1, whose digits
    # below 1e-7 nothing here needs.
    return positive + ((z - positive).exp() - 1)


def _elu_slope(z: Tensor, h: Tensor) -> Tensor:
    return h.clamp_max(0).add_(1)  # for z ≤ 0, φ′ = eᶻ = h + 1; h ≤ 0 exactly there


def _selu(z: Tensor) -> Tensor:
    positive = z.relu()
    return SELU_SCALE * positive + SELU_SCALE * SELU_ALPHA * ((z - positive).exp() - 1)


def _selu_slope(z: Tensor, h: Tensor) -> Tensor:
    below = h.clamp_max(0).add_(SELU_SCALE * SELU_ALPHA)
    return below.add_(_step(z), alpha=SELU_SCALE * (1 - SELU_ALPHA))


def _step(z: Tensor) -> Tensor:
    return z.clone().gt_(0)


def _gelu_slope(z: Tensor, h: Tensor) -> Tensor:
    density = (z * z).mul_(-0.5).exp_().mul_(1 / math.sqrt(2 * math.pi))
    return (z / math.sqrt(2)).erf_().add_(1).mul_(0.5).add_(density.mul_(z))


def _silu_slope(z: Tensor, h: Tensor) -> Tensor:
    s = z.sigmoid()
    return s.add(h).addcmul_(h, s, value=-1)  # s + h·(1 − s)


def _tanh_slope(z: Tensor, h: Tensor) -> Tensor:
    return h.new_ones(()).addcmul(h, h, value=-1)


def _sigmoid_slope(z: Tensor, h: Tensor) -> Tensor:
    return h.addcmul(h, h, value=-1)


_ALL = (
    Activation(
        "identity",
        "z",
        lambda z: z,
        lambda z, h: z.new_ones(()).expand_as(z),
        1.0,
        "exact zeros",
        _zero,
        "the linear network of Saxe et al. 2014",
        ("linear", "none"),
    ),
    Activation(
        "relu",
        "max(z, 0)",
        lambda z: z.relu(),
        lambda z, h: _step(h),
        1.0,
        "units at zero",
        _zero,
        "Nair and Hinton 2010",
    ),
    Activation(
        "leaky_relu",
        f"max(z, {LEAKY_SLOPE}·z)",
        _torch("leaky_relu", LEAKY_SLOPE),
        lambda z, h: _step(z).clamp_min_(LEAKY_SLOPE),
        1.0,
        "exact zeros",
        _zero,
        "Maas et al. 2013",
        ("leaky", "lrelu"),
    ),
    Activation(
        "prelu",
        f"max(z, 0) + a·min(z, 0), a learned from {PRELU_SLOPE}",
        _torch("leaky_relu", PRELU_SLOPE),
        None,
        1.0,
        "exact zeros",
        _zero,
        "He et al. 2015",
        slope=PRELU_SLOPE,
    ),
    Activation(
        "elu",
        "z if z > 0 else eᶻ − 1",
        _elu,
        _elu_slope,
        1.0,
        "saturated below",
        lambda z, h: h.clone().lt_(FLAT - 1),
        "Clevert et al. 2016",
    ),
    Activation(
        "selu",
        "1.0507·(z if z > 0 else 1.6733·(eᶻ − 1))",
        _selu,
        _selu_slope,
        SELU_SCALE * SELU_ALPHA,
        "saturated below",
        lambda z, h: h.clone().lt_((FLAT - 1) * SELU_SCALE * SELU_ALPHA),
        "Klambauer et al. 2017",
    ),
    Activation(
        "gelu",
        "z·Φ(z)",
        _torch("gelu"),
        _gelu_slope,
        1.128904145185155,
        "slope near zero",
        _flat_tail_and_minimum(*GELU_FLAT),
        "Hendrycks and Gimpel 2016",
    ),
    Activation(
        "silu",
        "z·sigmoid(z)",
        _torch("silu"),
        _silu_slope,
        1.099839320128867,
        "slope near zero",
        _flat_tail_and_minimum(*SILU_FLAT),
        "Elfwing et al. 2018",
        ("swish",),
    ),
    Activation(
        "softplus",
        "ln(1 + eᶻ)",
        _torch("softplus", 1.0, 40.0),  # z itself from 40 on, where ln(1 + eᶻ) is z in float64
        lambda z, h: z.sigmoid(),
        1.0,
        "slope near zero",
        lambda z, h: z.clone().lt_(math.log(FLAT / (1 - FLAT))),
        "Dugas et al. 2001",
    ),
    Activation(
        "tanh",
        "tanh(z)",
        lambda z: z.tanh(),
        _tanh_slope,
        1.0,
        "saturated",
        lambda z, h: h.abs().gt_(math.sqrt(1 - FLAT)),
        "LeCun et al. 1998, Efficient BackProp",
    ),
    Activation(
        "sigmoid",
        "1/(1 + e⁻ᶻ)",
        lambda z: z.sigmoid(),
        _sigmoid_slope,
        0.25,
        "saturated",
        lambda z, h: _sigmoid_slope(z, h).lt_(FLAT / 4),
        "Rumelhart et al. 1986",
        ("logistic",),
    ),
)
ACTIVATIONS: dict[str, Activation] = {a.name: a for a in _ALL}
ALIASES: dict[str, str] = {alias: a.name for a in _ALL for alias in a.aliases}
