"""What the selection experiment claims, each with the tolerance of its law."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from engine.lab.finding import Finding
from engine.lab.polynomial_fold_findings import ENOUGH, SAME, of_folds
from engine.lab.polynomial_study import Learned, Study
from engine.lab.polynomial_views import median
from engine.lab.polynomials import COEFFICIENTS, TRUE_DEGREE
from engine.theory import polynomial_errors as theory

CLEAR = 100.0
"""(true last coefficient / σ)² from which noise never hides it."""
ROUNDING = 1e-20
FEW, COARSE = 10, 0.2
"""Data sets below which a median says little, and the ηλ₁ above which the first order does."""
_LAW = "residual (I − H)ε, exact; Hastie, Tibshirani and Friedman, ESL §7.4"


def findings(study: Study) -> Iterator[Finding]:
    """Every claim that the run's settings make testable."""
    degrees = sorted({TRUE_DEGREE, max(study.plan.degree, TRUE_DEGREE), COEFFICIENTS - 1})
    for degree in degrees:
        yield from _of_degree(study, degree)
    yield _falling(study)
    yield from _selection(study)
    yield from of_folds(study)
    if study.plan.sgd:
        yield from _descent(study)
    else:
        yield from _learning(study)


def _of_degree(study: Study, degree: int) -> Iterator[Finding]:
    plan, found, p = study.plan, study.exact, degree + 1
    sets, n, noise = plan.seeds, plan.n, plan.noise
    if p == n:
        yield Finding(
            text=f"least squares, {p} coefficients for {n} points: largest train error",
            measured=float(found.train[:, degree].max()),
            predicted=0.0,
            tolerance=ROUNDING,
            source="a polynomial of degree n − 1 goes through n points",
        )
    elif sets * (n - p) >= ENOUGH:
        yield Finding(
            text=f"least squares, degree {degree}: train error, σ²(1 − p/n)",
            measured=float(found.train[:, degree].mean()),
            predicted=theory.train_error(noise, n, p),
            tolerance=theory.train_tolerance(noise, n, p, sets),
            source=_LAW,
        )
    if sets * p >= ENOUGH:
        yield Finding(
            text=f"least squares, degree {degree}: its distance² from the truth, σ²p/n",
            measured=float(study.off_truth()[:, degree].mean()),
            predicted=theory.fit_error(noise, n, p),
            tolerance=theory.fit_tolerance(noise, n, p, sets),
            source=f"the fit's own error Hε; {_LAW}",
        )
    if sets * n < ENOUGH:
        return
    yield Finding(
        text=f"least squares, degree {degree}: error on fresh labels, σ²(1 + p/n)",
        measured=float(found.in_sample[:, degree].mean()),
        predicted=theory.in_sample_error(noise, n, p),
        tolerance=theory.in_sample_tolerance(noise, n, p, sets),
        source=_LAW,
    )
    predicted = theory.optimism(noise, n, p)
    tolerance = theory.optimism_tolerance(noise, n, p, sets)
    if tolerance < predicted:  # otherwise none at all would do as well
        yield Finding(
            text=f"degree {degree}: fresh labels less train (optimism), 2σ²p/n",
            measured=float((found.in_sample - found.train)[:, degree].mean()),
            predicted=predicted,
            tolerance=tolerance,
            source="ESL §7.4; the penalty of C_p, Mallows 1973",
        )
    yield from _outside(study, degree)


def _outside(study: Study, degree: int) -> Iterator[Finding]:
    """Test error over its mean for the points at hand; one far point can be all of it."""
    spread = study.expected.test_spread(degree + 1)
    variance = float(spread.sum()) / study.plan.seeds**2
    if 2 / variance < ENOUGH:
        return
    ratio = (study.exact.test / study.expected.test)[:, degree]
    yield Finding(
        text=f"degree {degree}: test error over its mean for the points at hand",
        measured=float(ratio.mean()),
        predicted=1.0,
        tolerance=theory.SIGMAS * math.sqrt(variance),
        source="σ²(1 + mean ‖ψ(x)‖²), ψ orthonormal on the training points",
    )


