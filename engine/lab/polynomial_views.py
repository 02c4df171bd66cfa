"""The selection experiment as curves and tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from engine.events import SeriesExtended, TableChanged
from engine.lab.polynomial_descent import STABLE
from engine.lab.polynomial_study import Learned, Study
from engine.lab.polynomials import COEFFICIENTS, TRUE_DEGREE, truth
from engine.theory.descent import progress
from engine.theory.polynomial_errors import in_sample_error, train_error

GRID = 161  # points of a drawn curve
DIVERGED = "diverged"


def curve(series: str, x: Sequence[float], y: Sequence[float]) -> SeriesExtended:
    """A curve, whole, that takes the place of the one before."""
    return SeriesExtended(series=series, x=tuple(x), y=tuple(y), afresh=True)


def median(values: Tensor) -> Tensor:
    """The median over data sets; those that are lost count as infinitely bad.

    NaN where no data set has a value.
    """
    sets = values.shape[0]
    ordered = torch.where(values.isnan(), math.inf, values).sort(0).values
    middle = (ordered[(sets - 1) // 2] + ordered[sets // 2]) / 2
    return torch.where(values.isnan().all(0), math.nan, middle)


def mean(values: Tensor) -> Tensor:
    """The mean over those data sets that are not lost; infinite where all are."""
    kept = values.isfinite()
    total = values.masked_fill(~kept, 0.0).sum(0)
    return torch.where(kept.any(0), total / kept.sum(0), math.inf)


def told(value: float) -> str | float:
    """A figure of a table: nothing where it is not known, a word where SGD diverged."""
    return "" if math.isnan(value) else DIVERGED if math.isinf(value) else value


def _finite(values: Sequence[float]) -> list[float]:
    return [value if math.isfinite(value) else math.nan for value in values]


def points(study: Study) -> Iterator[SeriesExtended]:
    """The first data set, and what it came from."""
    draws = study.draws
    yield _scatter("fit/points test", draws.x_test[0], draws.y_test[0])
    yield _scatter("fit/points train", draws.x[0], draws.y[0])
    grid = _grid(study)
    yield curve("fit/theory truth", grid.tolist(), truth(grid).tolist())


def _scatter(name: str, x: Tensor, y: Tensor) -> SeriesExtended:
    order = x.argsort()
    return curve(name, x[order].tolist(), y[order].tolist())


def _grid(study: Study) -> Tensor:
    x = torch.cat((study.draws.x[0], study.draws.x_test[0]))
    return torch.linspace(float(x.min()), float(x.max()), GRID, dtype=x.dtype)


def fit(study: Study, degree: int) -> SeriesExtended:
    """The polynomial of a degree on the first data set; far from the points it is cut off."""
    grid = _grid(study)
    y = torch.cat((study.draws.y[0], study.draws.y_test[0]))
    low, high = float(y.min()), float(y.max())
    margin = (high - low) / 10
    values = study.fit(grid, degree)
    drawn = values.clamp(low - margin, high + margin)
    near = (drawn == values).nonzero().flatten().tolist()
    part = slice(max(0, near[0] - 1), near[-1] + 2) if near else slice(0)
    return curve("fit/fit", grid[part].tolist(), drawn[part].tolist())


def by_degree(study: Study, upto: int = COEFFICIENTS - 1) -> Iterator[SeriesExtended]:
    """The U: errors over the degree, as far as they are known.

    Beside SGD's those of least squares end where they leave the height of SGD's own: a million
    times as large, they would press it flat.
    """
    expected, found = study.expected, study.errors
    train, test = mean(found.train), median(found.test)
    top = _largest(torch.cat((train, test))) if study.plan.sgd else math.inf
    yield _degrees("u/theory train", expected.train.mean(0), upto)
    yield _degrees("u/theory test", _below(median(expected.test), top), upto)
    yield _degrees("u/train", train, upto)
    yield _degrees("u/test", test, upto)
    if study.plan.sgd:
        exact = _below(median(study.exact.test), top)
        yield _degrees("u/test of least squares", exact, upto)
    if study.validated:
        yield _degrees("u/cross-validation", median(study.scores), upto)


def _largest(values: Tensor) -> float:
    finite = values[values.isfinite()]
    return float(finite.max()) if len(finite) else math.inf


def _below(values: Tensor, top: float) -> Tensor:
    """Up to the first that is above the top: it lies there, and nothing follows."""
    above = (values > top).long()
    return values.clamp(max=top).masked_fill(above.cumsum(0) > above, math.nan)


def _degrees(name: str, values: Tensor, upto: int) -> SeriesExtended:
    # A train error of 0, or of rounding, has no place on a logarithmic axis.
    told = [value if 1e-20 < value < math.inf else math.nan for value in values.tolist()]
    last = max((i for i, value in enumerate(told) if not math.isnan(value)), default=-1)
    shown = range(min(upto, last) + 1)
    return curve(name, [float(i) for i in shown], [told[i] for i in shown])


def optimism(study: Study, upto: int = COEFFICIENTS - 1) -> Iterator[SeriesExtended]:
    """From the true degree on, the same points with their labels and with fresh ones, over σ²."""
    n, square = study.plan.n, study.plan.noise**2
    degrees = range(TRUE_DEGREE, COEFFICIENTS)
    x = [float(degree) for degree in degrees]
    yield curve("optimism/theory 1 - p/n", x, [train_error(1.0, n, d + 1) for d in degrees])
    yield curve("optimism/theory 1 + p/n", x, [in_sample_error(1.0, n, d + 1) for d in degrees])
    there = slice(TRUE_DEGREE, upto + 1)
    for name, values in (("train", study.errors.train), ("fresh labels", study.errors.in_sample)):
        told = (mean(values)[there] / square).tolist()
        yield curve(f"optimism/{name}", x[: len(told)], told)


def directions(study: Study) -> Iterator[SeriesExtended | TableChanged]:
    """How far descent comes along the Hessian's eigenvectors, medians over data sets."""
    plan, shown = study.plan, study.shown
    updates = study.descent.updates if plan.sgd else plan.updates
    eigenvalues = median(shown.eigenvalues)
    stable = plan.lr * eigenvalues <= STABLE
    way = progress(plan.lr * eigenvalues, updates)
    theory = torch.where(stable, way, math.inf).tolist()
    numbers = [float(i + 1) for i in range(len(theory))]
    yield curve("directions/theory 1 - (1 - ηλ)^k", numbers, _finite(theory))
    come: list[float] = []
    if plan.sgd:
        gone = study.diverged[:, plan.degree, None]
        come = median(shown.come(study.weights()).masked_fill(gone, math.inf)).tolist()
        yield curve("directions/points sgd", numbers, _finite(come))
    yield TableChanged(
        table="share of the way along eigenvectors",
        columns=("direction", "λ", "ηkλ", "theory", "sgd")[: 5 if come else 4],
        rows=tuple(
            (
                i + 1,
                value,
                plan.lr * updates * value,
                told(theory[i]),
                *map(told, come[i : i + 1]),
            )
            for i, value in enumerate(eigenvalues.tolist())
        ),
    )


