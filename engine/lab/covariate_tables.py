"""Covariate shift in figures: the lines, the weights, and what came out in a sentence."""

from __future__ import annotations

import math

import torch

from engine.events import TableChanged
from engine.lab.covariate import Look, Plan, correlation, effective
from engine.lab.covariate_exact import excess
from engine.lab.covariate_laws import fit_laws, limits
from engine.theory.importance_detector import best_accuracy
from engine.theory.importance_fit import best_line, gram

NONE = "–"
SURE = 3.0  # standard errors


def lines(plan: Plan, seen: Look) -> TableChanged:
    """The three lines' MSE and what it is above the best line's; how often they do better.

    Means over the runs, the excess also with its spread and its theory.
    """
    laws, limit, shift = fit_laws(plan, seen.shift), limits(plan, seen.shift), seen.shift
    best = plan.task(shift).risk(best_line(plan.coefficients, shift.mean, shift.std**2))
    rows = []
    for name, mse in seen.mse.items():
        if name == "weighted" and not plan.power:
            continue
        rows.append(
            (
                name,
                float(mse.mean()),
                float(mse.mean()) - best,
                float(mse.std()),
                laws[name].mean - best if name in laws else NONE,
                round(limit[name] - best, 9) if name in limit else NONE,
                "" if name == "unweighted" else f"{_wins(seen, name):.0%}",
            )
        )
    columns = ("line", "MSE", "excess", "its std", "theory", "n → ∞", "better in")
    return TableChanged(table="lines on the target", columns=columns, rows=tuple(rows))


def _wins(seen: Look, name: str) -> float:
    return float((seen.mse[name] < seen.mse["unweighted"]).double().mean())


def weights(plan: Plan, seen: Look) -> TableChanged:
    """Their scale, how many examples they leave, and how true they are.

    `largest` is that of the median run.
    """
    rows = []
    for name, logs in (
        ("true β", seen.log_true),
        ("β̂ = exp(h)·n/m", seen.log_estimated),
        ("exp(h), without n/m", seen.log_estimated - math.log(plan.n / plan.m)),
        ("in the fit", seen.log_used),
    ):
        rows.append(
            (
                name,
                float(logs.exp().mean()),
                float(logs.amax(1).median().exp()),
                float(effective(logs).mean()) / plan.n,
                float(correlation(logs, seen.log_true).mean()),
            )
        )
    columns = ("weights", "mean", "largest", "ESS/n", "corr of ln")
    return TableChanged(table="weights", columns=columns, rows=tuple(rows))


def summary(plan: Plan, seen: Look) -> str:
    """What came of weighting, and whether the shift is noticed."""
    found = (
        f"the detector is right {float(seen.accuracy.mean()):.1%} of the time "
        f"(at best {best_accuracy(seen.shift):.1%})"
    )
    plain = float(seen.mse["unweighted"].mean())
    if not plan.power:
        oracle = float(seen.mse["oracle"].mean())
        return f"target MSE {plain:.4g} without weights (oracle {oracle:.4g}); {found}"
    weighted, oracle = (float(seen.mse[name].mean()) for name in ("weighted", "oracle"))
    share = float(effective(seen.log_used).mean()) / plan.n
    return (
        f"weights {verdict(plan, seen)}: target MSE {plain:.4g} → {weighted:.4g} "
        f"(oracle {oracle:.4g}), with {share:.0%} of the examples left; {found}"
    )


def verdict(plan: Plan, seen: Look) -> str:
    """Whether weights help: by a mean difference beyond three standard errors.

    Where a line is right, noise need not be averaged over: given x its excess is known.
    """
    if len(plan.coefficients) <= 2 and plan.noise:
        times = cost(plan, seen)
        return f"cost {times:.2f} times the variance" if times > 1 + 1e-9 else "change nothing"
    gain = seen.mse["unweighted"] - seen.mse["weighted"]
    sigma = float(gain.std()) / math.sqrt(plan.runs)
    if not abs(float(gain.mean())) > SURE * sigma:
        return "make no difference that can be told from chance"
    return "help" if float(gain.mean()) > 0 else "hurt"


def cost(plan: Plan, seen: Look) -> float:
    """The factor by which weights multiply the expected excess of a line that is right, given x."""
    target = gram(plan.task(seen.shift).target())
    equal = torch.zeros_like(seen.log_used)
    given = (excess(seen.source, logs, target).mean for logs in (seen.log_used, equal))
    weighted, plain = (float(each.mean()) for each in given)
    return weighted / plain
