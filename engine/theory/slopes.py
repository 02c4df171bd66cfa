"""Slopes of an activation on a logarithmic scale, and where there is next to none.

Through depth slopes multiply, so that the typical product follows E ln|φ′|, which is at most
½ ln E φ′² (Jensen); the variance map speaks of the latter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from engine.rules.activations import FLAT, SELU_ALPHA, SELU_SCALE, Activation
from engine.theory.moments import RANGE, SPACING, slopes
from engine.theory.quadrature import SINGULARITY, gaussian, gaussian_around

BISECTIONS = 60
SURE = 1e-6  # slopes that are 0 with a probability below this are rounding


@dataclass(frozen=True)
class LogSlope:
    """ln|φ′(z)| for z ~ N(0, q): its mean and variance, and the probability that φ′ is not 0.

    Where that is below 1 the mean is −∞ and the variance NaN.
    """

    mean: float
    variance: float
    alive: float


def log_slope(activation: Activation, z: Tensor) -> Tensor:
    """ln|φ′(z)|, of the shape of z, also where φ′ itself is lost in rounding; −∞ where it is 0."""
    special = _LOG_SLOPES.get(activation.name)
    return special(z) if special else slopes(activation, z).abs().log()


def log_slope_law(activation: Activation, q: float) -> LogSlope:
    """Mean and variance of ln|φ′| under N(0, q), q > 0, by quadrature to about 1e-9."""
    roots = _changes(lambda z: slopes(activation, z) > 0)
    if len(roots) == 1 and activation.name in _LOG_SLOPES:
        # ln|φ′| is singular where φ has its minimum
        at = torch.tensor(roots[0] / math.sqrt(q), dtype=torch.float64)
        z, weights = gaussian_around(at, SINGULARITY)
    else:
        z, weights = gaussian()
    logs = log_slope(activation, math.sqrt(q) * z)
    alive = float(weights[logs > -math.inf].sum())
    if alive < 1 - SURE:
        return LogSlope(-math.inf, math.nan, alive)
    mean = float(logs @ weights)
    return LogSlope(mean, float((logs - mean).square() @ weights), 1.0)


def flat_parts(activation: Activation) -> tuple[tuple[float, float], ...]:
    """The intervals of z where |φ′| < 1 % of the steepest, ends to 1e-12, ±∞ for no end."""

    def flat(z: Tensor) -> Tensor:
        return slopes(activation, z).abs() < FLAT * activation.steepest

    ends = _changes(flat)
    if bool(flat(torch.tensor([-RANGE], dtype=torch.float64))):
        ends = [-math.inf, *ends]
    if bool(flat(torch.tensor([RANGE], dtype=torch.float64))):
        ends = [*ends, math.inf]
    return tuple(zip(ends[::2], ends[1::2], strict=True))


def _changes(condition: Callable[[Tensor], Tensor]) -> list[float]:
    """Where a condition begins or ceases to hold on ±RANGE."""
    grid = torch.arange(-RANGE, RANGE + SPACING, SPACING, dtype=torch.float64) + SPACING / 3
    holds = condition(grid)
    cells = (holds[1:] != holds[:-1]).nonzero().flatten()
    low, high, at_low = grid[cells], grid[cells + 1], holds[cells]
    for _ in range(BISECTIONS if len(cells) else 0):
        middle = (low + high) / 2
        same = condition(middle) == at_low
        low, high = torch.where(same, middle, low), torch.where(same, high, middle)
    return [0.0 if abs(end) < 1e-12 else float(end) for end in (low + high) / 2]


def _tanh(z: Tensor) -> Tensor:
    return 2 * (math.log(2) - z.abs() - (-2 * z.abs()).exp().log1p())


def _selu(z: Tensor) -> Tensor:
    below = math.log(SELU_SCALE * SELU_ALPHA) + z
    return torch.where(z > 0, math.log(SELU_SCALE), below)


def _silu(z: Tensor) -> Tensor:
    return logsigmoid(z) + (1 + z * (-z).sigmoid()).abs().log()


def _gelu(z: Tensor) -> Tensor:
    below: Tensor = torch.special.log_ndtr(z)
    mills = (-0.5 * z * z - 0.5 * math.log(2 * math.pi) - below).exp()
    return below + (1 + z * mills).abs().log()


_LOG_SLOPES: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": lambda z: logsigmoid(z) + logsigmoid(-z),
    "tanh": _tanh,
    "softplus": logsigmoid,
    "elu": lambda z: z.clamp_max(0),
    "selu": _selu,
    "silu": _silu,
    "gelu": _gelu,
}
