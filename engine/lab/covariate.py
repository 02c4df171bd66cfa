"""Source and target, many runs at once, and the lines that are fitted to them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from engine.lab.covariate_domain import classify, log_weights, logits
from engine.theory.importance import Shift
from engine.theory.importance_fit import Task, polynomial

Line = tuple[Tensor, Tensor]  # intercepts and slopes, [runs] each


@dataclass(frozen=True)
class Plan:
    """What is done: `degree` of the classifier's features, `clip` of the weights (∞: none)."""

    coefficients: tuple[float, ...]
    noise: float
    n: int
    m: int
    runs: int
    weights: str  # classifier, true, none
    degree: int
    clip: float

    @property
    def power(self) -> int:
        """The power of β in the weights: 0 where there are none."""
        return int(self.weights != "none")

    def task(self, shift: Shift) -> Task:
        """What theory is asked about."""
        return Task(self.coefficients, self.noise, shift)

    def specified(self, shift: Shift) -> bool:
        """Whether the classifier can express ln β."""
        return self.degree > 1 or shift.std == 1


class Draws:
    """Standard normal numbers of every run, the same at every shift; float64 [runs, examples].

    `source` are labelled; `target` feed the classifier; `oracle` are labelled ones of the target,
    which only the oracle sees; `held_*` are fresh ones to test on.
    """

    def __init__(self, plan: Plan, random: Generator) -> None:
        def normal(count: int) -> Tensor:
            return torch.randn(plan.runs, count, generator=random, dtype=torch.float64)

        self.source, self.source_noise = normal(plan.n), normal(plan.n)
        self.target = normal(plan.m)
        self.oracle, self.oracle_noise = normal(plan.n), normal(plan.n)
        self.held_source, self.held_target = normal(plan.n), normal(plan.m)

    def moved(self, shift: Shift) -> Iterator[Tensor]:
        """The target's examples at this shift: the classifier's, the oracle's, the held-out."""
        for drawn in (self.target, self.oracle, self.held_target):
            yield shift.mean + shift.std * drawn


@dataclass(frozen=True)
class Look:
    """All runs at one shift.

    `source` and `labels` [runs, n] are what the lines are fitted to, `target` [runs, m] what the
    classifier sees of the target, `oracle` and `oracle_labels` [runs, n] what the oracle is fitted
    to, and `tests` [runs, m] the held-out target. `coefficients` are the classifier's,
    [runs, degree + 1]. `log_true` and `log_estimated` are ln β and ln β̂ at the source's examples,
    `log_used` the logarithms of the weights of the fit, all [runs, n]. `lines` and `mse` (over the
    whole target, label noise included) are those of the unweighted, weighted and oracle fits.
    `accuracy` is the mean of what the classifier gets right in both held-out domains, [runs].
    """

    shift: Shift
    source: Tensor
    labels: Tensor
    target: Tensor
    oracle: Tensor
    oracle_labels: Tensor
    tests: Tensor
    coefficients: Tensor
    log_true: Tensor
    log_estimated: Tensor
    log_used: Tensor
    lines: Mapping[str, Line]
    mse: Mapping[str, Tensor]
    accuracy: Tensor


def look(plan: Plan, draws: Draws, shift: Shift, start: Tensor | None = None) -> Look:
    """Classify, weight, fit and test at one shift; `start` is where the classifier begins."""
    x, target, oracle, tests = draws.source, *draws.moved(shift)
    phi = classify(x, target, plan.degree, start)
    log_true = shift.log_weight(x)
    log_estimated = log_weights(x, phi, plan.n, plan.m)
    equal = torch.zeros_like(x)
    used = {"classifier": log_estimated, "true": log_true, "none": equal}
    log_used = clipped(used[plan.weights], plan.clip)
    y, oracle_y = labels(plan, x, draws.source_noise), labels(plan, oracle, draws.oracle_noise)
    lines = {
        "unweighted": fit_line(x, y, equal),
        "weighted": fit_line(x, y, log_used),
        "oracle": fit_line(oracle, oracle_y, equal),
    }
    return Look(
        shift=shift,
        source=x,
        labels=y,
        target=target,
        oracle=oracle,
        oracle_labels=oracle_y,
        tests=tests,
        coefficients=phi,
        log_true=log_true,
        log_estimated=log_estimated,
        log_used=log_used,
        lines=lines,
        mse={name: target_mse(plan.task(shift), line) for name, line in lines.items()},
        accuracy=told_apart(phi, draws.held_source, tests, math.log(plan.m / plan.n)),
    )


def labels(plan: Plan, x: Tensor, noise: Tensor) -> Tensor:
    """y = f(x) + noise."""
    return polynomial(plan.coefficients, x) + plan.noise * noise


def clipped(log_weight: Tensor, clip: float) -> Tensor:
    """ln min(β, clip)."""
    return log_weight.clamp(max=math.log(clip)) if math.isfinite(clip) else log_weight


def relative(log_weight: Tensor) -> Tensor:
    """Weights that sum to 1 in each run."""
    return torch.softmax(log_weight, dim=1)


def fit_line(x: Tensor, y: Tensor, log_weight: Tensor) -> Line:
    """Weighted least squares of a + b·x in each run; a common factor of the weights is lost."""
    w = relative(log_weight)
    mean_x, mean_y = (w * x).sum(1, keepdim=True), (w * y).sum(1, keepdim=True)
    away = w * (x - mean_x)
    slope = (away * (y - mean_y)).sum(1) / (away * (x - mean_x)).sum(1)
    return mean_y[:, 0] - slope * mean_x[:, 0], slope


def target_mse(task: Task, line: Line) -> Tensor:
    """Each line's mean of (y − a − b·x)² over the whole target, by exact moments, [runs]."""
    nodes = task.target()
    return nodes.integral(errors(task.coefficients, nodes.x, line).square()) + task.noise**2


def errors(coefficients: tuple[float, ...], x: Tensor, line: Line) -> Tensor:
    """f − a − b·x of each run's line, [runs, examples] for x [runs, examples] or [examples]."""
    return polynomial(coefficients, x) - line[0][:, None] - line[1][:, None] * x


def told_apart(phi: Tensor, source: Tensor, target: Tensor, edge: float) -> Tensor:
    """The mean of both domains' accuracies when h > `edge` is called target, [runs]."""
    right = (logits(source, phi) <= edge).double().mean(1)
    return (right + (logits(target, phi) > edge).double().mean(1)) / 2


def effective(log_weight: Tensor) -> Tensor:
    """ESS = (Σβ)²/Σβ² of each run (Kong 1992), [runs]; a common factor does not matter."""
    return 1 / relative(log_weight).square().sum(1)


def correlation(a: Tensor, b: Tensor) -> Tensor:
    """Of two [runs, examples], run by run; NaN where one is constant."""
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    return (a * b).sum(1) / (a.square().sum(1) * b.square().sum(1)).sqrt()