def _falling(study: Study) -> Finding:
    train = study.exact.train
    rises = train.diff(dim=1) > 1e-12 * train[:, :1]
    return Finding(
        text="least squares: times that a degree more raised the train error",
        measured=float(rises.sum()),
        predicted=0.0,
        tolerance=0.0,
        source="a polynomial of degree d is one of degree d + 1",
    )


def _selection(study: Study) -> Iterator[Finding]:
    """C_p told σ, whose choice has an exact law."""
    noise, sets, n = study.plan.noise, study.plan.seeds, study.plan.n
    strength = study.squares.c[:, TRUE_DEGREE].square() / noise**2
    if float(strength.min()) < CLEAR:
        return
    p = torch.arange(1, COEFFICIENTS + 1, dtype=torch.float64)
    chosen = (study.exact.train + 2 * noise**2 * p / n).argmin(-1)
    share = theory.cp_keeps_the_truth(COEFFICIENTS - 1 - TRUE_DEGREE)
    if sets * share * (1 - share) < 5:
        return
    yield Finding(
        text=f"share of data sets for which C_p, told σ, chooses degree {TRUE_DEGREE}",
        measured=float((chosen == TRUE_DEGREE).double().mean()),
        predicted=share,
        tolerance=theory.SIGMAS * math.sqrt(share * (1 - share) / sets),
        source="Spitzer 1956; Shibata 1976 for its limit .712",
    )


def _descent(study: Study) -> Iterator[Finding]:
    """SGD's weights beside what descent does along the eigenvectors."""
    shown, weights, updates = study.shown, study.weights(), study.descent.updates
    if study.descent.full:
        law = shown.path(updates)
        # a fit that diverges is on its path as well, for as long as float64 holds it
        kept = (law.isfinite() & weights.isfinite()).all(1)
        if not bool(kept.any()):
            return
        apart = (weights - law).abs().amax(1) / law.abs().amax(1)
        yield Finding(
            text=f"full batch: weights after {updates:,} steps, off the law by at most",
            measured=float(apart[kept].max()),
            predicted=0.0,
            tolerance=SAME,
            source="w_k − ŵ = (I − ηH)^k (w₀ − ŵ)",
        )
        return
    first_order = study.plan.lr * float(median(shown.eigenvalues[:, 0]))
    diverged = bool(study.descent.diverged[:, study.plan.degree].any())
    if study.plan.seeds < FEW or first_order > COARSE or diverged:
        return
    apart = shown.come(weights) - shown.progress(updates)
    off = median(apart).abs()
    worst = int(off.argmax())
    yield Finding(
        text="SGD, share of the way along an eigenvector: farthest from theory (medians)",
        measured=float(off[worst]),
        predicted=0.0,
        tolerance=first_order + theory.SIGMAS * _median_error(apart[:, worst]),
        source="1 − (1 − ηλ)^k, for minibatches to first order in ηλ₁, and five sigma",
    )


def _median_error(values: Tensor) -> float:
    """The standard error of a median of nearly normal values, from their quartiles' distance."""
    low, high = torch.quantile(values, values.new_tensor([0.25, 0.75]))
    return math.sqrt(math.pi / 2 / len(values)) * float(high - low) / 1.34898


def _learning(study: Study) -> Iterator[Finding]:
    plan, p = study.plan, study.plan.degree + 1
    if plan.degree < TRUE_DEGREE:
        return
    for each in _ends(study.learned):
        if plan.seeds * (each.n - p) < ENOUGH:
            continue
        yield Finding(
            text=f"learning curve, n = {each.n}: train error, σ²(1 − p/n)",
            measured=float(each.errors.train.mean()),
            predicted=theory.train_error(plan.noise, each.n, p),
            tolerance=theory.train_tolerance(plan.noise, each.n, p, plan.seeds),
            source=_LAW,
        )
        yield Finding(
            text=f"learning curve, n = {each.n}: error on fresh labels, σ²(1 + p/n)",
            measured=float(each.errors.in_sample.mean()),
            predicted=theory.in_sample_error(plan.noise, each.n, p),
            tolerance=theory.in_sample_tolerance(plan.noise, each.n, p, plan.seeds),
            source=_LAW,
        )


def _ends(learned: list[Learned]) -> list[Learned]:
    return learned[:1] + learned[1:][-1:]
