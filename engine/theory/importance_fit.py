"""What a line fitted by weighted least squares does on the target: exact limits, and order 1/n.

A line a + b·x is fitted to y = f(x) + noise, with x from the source and weights w(x). Its limit θ*
solves E_p[w·X(f − Xᵀθ)] = 0, X = (1, x). With A = E_p wXXᵀ, r = f − Xᵀθ* and n examples

    Cov θ̂ = A⁻¹ E_p[w²(r² + noise²)XXᵀ] A⁻¹/n              (the sandwich; White 1980, 1982)
    E θ̂ − θ* = −A⁻¹ E_p[w²·r·(XᵀA⁻¹X)·X]/n

up to order n⁻²; weights that are estimated add what is in `importance_domain`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.theory.importance import Nodes, Shift, gaussian_nodes

SIGMAS = 5.0


def polynomial(coefficients: Sequence[float], x: Tensor) -> Tensor:
    """Σ cₖ·xᵏ at x, any shape."""
    value = torch.zeros_like(x)
    for coefficient in reversed(coefficients):
        value = value * x + coefficient
    return value


def best_line(coefficients: Sequence[float], mean: float, variance: float) -> tuple[float, float]:
    """The line a + b·x nearest to a polynomial in mean square under N(mean, variance).

    By Stein's lemma b = E f′, and a = E f − b·mean.
    """
    slopes = [k * c for k, c in enumerate(coefficients)][1:]
    nodes = gaussian_nodes(mean, variance)
    slope = float(nodes.integral(polynomial(slopes, nodes.x)))
    return float(nodes.integral(polynomial(coefficients, nodes.x))) - slope * mean, slope


@dataclass(frozen=True)
class Task:
    """What is fitted: the polynomial's coefficients, the label noise's std, the shift."""

    coefficients: tuple[float, ...]
    noise: float
    shift: Shift

    def target(self) -> Nodes:
        """The density of the target."""
        return gaussian_nodes(self.shift.mean, self.shift.std**2)

    def risk(self, line: tuple[float, float]) -> float:
        """E (y − a − b·x)² on the target, noise included."""
        return self.error_moment(line, 2) + self.noise**2

    def error_moment(self, line: tuple[float, float], power: int) -> float:
        """E (f − a − b·x)ᵖ on the target; exact while p times the degree is at most 47."""
        nodes = self.target()
        return float(nodes.integral(residuals(self, line, nodes.x).pow(power)))


@dataclass(frozen=True)
class FitLaw:
    """The law of a fitted line and of its target MSE.

    `line` is the limit θ*, `bias` and `covariance` those of θ̂ to order 1/n; `limit` is the MSE of
    θ*, `mean` and `variance` those of θ̂'s MSE (over training sets).
    """

    line: tuple[float, float]
    bias: tuple[float, float]
    covariance: Tensor
    limit: float
    mean: float
    variance: float

    def tolerance(self, runs: int) -> float:
        """Five sigma of the MSE's mean over `runs` training sets."""
        return SIGMAS * math.sqrt(self.variance / runs)

    def slope_tolerance(self, runs: int) -> float:
        """Five sigma of the slope's mean."""
        return SIGMAS * math.sqrt(float(self.covariance[1, 1]) / runs)


def design(x: Tensor) -> Tensor:
    """X = (1, x) at the nodes, [2, nodes]."""
    return torch.stack([torch.ones_like(x), x])


def gram(nodes: Nodes, values: Tensor | None = None) -> Tensor:
    """∫ g·XXᵀ, [2, 2]."""
    rows = design(nodes.x)
    weight = nodes.weight if values is None else nodes.weight * values
    return (rows * weight) @ rows.T


def limit_line(task: Task, once: Nodes) -> tuple[float, float]:
    """θ* for weights whose measure w·p is `once`."""
    right = design(once.x) @ (once.weight * polynomial(task.coefficients, once.x))
    a, b = torch.linalg.solve(gram(once), right).tolist()
    return a, b


def residuals(task: Task, line: tuple[float, float], x: Tensor) -> Tensor:
    """r = f − Xᵀθ*."""
    return polynomial(task.coefficients, x) - line[0] - line[1] * x


def fit_law(task: Task, once: Nodes, twice: Nodes, examples: int) -> FitLaw:
    """The law for `examples` examples whose weights are known: measures w·p and w²·p."""
    line = limit_line(task, once)
    inverse = torch.linalg.inv(gram(once))
    error = residuals(task, line, twice.x)
    rows = design(twice.x)
    leverage = ((inverse @ rows) * rows).sum(0)
    bias = -inverse @ (rows @ (twice.weight * error * leverage)) / examples
    middle = gram(twice, error.square() + task.noise**2)
    return law_of(task, line, inverse @ middle @ inverse / examples, bias)


def law_of(task: Task, line: tuple[float, float], covariance: Tensor, bias: Tensor) -> FitLaw:
    """The law of the target MSE from that of θ̂ ~ N(θ* + bias, covariance)."""
    target = gram(task.target())
    best = torch.tensor(limit_line(task, task.target()), dtype=torch.float64)
    gradient = 2 * target @ (torch.tensor(line, dtype=torch.float64) - best)
    product = target @ covariance
    limit = task.risk(line)
    mean = limit + float(gradient @ bias) + float(product.trace())
    variance = float(gradient @ covariance @ gradient) + 2 * float((product @ product).trace())
    pair = (float(bias[0]), float(bias[1]))
    return FitLaw(line, pair, covariance, limit, mean, variance)


def unweighted_excess(shift: Shift, noise: float, examples: int) -> float:
    """Exactly, for a well-specified line: E of its target MSE less noise², unweighted.

    noise²·[1/n + (mean² + std² + 1/n)/(n − 3)], since the slope's variance given x is
    noise²/Sxx, Sxx is χ² with n − 1 degrees, and the mean of x is independent of it.
    """
    square = shift.mean**2 + shift.std**2 + 1 / examples
    return noise**2 * (1 / examples + square / (examples - 3))
