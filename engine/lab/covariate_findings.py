"""What covariate shift claims, each with the tolerance of its law."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from engine.lab import covariate_laws as laws
from engine.lab.covariate import Look, Plan, correlation, effective
from engine.lab.covariate_exact import SIGMAS, excess, skewed
from engine.lab.covariate_power import LEVEL, Alarms
from engine.lab.finding import Finding
from engine.theory.importance import Shift
from engine.theory.importance_detector import best_accuracy, regret
from engine.theory.importance_domain import DomainLaw, lost_correlation
from engine.theory.importance_fit import (
    FitLaw,
    best_line,
    gram,
    residuals,
    unweighted_excess,
)

_RATIO = "d2l.ai 4.7: β = exp(h), times n/m; Bickel, Brückner and Scheffer 2007"
_SANDWICH = "Shimodaira 2000: weighted fits under covariate shift; Gaussian moments, to order 1/n"
_NAMES = ("intercept", "slope", "coefficient of x²")
BLURRED = 0.3  # of what is predicted: a tolerance beyond which nothing would be said
ROUNDING = 1e-9
ALONE = 1.05  # ESS below which a single example has all the weight, up to rounding


def findings(plan: Plan, unmoved: Look, moved: Look, alarms: Alarms) -> Iterator[Finding]:
    """All that the settings make testable: before anything moved, and at the set shift."""
    yield from _nothing(plan, unmoved, alarms)
    law = laws.classifier_law(plan, moved.shift)
    if law is not None:
        yield from _classifier(plan, moved, law)
        yield from _detector(plan, moved, law)
    yield from _effective(plan, moved)
    yield from _fits(plan, moved)
    if len(plan.coefficients) <= 2 and plan.noise > 0 and plan.n > 3:
        yield from _well_specified(plan, moved)


def _nothing(plan: Plan, unmoved: Look, alarms: Alarms) -> Iterator[Finding]:
    yield Finding(
        text="detector's held-out accuracy where nothing has shifted",
        measured=float(unmoved.accuracy.mean()),
        predicted=0.5,
        tolerance=_binomial(plan),
        source="domains are exchangeable: no rule does better than a coin; binomial",
    )
    attained = float(alarms.attained.mean())
    yield Finding(
        text=f"false alarms of the exact test, {alarms.size} examples of each, nothing shifted",
        measured=alarms.false_rate,
        predicted=attained,
        tolerance=SIGMAS * math.sqrt(LEVEL * (1 - LEVEL) / len(alarms.false)),
        source="Fisher's exact test: hypergeometric given its margins",
    )


def _binomial(plan: Plan) -> float:
    """Five sigma of the mean of both accuracies over all runs, at the widest."""
    return SIGMAS * math.sqrt((1 / plan.n + 1 / plan.m) / (16 * plan.runs))


def _classifier(plan: Plan, moved: Look, law: DomainLaw) -> Iterator[Finding]:
    limit, bias = law.coefficients.tolist(), law.bias.tolist()
    # the second order is all there is of the intercept's variance where nothing has moved
    second = (1 / plan.n + 1 / plan.m) ** 2
    spread = (law.covariance.diagonal() + second).sqrt().tolist()
    for k, name in enumerate(_NAMES[: len(limit)]):
        yield Finding(
            text=f"classifier's {name}",
            measured=float(moved.coefficients[:, k].mean()),
            predicted=limit[k] + bias[k],
            tolerance=spread[k] * (SIGMAS / math.sqrt(plan.runs) + 4 / law.doubtful) + abs(bias[k]),
            source="ln of the densities' ratio + ln(m/n), with the bias of order 1/n",
        )
    yield from _trap(plan, moved)
    lost = lost_correlation(moved.shift, law)
    if plan.degree > 1 and lost > 0:
        # one direction is lost: χ² with one degree of freedom, of variance 2 and skewness √8
        wide = skewed(math.sqrt(8 / plan.runs)) * math.sqrt(2 / plan.runs)
        yield Finding(
            text="1 − correlation of ln β, estimated with true",
            measured=1 - float(correlation(moved.log_estimated, moved.log_true).mean()),
            predicted=lost,
            tolerance=lost * (wide + laws.ROOM / law.doubtful),
            source="covariance of maximum likelihood, logistic regression",
        )


def _trap(plan: Plan, moved: Look) -> Iterator[Finding]:
    """Without n/m the weights are off by a factor."""
    without = moved.log_estimated.exp().mean(1) * (plan.m / plan.n)
    second = moved.shift.moment(2)
    wide = SIGMAS * float(without.std()) / math.sqrt(plan.runs)
    tolerance = wide + plan.m / plan.n * 2 * second / min(plan.n, plan.m)
    if tolerance < BLURRED * plan.m / plan.n:
        yield Finding(
            text="mean of exp(h) over the source (β has 1: ×n/m)",
            measured=float(without.mean()),
            predicted=plan.m / plan.n,
            tolerance=tolerance,
            source=_RATIO,
        )


def _detector(plan: Plan, moved: Look, law: DomainLaw) -> Iterator[Finding]:
    best, lost = best_accuracy(moved.shift), regret(moved.shift, law)
    if lost <= (best - 0.5) / 4:
        yield Finding(
            text="detector's held-out accuracy at the set shift",
            measured=float(moved.accuracy.mean()),
            predicted=best - lost,
            tolerance=_binomial(plan) + lost,
            source="Bayes rule ½ + ¼∫|q − p| (Φ(|μ|/2) for std 1), less its estimate's regret",
        )


def _effective(plan: Plan, moved: Look) -> Iterator[Finding]:
    """ESS of all runs' true weights together: the delta method, widened for its skewness."""
    count = moved.log_true.numel()
    spread = effective_spread(moved.shift, count)
    if moved.shift.none or not spread < BLURRED:
        return
    share = moved.shift.effective_share
    beta = moved.log_true.exp()
    yield Finding(
        text=f"ESS/n of the true β, {count:,} examples",
        measured=float(beta.sum() ** 2 / beta.square().sum()) / count,
        predicted=share,
        tolerance=share * spread,
        source="Kong 1992: 1/E β² = std·√(2 − std²)·exp(−μ²/(2 − std²)), e^(−μ²) for std 1",
    )


