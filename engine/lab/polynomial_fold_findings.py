"""What must be so of cross-validation, whoever fitted the parts."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from engine.lab.finding import Finding
from engine.lab.polynomial_descent import Directions
from engine.lab.polynomial_study import Study
from engine.lab.polynomials import TRUE_DEGREE, features
from engine.theory.leave_out import left_out, left_out_law
from engine.theory.polynomial_errors import SIGMAS

TRUSTED = 1e-6
"""The least determinant of I − H_bb from which rounding leaves an error some digits."""
SAME = 1e-9
"""Relative rounding of a path of thousands of steps in float64."""
ENOUGH = 300
"""Degrees of freedom from which χ² is near enough to normal for five sigma."""
_SOURCE = "(I − H_bb)⁻¹e_b, of one fit on all points: Cook and Weisberg 1982; Shao 1993"


def of_folds(study: Study) -> Iterator[Finding]:
    """The errors on what was held out, their mean, and that the least one is chosen."""
    if study.plan.sgd:
        if study.validated:
            yield from _by_descent(study)
            yield from _choice(study, study.scores, tolerance=0.0, source="argmin")
        return
    same = _rounding(study)
    told, trust = left_out(
        _of_parts(study, study.squares.basis.q), _of_parts(study, _residuals(study))
    )
    sure = (trust > TRUSTED) & study.scores.isfinite()
    yield Finding(
        text=f"{study.plan.folds}-fold errors, all degrees: farthest from those of one fit "
        "(relative)",
        measured=float((study.scores / told - 1).abs()[sure].max()),
        predicted=0.0,
        tolerance=same,
        source=_SOURCE,
    )
    told = torch.where(sure, told, study.scores)
    yield from _choice(study, told, tolerance=same, source=f"argmin; {_SOURCE}")
    for degree in sorted({TRUE_DEGREE, max(study.plan.degree, TRUE_DEGREE)}):
        yield from _mean(study, degree, sure[:, degree])


def _by_descent(study: Study) -> Iterator[Finding]:
    """Full batches of all points but those held out go along these points' eigenvectors."""
    plan, folds, x = study.plan, study.folds, study.draws.x
    kept = study.scores[:, plan.degree].isfinite()
    if not study.descent.full or not bool(kept.any()):
        return
    rest = torch.ones(*folds.out.shape[:2], plan.n, dtype=torch.bool).scatter(2, folds.out, False)
    inside = rest.nonzero()[:, 2].reshape(*folds.out.shape[:2], -1)
    inside_x, inside_y, out_x, out_y = (
        values.unsqueeze(1).expand(-1, plan.folds, -1).gather(2, index).flatten(0, 1)
        for index in (inside, folds.out)
        for values in (x, study.draws.y)
    )
    w0 = study.begin.only(plan.degree).repeated(plan.folds).w[..., 0]
    law = Directions(inside_x, inside_y, w0, plan.lr).path(plan.epochs)
    fitted = (features(out_x, plan.degree + 1) @ law.unsqueeze(-1)).squeeze(-1)
    told = (out_y - fitted).square().reshape(plan.seeds, -1).mean(-1)
    yield Finding(
        text=f"full batch, {plan.folds}-fold error, degree {plan.degree}: farthest from the law's "
        "(relative)",
        measured=float((study.scores[:, plan.degree] / told - 1).abs()[kept].max()),
        predicted=0.0,
        tolerance=_cancelled(study, SAME),
        source="w_k − ŵ = (I − ηH)^k (w₀ − ŵ), of the points not held out",
    )


def _cancelled(study: Study, relative: float) -> float:
    """What a relative rounding of labels is of a residual of size σ that is left of them."""
    return relative * float(study.draws.y.square().mean().sqrt()) / study.plan.noise


def _rounding(study: Study) -> float:
    """A hundred times float64's, over the least determinant."""
    return _cancelled(study, 100 * torch.finfo(torch.float64).eps / TRUSTED)


def _of_parts(study: Study, values: Tensor) -> Tensor:
    """Values [sets, n, columns] of the points held out, [sets, K, m, columns]."""
    out = study.folds.out
    index = out.flatten(1).unsqueeze(-1).expand(-1, -1, values.shape[-1])
    return values.gather(1, index).reshape(*out.shape, -1)


def _residuals(study: Study) -> Tensor:
    return study.draws.y.unsqueeze(-1) - study.squares.fitted()


def _choice(study: Study, told: Tensor, *, tolerance: float, source: str) -> Iterator[Finding]:
    chosen = study.chosen()
    made = chosen >= 0
    if not bool(made.any()):
        return
    errors = told[made].nan_to_num(nan=math.inf)
    taken = errors.gather(1, chosen[made].unsqueeze(1)).squeeze(1)
    yield Finding(
        text=f"{study.plan.folds}-fold cross-validation: most by which the chosen degree's error "
        "is above the least (relative)",
        measured=float((taken / errors.amin(1) - 1).max()),
        predicted=0.0,
        tolerance=tolerance,
        source=source,
    )


def _mean(study: Study, degree: int, sure: Tensor) -> Iterator[Finding]:
    """The error over its mean for the points at hand; one far point can be all of it."""
    q = _of_parts(study, study.squares.basis.q[..., : degree + 1])[sure]
    mean, spread = left_out_law(q)
    # which sets are sure is told by x alone, so that noise's law stands
    variance = float(spread.sum()) / max(1, len(q)) ** 2
    if variance * ENOUGH > 2 or not len(q):
        return
    ratio = study.scores[sure, degree] / (study.plan.noise**2 * mean)
    yield Finding(
        text=f"{study.plan.folds}-fold error, degree {degree}: over its mean for the points "
        "at hand",
        measured=float(ratio.mean()),
        predicted=1.0,
        tolerance=SIGMAS * math.sqrt(variance),
        source="σ² tr (I − H_bb)⁻¹ over the points held out; Shao 1993",
    )
