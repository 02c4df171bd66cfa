"""The product of slopes φ′(z₁)·…·φ′(z_L) that a gradient meets on its way back, weights aside.

ln∏|φ′| is a sum over layers: with pre-activations N(0, q) its mean is L·E ln|φ′(√q z)|, below
½L·ln E φ′² (Jensen), and it never exceeds L·ln max|φ′|: for the sigmoid, .25ᴸ at best (Hochreiter
1991). Natural logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.rules.activations import SELU_ALPHA, SELU_SCALE, Activation
from engine.theory.moments import slopes
from engine.theory.quadrature import SINGULARITY, gaussian_around
from engine.theory.special import normal_cdf

LogSlope = Callable[[Tensor], Tensor]
CELLS = 200_000  # of [−12, 12] standard deviations, to find how much of it is saturated
ROOTS = {"gelu": -0.7517915247, "silu": -1.2784645428}  # where φ′ = 0, the minimum of φ


@dataclass(frozen=True)
class LogSlopeLaw:
    """Mean and variance per layer of ln|φ′(√q z)|; (−∞, 0) where φ′ is 0 with probability > 0."""

    mean: float
    variance: float


def log_slope_law(activation: Activation, q: float) -> LogSlopeLaw:
    """E and Var of ln|φ′(√q z)|, z ~ N(0, 1), q > 0, to about 1e-6.

    relu has slope 0 for half of all z, so its logarithm has no finite mean: half of the units pass
    nothing at all, the others everything.
    """
    if activation.name == "relu":
        return LogSlopeLaw(-math.inf, 0.0)
    deviation = math.sqrt(q)
    centre = ROOTS.get(activation.name, 0.0) / deviation
    z, weights = gaussian_around(torch.tensor(centre, dtype=torch.float64), SINGULARITY)
    logarithm = log_slopes(activation, deviation * z)
    mean = float(logarithm @ weights)
    return LogSlopeLaw(mean, float((logarithm - mean).square() @ weights))


def log_slopes(activation: Activation, z: Tensor) -> Tensor:
    """ln|φ′(z)|, finite also where φ′ itself is rounded to zero."""
    if activation.name in _STABLE:
        return _STABLE[activation.name](z)
    return slopes(activation, z).abs().log()


def best_product(activation: Activation, layers: int) -> float:
    """(max|φ′|)ᴸ: no path through L layers passes more. .25ᴸ for the sigmoid."""
    return activation.steepest**layers


def saturated_fraction(activation: Activation, q: float) -> float:
    """The probability that a unit with z ~ N(0, q), q > 0, is what its activation calls dead.

    To about 1e-4. Exact zeros have a probability only for relu, where it is ½.
    """
    z = torch.linspace(-12, 12, CELLS + 1, dtype=torch.float64)
    middle = (z[1:] + z[:-1]) / 2 * math.sqrt(q)
    mask = activation.dead_mask(middle, activation.forward(middle))
    inside = torch.special.ndtr(z[1:]) - torch.special.ndtr(z[:-1])
    return min(1.0, float(mask @ inside) + 2 * normal_cdf(-12.0) * float(mask[0]))


def _ln_sigmoid(z: Tensor) -> Tensor:
    return torch.nn.functional.logsigmoid(z)


def _sigmoid(z: Tensor) -> Tensor:
    return _ln_sigmoid(z) + _ln_sigmoid(-z)


def _tanh(z: Tensor) -> Tensor:
    return 2 * (math.log(2) - z.abs() + _ln_sigmoid(2 * z.abs()))


def _elu(z: Tensor) -> Tensor:
    return z.clamp_max(0)


def _selu(z: Tensor) -> Tensor:
    return math.log(SELU_SCALE) + torch.where(z > 0, 0.0, math.log(SELU_ALPHA) + z)


def _gelu(z: Tensor) -> Tensor:
    """φ′ = Φ + zN(z) = N(z)·[z + √(π/2)·erfcx(−z/√2)], N the density; direct where z > 0."""
    left = z.clamp_max(0)
    scaled = math.sqrt(math.pi / 2) * torch.special.erfcx(-left / math.sqrt(2))
    tail = (left + scaled).abs().log() - left * left / 2 - 0.5 * math.log(2 * math.pi)
    direct = torch.special.ndtr(z) + z * torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return torch.where(z > 0, direct.clamp_min(0.5).log(), tail)


def _silu(z: Tensor) -> Tensor:
    return _ln_sigmoid(z) + (1 + z * torch.sigmoid(-z)).abs().log()


_STABLE: dict[str, LogSlope] = {
    "sigmoid": _sigmoid,
    "softplus": _ln_sigmoid,
    "tanh": _tanh,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": _silu,
}
