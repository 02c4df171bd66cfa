"""Covariate shift as it is drawn: examples and lines, weights, bars, curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from engine.events import Bars, BarsChanged, Event, SeriesExtended
from engine.lab.covariate import Look, Plan, effective, relative
from engine.lab.covariate_laws import limits
from engine.theory.importance import Shift
from engine.theory.importance_detector import best_accuracy
from engine.theory.importance_fit import polynomial

DRAWN, CURVE, BINS = 80, 41, 12
"""Examples of one run that are drawn, points of the curve f, bars of a histogram."""
_DIGITS = 4


def curve(series: str, x: Tensor, y: Tensor) -> SeriesExtended:
    """A curve that takes the place of the one before; x in order."""
    xs, ys = (tuple(round(v, _DIGITS) for v in values.tolist()) for values in (x, y))
    return SeriesExtended(series=series, x=xs, y=ys, afresh=True)


def scatter(series: str, x: Tensor, y: Tensor) -> SeriesExtended:
    """The same for points in any order."""
    order = x.argsort()
    return curve(series, x[order], y[order])


def extent(shift: Shift) -> tuple[float, float]:
    """Where nearly all inputs lie, before the shift and after it."""
    return min(-3.0, shift.mean - 3 * shift.std), max(3.0, shift.mean + 3 * shift.std)


def fits(plan: Plan, seen: Look, span: tuple[float, float]) -> Iterator[Event]:
    """The first run's examples, f, and its lines."""
    yield scatter("fit/points source", seen.source[0, :DRAWN], seen.labels[0, :DRAWN])
    yield scatter("fit/points target", seen.oracle[0, :DRAWN], seen.oracle_labels[0, :DRAWN])
    grid = torch.linspace(*span, CURVE, dtype=torch.float64)
    yield curve("fit/theory f(x)", grid, polynomial(plan.coefficients, grid))
    ends = grid[[0, -1]]
    for name, (a, b) in seen.lines.items():
        yield curve(f"fit/{name}", ends, a[0] + b[0] * ends)


def weights(seen: Look) -> Iterator[Event]:
    """The first run's estimated weights over the true ones, decades."""
    true, estimated = (v[0, :DRAWN] / math.log(10) for v in (seen.log_true, seen.log_estimated))
    yield scatter("weights/points β̂", true, estimated)
    ends = torch.stack([true.min(), true.max()])
    yield curve("weights/theory β̂ = β", ends, ends)


def inputs(seen: Look, span: tuple[float, float]) -> BarsChanged:
    """All runs' inputs: source, target, and the source as the weights make it."""
    low, high = span
    width = (high - low) / BINS
    return BarsChanged(
        bars="where the inputs lie",
        labels=tuple(f"{low + width * (k + 0.5):.1f}" for k in range(BINS)),
        groups=(
            Bars("source", _shares(seen.source, torch.zeros_like(seen.source), span)),
            Bars("target", _shares(seen.target, torch.zeros_like(seen.target), span)),
            Bars("source, weighted", _shares(seen.source, seen.log_used, span)),
        ),
        y="share",
    )


def _shares(x: Tensor, log_weight: Tensor, span: tuple[float, float]) -> tuple[float, ...]:
    """What of the weight lies in each bin; the outer bins hold what lies beyond them."""
    low, high = span
    place = ((x - low) / (high - low) * BINS).long().clamp(0, BINS - 1)
    held = torch.bincount(place.flatten(), relative(log_weight).flatten(), minlength=BINS)
    return tuple(round(share, _DIGITS) for share in (held / len(x)).tolist())


def drawn(plan: Plan, seen: Look, goal: Shift) -> Iterator[Event]:
    """What is drawn anew at each stop, on axes wide enough for the set shift."""
    span = extent(goal)
    yield from fits(plan, seen, span)
    yield from weights(seen)
    yield inputs(seen, span)


def theory_curves(plan: Plan, path: Mapping[float, Shift]) -> Iterator[Event]:
    """What theory says all along the way, for n → ∞."""
    found = [limits(plan, shift) for shift in path.values()]
    x = torch.tensor(list(path), dtype=torch.float64)
    names = {"unweighted": "unweighted", "oracle": "best line"}
    if plan.power and math.isfinite(plan.clip):  # else the weighted one's is the best
        names["weighted"] = "weighted"
    for name, spelled in names.items():
        y = torch.tensor([limit.get(name, math.nan) for limit in found], dtype=torch.float64)
        yield curve(f"mse/theory {spelled}, n → ∞", x, y)
    best = torch.tensor([best_accuracy(shift) for shift in path.values()], dtype=torch.float64)
    yield curve("notice/theory best detector", x, best)
    share = [shift.effective_share for shift in path.values()]
    yield curve("notice/theory ESS/n", x, torch.tensor(share, dtype=torch.float64))


def progress(plan: Plan, seen: Look) -> Iterator[tuple[str, float]]:
    """New points of the curves over the way: means over the runs."""
    for name, mse in seen.mse.items():
        if name != "weighted" or plan.power:
            yield f"mse/{name}", float(mse.mean())
    yield "notice/detector", float(seen.accuracy.mean())
    yield "notice/ESS/n of true β", float(effective(seen.log_true).mean()) / plan.n