def descent_theory(study: Study) -> Iterator[SeriesExtended]:
    """The first data set's losses under full-batch descent with as many steps as SGD's."""
    total, per_epoch = study.plan.epochs, study.plan.updates // study.plan.epochs
    epochs = range(0, total + 1, -(-total // GRID))
    paths = torch.stack([study.shown.path(epoch * per_epoch)[0] for epoch in epochs], 1)
    x = [float(epoch) for epoch in epochs]
    for name, losses in zip(("train", "test"), study.losses(paths), strict=True):
        yield curve(f"loss/theory {name}", x, losses)


def rung(study: Study, learned: Learned) -> Iterator[tuple[str, float]]:
    """Points of the learning curves at one n, over σ²."""
    square, p = study.plan.noise**2, study.plan.degree + 1
    if p < learned.n or study.plan.sgd:  # otherwise it is 0: no place on a logarithmic axis
        yield "learning/train", float(mean(learned.errors.train)) / square
    yield "learning/fresh labels", float(mean(learned.errors.in_sample)) / square
    yield "learning/test", float(median(learned.errors.test)) / square


def learning_theory(study: Study) -> Iterator[SeriesExtended]:
    """σ²(1 ∓ p/n) over σ², for as many points as give them sense."""
    p, ladder = study.plan.degree + 1, study.plan.ladder
    if study.plan.degree < TRUE_DEGREE:
        return
    above = [n for n in ladder if n > p]
    x = [float(n) for n in above]
    yield curve("learning/theory 1 - p/n", x, [train_error(1.0, n, p) for n in above])
    yield curve("learning/theory 1 + p/n", x, [in_sample_error(1.0, n, p) for n in above])
