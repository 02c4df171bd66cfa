"""What came out of a run of the selection experiment, in sentences."""

from __future__ import annotations

import math

from engine.lab.polynomial_descent import STABLE
from engine.lab.polynomial_study import Study
from engine.lab.polynomial_tables import OVERFIT, count_overfitted, fitted
from engine.lab.polynomial_views import median
from engine.lab.polynomials import COEFFICIENTS, TRUE_DEGREE
from engine.theory.polynomial_errors import train_error

_LAST = COEFFICIENTS - 1


def summary(study: Study) -> str:
    """Test errors, what cross-validation chose, and how many data sets overfitted.

    Of SGD that diverged it is said first, and nothing is built on those figures.
    """
    parts = (_diverged(study), _errors(study), _selected(study), _overfits(study))
    return "; ".join(part for part in parts if part)


def _diverged(study: Study) -> str:
    gone = study.diverged
    if not bool(gone.any()):
        return ""
    least = int(gone.any(0).nonzero()[0])
    where = f"at degree {least}" if least == _LAST else f"from degree {least} on"
    largest = float(study.descent.step_size.max())
    why = f"ηλ₁, rate × largest curvature, is up to {largest:.3g} and must stay below {STABLE:g}"
    if not study.descent.full and largest <= STABLE:
        why += " on every minibatch too"
    return (
        f"SGD diverged {where} (at {_LAST}: {int(gone[:, _LAST].sum())} of {study.plan.seeds} "
        f"data sets): {why}"
    )


def _errors(study: Study) -> str:
    plan, found = study.plan, study.errors
    test = median(found.test).tolist()
    name = "SGD" if plan.sgd else "exact least squares"
    if math.isinf(test[TRUE_DEGREE]) and math.isinf(test[_LAST]):
        return ""
    told = f"{name}: median test error {_value(test[TRUE_DEGREE])} at degree {TRUE_DEGREE}"
    told += f" and {_value(test[_LAST])} at {_LAST}"
    if plan.sgd:
        return f"{told} (least squares {float(median(study.exact.test)[_LAST]):.3g})"
    train = float(found.train[:, _LAST].mean())
    expected = train_error(plan.noise, plan.n, COEFFICIENTS)
    return f"{told}, where the train error is {train:.3g} (theory {expected:.3g})"


def _value(error: float) -> str:
    return f"{error:.3g}" if math.isfinite(error) else "without bound"


def _selected(study: Study) -> str:
    if not study.validated:
        return ""
    name, chosen = f"{study.plan.folds}-fold cross-validation", study.chosen()
    made = chosen[chosen >= 0]
    if not len(made):
        return f"{name} chooses nothing: on every data set some fits diverged"
    right, fewer = int((made == TRUE_DEGREE).sum()), int((made < TRUE_DEGREE).sum())
    first = f"degree {int(chosen[0])}" if int(chosen[0]) >= 0 else "nothing"
    whole = len(made) == len(chosen)
    those = "data sets" if whole else "data sets whose fits held"
    return (
        f"{name} chooses {first} for the points drawn, and {TRUE_DEGREE} for {right} of "
        f"{len(made)} {those}, less for {fewer}"
    )


def _overfits(study: Study) -> str:
    found = study.errors
    sets = int((~study.diverged[:, _LAST]).sum())
    if not sets:
        return ""
    others = "the other " if sets < study.plan.seeds else ""
    count = count_overfitted(found.train, found.test, _LAST)
    told = f"with {COEFFICIENTS} coefficients test/train > {OVERFIT:g} in {count} of {others}{sets}"
    if not study.plan.sgd:
        return told
    exact = count_overfitted(study.exact.train, study.exact.test, _LAST)
    return (
        f"{told} (least squares {exact}), because only "
        f"{fitted(study, _LAST):.1f} of the {COEFFICIENTS} "
        "directions have been fitted"
    )
