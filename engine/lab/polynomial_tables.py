"""The selection experiment's errors in figures."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from engine.events import TableChanged
from engine.lab.polynomial_study import Study
from engine.lab.polynomial_views import mean, median, told
from engine.lab.polynomials import COEFFICIENTS, TRUE_DEGREE
from engine.theory.polynomial_errors import in_sample_error, train_error

OVERFIT = 2.0
"""Test over train error from which a fit counts as overfitted."""


def degrees_table(study: Study, shown: int, upto: int = COEFFICIENTS - 1) -> TableChanged:
    """A row for every degree: the mean train error, medians of the test error and of
    cross-validation's, for how many data sets this one chose the degree, and theory's means.

    The mean is over data sets on which SGD has not diverged; for medians those are infinitely
    bad. What is chosen for the first data set, and what is drawn, is marked.
    """
    expected, found = study.expected, study.errors
    picks = study.chosen()
    first, then = (
        torch.stack(columns, 1).tolist()
        for columns in (
            (mean(found.train), median(found.test), median(study.scores)),
            (expected.train.mean(0), expected.in_sample.mean(0)),
        )
    )
    return TableChanged(
        table="degrees",
        columns=(
            "degree",
            "mean train",
            "median test",
            f"{study.plan.folds}-fold",
            "chosen",
            "",
            "theory: train",
            "in-sample",
        ),
        rows=tuple(
            (
                degree,
                *map(told, first[degree]),
                int((picks == degree).sum()) if study.validated else "",
                _mark(degree == shown, degree == int(picks[0])),
                *then[degree],
            )
            for degree in range(upto + 1)
        ),
    )


def _mark(shown: bool, chosen: bool) -> str:
    return " · ".join(word for word, said in (("chosen", chosen), ("drawn", shown)) if said)


def overfitted(study: Study) -> TableChanged:
    """How many data sets overfit, how many parameters were really fitted, and median errors.

    Those on which SGD has diverged are left out of the first two.
    """
    solvers = [("least squares", study.exact)]
    if study.plan.sgd:
        solvers.append(("sgd", study.errors))
    rows: list[tuple[str | float, ...]] = []
    for name, found in solvers:
        for degree in study.directions:
            count = count_overfitted(found.train, found.test, degree)
            rows.append(
                (
                    name,
                    degree + 1,
                    told(fitted(study, degree)) if name == "sgd" else degree + 1,
                    f"{count} of {int(found.train[:, degree].isfinite().sum())}",
                    told(float(median(found.train)[degree])),
                    told(float(median(found.test)[degree])),
                )
            )
    return TableChanged(
        table="overfitted",
        columns=(
            *("solver", "coefficients", "fitted", f"test > {OVERFIT:g} train"),
            *("median train", "median test"),
        ),
        rows=tuple(rows),
    )


def fitted(study: Study, degree: int) -> float:
    """Parameters that SGD has fitted, on average where it has not diverged; else infinite."""
    parameters = study.directions[degree].parameters(study.descent.updates)
    return float(mean(parameters.masked_fill(study.diverged[:, degree], math.inf)))


def count_overfitted(train: Tensor, test: Tensor, degree: int) -> int:
    """The data sets whose test error is more than twice their train error; lost ones are not."""
    ratio = test[:, degree] / train[:, degree]
    return int(((ratio > OVERFIT) & test[:, degree].isfinite()).sum())


def learning_table(study: Study) -> TableChanged:
    """The learning curves in figures."""
    plan, p = study.plan, study.plan.degree + 1
    known = plan.degree >= TRUE_DEGREE
    return TableChanged(
        table=f"learning, degree {plan.degree}",
        columns=("n", "train", "σ²(1 − p/n)", "fresh labels", "σ²(1 + p/n)", "test (median)"),
        rows=tuple(
            (
                each.n,
                told(float(mean(each.errors.train))),
                train_error(plan.noise, each.n, p) if known else math.nan,
                told(float(mean(each.errors.in_sample))),
                in_sample_error(plan.noise, each.n, p) if known else math.nan,
                told(float(median(each.errors.test))),
            )
            for each in study.learned
        ),
    )
