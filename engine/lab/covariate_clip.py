"""Clipping the weights: how much bias buys how much variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from engine.lab.covariate import Look, Plan, clipped, fit_line
from engine.theory.importance import Shift, source_nodes
from engine.theory.importance_fit import best_line, fit_law, gram

CLIPS = tuple(0.25 * 2 ** (k / 2) for k in range(15))
"""From where nearly all weights are equal to where none is clipped."""


@dataclass(frozen=True)
class Clipped:
    """At weights of at most `clip`: the mean excess of the target MSE over the best line's."""

    clip: float
    bias: float
    variance: float

    @property
    def excess(self) -> float:
        """bias² + variance."""
        return self.bias + self.variance


def clip_at(plan: Plan, seen: Look, clip: float) -> Clipped:
    """The excess of all runs in two parts: of their mean line, and around it."""
    logs = seen.log_true if plan.weights == "true" else seen.log_estimated
    fitted = torch.stack(fit_line(seen.source, seen.labels, clipped(logs, clip)), dim=1)
    target = plan.task(seen.shift).target()
    metric = gram(target)
    best = best_line(plan.coefficients, seen.shift.mean, seen.shift.std**2)
    mean = fitted.mean(0)
    off, around = mean - mean.new_tensor(best), fitted - mean
    return Clipped(
        clip,
        float(off @ metric @ off),
        float(((around @ metric) * around).sum(1).mean()),
    )


def predicted_excess(plan: Plan, shift: Shift, clip: float) -> float:
    """What theory says of it with true weights, to order 1/n."""
    once, twice = source_nodes(shift, 1, clip), source_nodes(shift, 2, clip)
    if once is None or twice is None:
        return math.nan
    task = plan.task(shift)
    best = task.risk(best_line(plan.coefficients, shift.mean, shift.std**2))
    return fit_law(task, once, twice, plan.n).mean - best
