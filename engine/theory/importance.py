"""Importance weights between two Gaussians, in closed form.

The source is N(0, 1), the target N(mean, std²), and β = target density / source density. Powers of
β keep the Gaussian form: βᵏ·p is a mass times a Gaussian density, so that every moment is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

_HERMITE = 24  # nodes: exact for polynomials up to degree 47
_LEGENDRE, _PANEL, _REACH = 16, 0.5, 10.0  # nodes per panel, its width, standard deviations


@dataclass(frozen=True)
class Nodes:
    """A measure on the line: ∫ g is Σ weight·g(x). `x` and `weight` are float64 [nodes]."""

    x: Tensor
    weight: Tensor

    def integral(self, values: Tensor) -> Tensor:
        """∫ g for values [..., nodes] of g at the nodes."""
        return values @ self.weight

    @property
    def mass(self) -> float:
        """∫ 1."""
        return float(self.weight.sum())


@dataclass(frozen=True)
class Tilt:
    """βᵏ·p: `mass` = E_p βᵏ times the density of N(mean, variance)."""

    mass: float
    mean: float
    variance: float


@dataclass(frozen=True)
class Shift:
    """Inputs move from N(0, 1) to N(mean, std²), std > 0."""

    mean: float
    std: float

    @property
    def none(self) -> bool:
        """Whether nothing has moved."""
        return self.mean == 0 and self.std == 1

    @property
    def log_ratio(self) -> tuple[float, float, float]:
        """The coefficients of 1, x and x² in ln β.

        For std = 1 these are −mean²/2, mean and 0.
        """
        precision = 1 / self.std**2
        constant = -math.log(self.std) - self.mean**2 * precision / 2
        return constant, self.mean * precision, (1 - precision) / 2

    def log_weight(self, x: Tensor) -> Tensor:
        """ln β at x, any shape."""
        constant, slope, square = self.log_ratio
        return constant + (slope + square * x) * x

    def tilt(self, power: float) -> Tilt | None:
        """βᵏ·p as a Gaussian, None where E_p βᵏ is infinite: from std² = k/(k − 1) on."""
        precision = power / self.std**2 - (power - 1)
        if precision <= 0:
            return None
        variance = 1 / precision
        mean = variance * power * self.mean / self.std**2
        exponent = (mean**2 * precision - power * self.mean**2 / self.std**2) / 2
        exponent += math.log(variance) / 2 - power * math.log(self.std)
        return Tilt(math.exp(exponent) if exponent < 700 else math.inf, mean, variance)

    def moment(self, power: float) -> float:
        """E_p βᵏ, possibly infinite. For std = 1 it is exp(k(k − 1)·mean²/2)."""
        tilt = self.tilt(power)
        return tilt.mass if tilt else math.inf

    @property
    def effective_share(self) -> float:
        """lim ESS/n = 1/E_p β² for ESS = (Σβ)²/Σβ² (Kong 1992); 0 from std² = 2 on.

        It is std·√(2 − std²)·exp(−mean²/(2 − std²)), and exp(−mean²) for std = 1.
        """
        return 1 / self.moment(2)

    def crossings(self, level: float) -> tuple[float, ...]:
        """The x, in order, where β = level > 0 and crosses it; none where β is constant."""
        constant, slope, square = self.log_ratio
        constant -= math.log(level)
        if square == 0:
            return (-constant / slope,) if slope else ()
        root = slope**2 - 4 * square * constant
        if root <= 0:
            return ()
        # the root of larger size first, without cancellation; the other from their product
        large = -(slope + math.copysign(math.sqrt(root), slope)) / 2
        return tuple(sorted((large / square, constant / large)))


@lru_cache(maxsize=1)
def _hermite() -> tuple[Tensor, Tensor]:
    x, weight = np.polynomial.hermite_e.hermegauss(_HERMITE)
    return torch.from_numpy(x), torch.from_numpy(weight / weight.sum())


def gaussian_nodes(mean: float, variance: float, mass: float = 1.0) -> Nodes:
    """`mass` times the density of N(mean, variance); exact for polynomials up to degree 47."""
    x, weight = _hermite()
    return Nodes(mean + math.sqrt(variance) * x, mass * weight)


def source_nodes(shift: Shift, power: int, clip: float = math.inf) -> Nodes | None:
    """min(β, clip)ᵏ·p; None where its mass is infinite, which a clip prevents."""
    if power == 0 or math.isinf(clip):
        tilt = shift.tilt(power)
        if tilt is None or math.isinf(tilt.mass):
            return None
        return gaussian_nodes(tilt.mean, tilt.variance, tilt.mass)
    x, weight = panels(shift.crossings(clip), -_REACH, _REACH)
    log_weight = shift.log_weight(x).clamp(max=math.log(clip))
    return Nodes(x, weight * torch.exp(power * log_weight - x * x / 2) / math.sqrt(2 * math.pi))


def both_panels(shift: Shift, kinks: tuple[float, ...] = ()) -> tuple[Tensor, Tensor]:
    """`panels` wide enough for both densities."""
    low = min(-_REACH, shift.mean - _REACH * shift.std)
    return panels(kinks, low, max(_REACH, shift.mean + _REACH * shift.std))


def panels(kinks: tuple[float, ...], low: float, high: float) -> tuple[Tensor, Tensor]:
    """Gauss–Legendre nodes and weights on (low, high) for what is smooth but for these kinks."""
    inner = [kink for kink in kinks if low < kink < high]
    edges = np.unique([*np.arange(low, high, _PANEL), high, *inner])
    nodes, weights = np.polynomial.legendre.leggauss(_LEGENDRE)
    half = np.diff(edges)[:, None] / 2
    x = edges[:-1, None] + half * (1 + nodes)
    return torch.from_numpy(x.ravel()), torch.from_numpy((half * weights).ravel())