def effective_spread(shift: Shift, count: int) -> float:
    """The relative tolerance of ESS/n from `count` examples; ∞ where moments are infinite."""
    second, third, fourth, sixth = (shift.moment(k) for k in (2, 3, 4, 6))
    if not math.isfinite(sixth):
        return math.inf
    squares = fourth / second**2 - 1
    variance = 4 * (second - 1) - 4 * (third / second - 1) + squares
    skewness = sixth / fourth**1.5 / math.sqrt(count)
    return skewed(skewness) * math.sqrt(variance / count)


def _fits(plan: Plan, moved: Look) -> Iterator[Finding]:
    for name, law in laws.fit_laws(plan, moved.shift).items():
        uneven = laws.unevenness(plan, moved.shift, name)
        if (name == "weighted" and not plan.power) or not uneven < laws.UNEVEN:
            continue
        yield Finding(
            text=f"target MSE, {name} line",
            measured=float(moved.mse[name].mean()),
            predicted=law.mean,
            tolerance=law.tolerance(plan.runs) + laws.room(law, uneven) + ROUNDING,
            source=_SANDWICH,
        )
        if name != "weighted" or plan.weights == "true":
            yield _slope(plan, moved, name, law, uneven)
    if len(plan.coefficients) > 2:
        yield _held_out(plan, moved)


def _held_out(plan: Plan, moved: Look) -> Finding:
    """The source's best line on examples: that the moments over the target are right."""
    task = plan.task(moved.shift)
    line = best_line(plan.coefficients, 0.0, 1.0)
    squares = residuals(task, line, moved.tests).square()
    count = squares.numel()
    mean, fourth, sixth = (task.error_moment(line, power) for power in (2, 4, 6))
    variance = fourth - mean**2
    third = sixth - 3 * mean * variance - mean**3
    wide = skewed(third / variance**1.5 / math.sqrt(count))
    return Finding(
        text=f"MSE of the source's best line on {count:,} held-out target examples",
        measured=float(squares.mean()) + plan.noise**2,
        predicted=task.risk(line),
        tolerance=wide * math.sqrt(variance / count),
        source="Gaussian moments of the target",
    )


def _slope(plan: Plan, moved: Look, name: str, law: FitLaw, uneven: float) -> Finding:
    return Finding(
        text=f"slope of the {name} line",
        measured=float(moved.lines[name][1].mean()),
        predicted=law.line[1] + law.bias[1],
        tolerance=law.slope_tolerance(plan.runs)
        + abs(law.bias[1]) * min(1.0, laws.ROOM * uneven)
        + ROUNDING,
        source="Stein's lemma: the nearest line has slope E f′; its bias of order 1/n",
    )


def _well_specified(plan: Plan, moved: Look) -> Iterator[Finding]:
    """What weights cost where the line is right: exact at any n, and never a gain."""
    target = gram(plan.task(moved.shift).target())
    plain = excess(moved.source, torch.zeros_like(moved.log_used), target)
    weighted = excess(moved.source, moved.log_used, target)
    exact = unweighted_excess(moved.shift, plan.noise, plan.n)
    between = float(plain.mean.std()) * plan.noise**2 / math.sqrt(plan.runs)
    yield Finding(
        text="excess MSE of the unweighted line (well specified)",
        measured=float(moved.mse["unweighted"].mean()) - plan.noise**2,
        predicted=exact,
        tolerance=plain.tolerance(plan.noise) + SIGMAS * between,
        source="exact: noise²·(1/n + (μ² + std² + 1/n)/(n − 3))",
    )
    if not plan.power or float(effective(moved.log_used).min()) < ALONE:
        return
    yield Finding(
        text="excess MSE of the weighted line (well specified)",
        measured=float(moved.mse["weighted"].mean()) - plan.noise**2,
        predicted=float(weighted.mean.mean()) * plan.noise**2,
        tolerance=weighted.tolerance(plan.noise),
        source="exact given x: noise²·tr A(XᵀWX)⁻¹XᵀW²X(XᵀWX)⁻¹",
    )
    yield Finding(
        text="share of runs where weights cost variance (well specified)",
        measured=float((weighted.mean >= plain.mean * (1 - 1e-9)).double().mean()),
        predicted=1.0,
        tolerance=0.0,
        source="Gauss and Markov: no weights beat equal ones where the model is right",
    )
