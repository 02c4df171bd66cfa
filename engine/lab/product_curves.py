"""Theory's lines for the charts of random products."""

from __future__ import annotations

import math
from collections.abc import Iterator

from engine.events import SeriesExtended
from engine.lab.explosion import Plan
from engine.theory.product_laws import largest_entry, singular_offset

LINES = 6  # singular values and exponents drawn
POINTS = 128


def theory(plan: Plan) -> Iterator[SeriesExtended]:
    """Everything that theory draws, before the first factor."""
    yield from _growth(plan)
    yield from _singular(plan)
    exponents = plan.ensemble.exponents(plan.n, plan.sigma)
    for i in drawn(plan.n):
        yield _line(f"spectrum/theory λ{i}", (1, plan.factors), [exponents[i - 1]] * 2)


def drawn(n: int) -> tuple[int, ...]:
    """The indices, from 1, that are drawn: the first ones and the last."""
    return tuple(range(1, n + 1)) if n <= LINES else (*range(1, LINES), n)


def _growth(plan: Plan) -> Iterator[SeriesExtended]:
    at = _places(plan.factors)
    laws = [largest_entry(plan.entries, plan.n, plan.sigma, k) for k in at]
    mean = [law.log10_mean for law in laws]
    yield _line("growth/theory", at, mean)
    for sigmas in (-2, -1, 1, 2):
        edge = [m + sigmas * law.log10_deviation for m, law in zip(mean, laws, strict=True)]
        yield _line(f"growth/band {sigmas:+d}σ", at, edge)


def _singular(plan: Plan) -> Iterator[SeriesExtended]:
    at = _places(plan.factors)
    n, beta = plan.n, plan.ensemble.beta
    exponents = plan.ensemble.exponents(n, 1.0)
    stays = plan.ensemble.variances(n)[0] == 0
    for i in range(2, min(n, LINES) + 1):
        offset = 0.0 if stays else singular_offset(n, i, beta) - singular_offset(n, 1, beta)
        slope = exponents[i - 1] - exponents[0]
        yield _line(f"singular/theory σ{i}", at, [(slope * k + offset) / math.log(10) for k in at])


def _places(factors: int) -> tuple[int, ...]:
    steps = min(factors, POINTS)
    return tuple(sorted({round(1 + i * (factors - 1) / max(1, steps - 1)) for i in range(steps)}))


def _line(series: str, x: tuple[int, ...], y: list[float]) -> SeriesExtended:
    return SeriesExtended(series=series, x=tuple(map(float, x)), y=tuple(y), afresh=True)
