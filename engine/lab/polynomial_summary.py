"""What came out of a run of the selection experiment, in sentences."""

from __future__ import annotations

import math

from engine.lab.polynomial_study import Study
from engine.lab.polynomial_views import OVERFIT, count_overfitted, median
from engine.lab.polynomials import COEFFICIENTS, TRUE_DEGREE
from engine.theory.polynomial_errors import train_error

_LAST = COEFFICIENTS - 1


def summary(study: Study) -> str:
    """Test errors, what cross-validation chose, and how many data sets overfitted."""
    return "; ".join(part for part in (_errors(study), _selected(study), _overfits(study)) if part)


def _errors(study: Study) -> str:
    plan, found = study.plan, study.errors
    test = median(found.test).tolist()
    name = "SGD" if plan.sgd else "exact least squares"
    told = f"{name}: median test error {test[TRUE_DEGREE]:.3g} at degree {TRUE_DEGREE}"
    told += f" and {test[_LAST]:.3g} at {_LAST}"
    if plan.sgd:
        return f"{told} (least squares {float(median(study.exact.test)[_LAST]):.3g})"
    train = float(found.train[:, _LAST].mean())
    expected = train_error(plan.noise, plan.n, COEFFICIENTS)
    return f"{told}, where the train error is {train:.3g} (theory {expected:.3g})"


def _selected(study: Study) -> str:
    if not study.validated:
        return ""
    chosen, sets = study.chosen(), study.plan.seeds
    right, fewer = int((chosen == TRUE_DEGREE).sum()), int((chosen < TRUE_DEGREE).sum())
    return (
        f"{study.plan.folds}-fold cross-validation chooses degree {int(chosen[0])} for the points "
        f"drawn, and {TRUE_DEGREE} for {right} of {sets} data sets, less for {fewer}"
    )


def _overfits(study: Study) -> str:
    found, sets = study.errors, study.plan.seeds
    count = count_overfitted(found.train, found.test, _LAST)
    told = f"with {COEFFICIENTS} coefficients test/train > {OVERFIT:g} in {count} of {sets}"
    if not study.plan.sgd:
        return told
    exact = count_overfitted(study.exact.train, study.exact.test, _LAST)
    fitted = float(study.directions[_LAST].parameters(study.descent.updates).mean())
    if not math.isfinite(fitted):
        return f"{told} (least squares {exact})"
    return (
        f"{told} (least squares {exact}), because only {fitted:.1f} of the {COEFFICIENTS} "
        "directions have been fitted"
    )
