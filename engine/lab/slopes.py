"""Slopes of activations at random pre-activations, one by one and multiplied through depth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from engine.rules.activations import ACTIVATIONS, Activation
from engine.theory.moments import moments, slopes, steepest
from engine.theory.quadrature import gaussian
from engine.theory.slopes import flat_parts, log_slope, log_slope_law

AXIS = torch.arange(-80, 81, dtype=torch.float64) / 10  # −8 … 8, step .1, with 0 itself


@dataclass(frozen=True)
class Square:
    """E f² under N(0, q): by quadrature, by sampling, and the sampling's exact standard error."""

    exact: float
    sampled: float
    error: float


@dataclass(frozen=True)
class Portrait:
    """An activation on `AXIS` and under N(0, q)."""

    activation: Activation
    values: Tensor
    slopes: Tensor
    steepest: float
    steepest_at: float
    value_square: Square
    slope_square: Square
    flat: tuple[tuple[float, float], ...]


def portrait(activation: Activation, q: float, normal: Tensor) -> Portrait:
    """Everything about one activation; `normal` are standard normal numbers, any number of them."""
    exact, most = moments(activation, q), steepest(activation)
    z = math.sqrt(q) * normal
    nodes, weights = gaussian()
    nodes = math.sqrt(q) * nodes
    return Portrait(
        activation,
        activation.forward(AXIS),
        slopes(activation, AXIS),
        most.slope,
        most.at,
        _square(float(exact.second), activation.forward(z), activation.forward(nodes), weights),
        _square(float(exact.slope), slopes(activation, z), slopes(activation, nodes), weights),
        flat_parts(activation),
    )


def gradient(activation: Activation) -> Tensor:
    """φ′ on `AXIS` as the chapter takes it: the backward pass of autograd from ones."""
    with torch.enable_grad():
        x = AXIS.clone().requires_grad_()
        (by_autograd,) = torch.autograd.grad(activation.forward(x), x, torch.ones_like(x))
    return by_autograd


def worst_rule() -> float:
    """The largest |rule − autograd| on `AXIS` over all activations that have a rule."""
    return max(
        float((slopes(activation, AXIS) - gradient(activation)).abs().max())
        for activation in ACTIVATIONS.values()
        if activation.derivative is not None
    )


class SlopeProducts:
    """∏ φ′(z_l) through depth for many paths, z_l ~ N(0, q) independent; logarithms are natural."""

    def __init__(self, activation: Activation, q: float, paths: int, generator: Generator) -> None:
        self.activation = activation
        self.q = q
        self.depth = 0
        self.logs = torch.zeros(paths, dtype=torch.float64)
        self.law = log_slope_law(activation, q)
        self._generator = generator

    def deepen(self) -> None:
        """One more layer on every path."""
        z = torch.randn(len(self.logs), generator=self._generator, dtype=torch.float64)
        self.logs += log_slope(self.activation, math.sqrt(self.q) * z)
        self.depth += 1

    def alive(self) -> float:
        """The share of paths whose product is not 0."""
        return float((self.logs > -math.inf).double().mean())

    def log10(self) -> tuple[float, float, float, float]:
        """Mean, 10 %, median and 90 % of log₁₀ of the product; −∞ where paths are dead."""
        ordered = self.logs.sort().values / math.log(10)
        last = len(ordered) - 1
        at = [float(ordered[round(share * last)]) for share in (0.1, 0.5, 0.9)]
        return float(ordered.mean()), at[0], at[1], at[2]


def _square(exact: float, sample: Tensor, at_nodes: Tensor, weights: Tensor) -> Square:
    squares = sample.square()
    variance = float((at_nodes.square() - exact).square() @ weights)
    return Square(exact, float(squares.mean()), math.sqrt(variance / squares.numel()))
